/** Data safety, in order, on one stack with its backups on another machine. */
import { arrivals } from "./data/arrivals";
import { backups } from "./data/backups";
import { breaks } from "./data/breaks";
import { recovery } from "./data/recovery";
import { releasedBackups } from "./data/released";
import { Stage } from "./data/stage";
import { upgrades } from "./data/upgrades";

const stage = new Stage();
const suite = stage.possible ? describe : describe.skip;
if (!stage.possible)
  console.warn("SKIPPED, all of data safety: no network namespace here for the storage (needs root and ip)");

suite("data safety on a real engine", () => {
  beforeAll(() => stage.prepare());
  afterAll(() => stage.end());

  backups(stage);
  breaks(stage);
  upgrades(stage);
  recovery(stage);
  arrivals(stage);
  releasedBackups(stage);
});
