/** Every generated block, by the name under which a page has a place for it. */
import type { Topology } from "../../stacks/topology";
import { outputsExample, outputsTable } from "./outputs";
import {
  imagesTable,
  jobsTable,
  networksTable,
  portsTable,
  sandboxTable,
  servicesTable,
  volumesTable,
} from "./services";
import { editionsTable, settingsTable } from "./settings";

/** The blocks as they are for the stack `local` with every default. */
export const blocksOf = (local: Topology): Readonly<Record<string, () => string>> => ({
  settings: settingsTable,
  editions: editionsTable,
  services: servicesTable,
  ports: () => portsTable(local.settings),
  networks: () => networksTable(local),
  volumes: () => volumesTable(local.settings),
  jobs: () => jobsTable(local.settings),
  sandbox: sandboxTable,
  images: imagesTable,
  outputs: outputsTable,
  "outputs-example": () => outputsExample(local),
});
