/** Every generated block, by the name under which a page has a place for it. */
import type { Topology } from "../../stacks/topology";
import { planSchema } from "../../stacks/plan/schema";
import { reportSchema } from "../../doctor/report";
import { fieldsTable } from "./contract";
import { doctorTable } from "./doctor";
import { exampleFile } from "./examples";
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
import { policiesTable } from "./policies";
import { editionsTable, settingsTable } from "./settings";
import { callsTable, examplesTable, limitsTable, machinesTable, modelTable, sizesTable } from "./sizing";

/** The blocks as they are for the stack `local` with every default, and for a server with everything. */
export const blocksOf = (local: Topology, server: Topology): Readonly<Record<string, () => string>> => ({
  settings: settingsTable,
  editions: editionsTable,
  services: servicesTable,
  ports: () => portsTable(local.settings),
  networks: () => networksTable(local),
  volumes: () => volumesTable(local.settings),
  jobs: () => jobsTable(local.settings),
  sandbox: sandboxTable,
  images: imagesTable,
  "sizing-model": modelTable,
  "sizing-calls": callsTable,
  "sizing-machines": machinesTable,
  "sizing-examples": examplesTable,
  "sizing-limits": limitsTable,
  "sizing-prices": sizesTable,
  plan: () => fieldsTable("Field", planSchema),
  policies: policiesTable,
  doctor: () => doctorTable(server),
  "doctor-report": () => fieldsTable("Field", reportSchema),
  outputs: outputsTable,
  "outputs-example": () => outputsExample(local),
  "example-probes": () => exampleFile("probes.jq"),
  "example-prometheus": () => exampleFile("prometheus.yml"),
  "example-blackbox": () => exampleFile("blackbox.yml"),
  "example-grafana-datasource": () => exampleFile("grafana-datasource.yml"),
  "example-grafana-dashboards": () => exampleFile("grafana-dashboards.yml"),
});
