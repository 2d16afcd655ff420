/** A stack on another machine, from a bare server on. The steps are in order: each leaves it running for the next. */
import { bootstrap } from "./hosts/bootstrap";
import { doctor } from "./hosts/doctor";
import { life } from "./hosts/life";
import { onMachines } from "./hosts/machines";
import { monitoring } from "./hosts/monitoring";
import { refuse } from "./hosts/refuse";
import { safety } from "./hosts/safety";
import { HostStage } from "./hosts/stage";

onMachines("a stack on a machine over SSH", () => {
  const stage = new HostStage();
  beforeAll(() => stage.prepare());
  afterAll(() => stage.end());

  refuse(stage);
  bootstrap(stage);
  safety(stage);
  monitoring(stage);
  doctor(stage);
  life(stage);
});
