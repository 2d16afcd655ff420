/** A stack on droplets that are real machines, behind a double of DigitalOcean's API. The steps are in order. */
import { end } from "./droplet/end";
import { life } from "./droplet/life";
import { DropletStage } from "./droplet/stage";
import { onMachines } from "./hosts/machines";

onMachines(
  "a stack on a droplet",
  () => {
    const stage = new DropletStage();
    beforeAll(() => stage.prepare());
    afterAll(() => stage.end());

    life(stage);
    end(stage);
  },
  process.env["MUSTER_E2E_NO_DROPLETS"],
);
