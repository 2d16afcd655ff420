/** A stack on another machine, from a bare server on. The steps are in order: each leaves it running for the next. */
import { bootstrap } from "./hosts/bootstrap";
import { life } from "./hosts/life";
import { refuse } from "./hosts/refuse";
import { safety } from "./hosts/safety";
import { HostStage } from "./hosts/stage";

/** What `run.ts` has found missing. */
const missing = process.env["MUSTER_E2E_NO_MACHINES"];
if (missing !== undefined) console.warn(`SKIPPED, machines over SSH. Missing: ${missing}`);

(missing === undefined ? describe : describe.skip)("a stack on a machine over SSH", () => {
  const stage = new HostStage();
  beforeAll(() => stage.prepare());
  afterAll(() => stage.end());

  refuse(stage);
  bootstrap(stage);
  safety(stage);
  life(stage);
});
