/** A stack on another machine, from a bare server on. The steps are in order: each leaves it running for the next. */
import { bootstrap } from "./hosts/bootstrap";
import { HostStage } from "./hosts/stage";
import { life } from "./hosts/life";
import { refuse } from "./hosts/refuse";
import { safety } from "./hosts/safety";

describe("a stack on a machine over SSH", () => {
  const stage = new HostStage();
  beforeAll(() => stage.prepare());
  afterAll(() => stage.end());

  refuse(stage);
  bootstrap(stage);
  safety(stage);
  life(stage);
});
