/** The contract of the outputs: its fields, its JSON schema, and an example from a real topology. Pure. */
import { containerName } from "../../components/platform/names";
import { outputsOf, outputsSchema } from "../../stacks/outputs";
import type { Topology } from "../../stacks/topology";
import { fieldsTable, jsonSchemaOf } from "./contract";
import { fenced } from "./markdown";

export const outputsJsonSchema = (): Record<string, unknown> =>
  jsonSchemaOf(outputsSchema, "Outputs of a Muster stack");

export const outputsTable = (): string => fieldsTable("Output", outputsSchema);

/** The outputs that the stack really has: they follow from its topology alone. */
export const outputsExample = (topology: Topology): string =>
  fenced(
    "json",
    JSON.stringify(
      outputsOf(topology, (service) => containerName(topology.stack, service)),
      undefined,
      2,
    ),
  );
