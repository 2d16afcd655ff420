/**
 * The outputs' contract, and what each release promised of it: its JSON schema and the readers that were shipped with
 * it, under `test/releases/VERSION/outputs` (`npm run release:record`).
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import { projectDir, releasesDir } from "./stacks";

export type JsonSchema = Record<string, unknown>;

const ajv = new Ajv2020({
  allErrors: true,
  formats: {
    uri: (text: string) => URL.canParse(text),
    "date-time": (text: string) => !Number.isNaN(Date.parse(text)),
  },
});

/** What of a document a JSON schema doesn't take. */
export function judge(schema: JsonSchema): (document: unknown) => string[] {
  const validate = ajv.compile(schema);
  return (document) => {
    validate(document);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`);
  };
}

const readJson = (path: string): JsonSchema => JSON.parse(readFileSync(path, "utf8")) as JsonSchema;
const schemaFile = "outputs.schema.json";
const examples = join(projectDir, "docs/examples");

/** The contract as it is published. */
export const publishedSchema = (): JsonSchema => readJson(join(projectDir, "docs", schemaFile));

/** As a reader takes it: keys that it doesn't know are none of its business. */
export const loosened = (schema: JsonSchema): JsonSchema =>
  JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === "additionalProperties" && value === false ? undefined : value,
  ) as JsonSchema;

/** What a release promised. */
export interface Contract {
  release: string;
  schemaVersion: number;
  schema: JsonSchema;
  /** Programs for jq that read the outputs: paths. */
  readers: Readonly<Record<string, string>>;
}

const readersIn = (folder: string): string[] => readdirSync(folder).filter((file) => file.endsWith(".jq"));

/** Every recorded contract. */
export function recordedContracts(dir = releasesDir): Contract[] {
  return readdirSync(dir)
    .sort()
    .map((release) => [release, join(dir, release, "outputs")] as const)
    .filter(([, folder]) => existsSync(folder))
    .map(([release, folder]) => {
      const schema = readJson(join(folder, schemaFile));
      const { schemaVersion } = schema["properties"] as { schemaVersion: { const: number } };
      const readers = Object.fromEntries(readersIn(folder).map((file) => [file, join(folder, file)]));
      return { release, schemaVersion: schemaVersion.const, schema, readers };
    });
}

/** Keeps the contract and its readers as they are now in a release's folder. */
export function recordContract(releaseFolder: string): void {
  const folder = join(releaseFolder, "outputs");
  mkdirSync(folder, { recursive: true });
  cpSync(join(projectDir, "docs", schemaFile), join(folder, schemaFile));
  for (const file of readersIn(examples)) cpSync(join(examples, file), join(folder, file));
}
