/** Reads a stack's settings from `Pulumi.<stack>.yaml`, without the engine: for the plan and our own verbs. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseDocument } from "yaml";
import { nearestKey, type RawSettings } from "./parse";
import { SettingsError } from "./problems";

const prefix = "muster:";

/** Name of a stack's file. */
export const stackFile = (stack: string): string => `Pulumi.${stack}.yaml`;

/** Stacks that have a file in the project's folder. */
export function knownStacks(projectDir: string): string[] {
  return readdirSync(projectDir)
    .map((file) => /^Pulumi\.([A-Za-z0-9_.-]+)\.yaml$/.exec(file)?.[1])
    .filter((stack): stack is string => stack !== undefined && stack !== "README")
    .sort();
}

/**
 * Raw settings of a stack.
 * @throws SettingsError when the file is missing, is no YAML, or has no `config` map.
 */
export function readStackFile(projectDir: string, stack: string): RawSettings {
  const path = join(projectDir, stackFile(stack));
  if (!existsSync(path)) throw missingStack(projectDir, stack);
  const source = basename(path);
  const content = parseYaml(source, readFileSync(path, "utf8"));
  const config = isMap(content) ? (content["config"] ?? {}) : undefined;
  if (!isMap(config))
    throw new SettingsError(source, [
      {
        key: source,
        problem: "no settings",
        allowed: "a map `config:` with keys under `muster:`",
        fix: "see Pulumi.README.yaml for every key",
      },
    ]);
  const own = Object.entries(config)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), value] as const);
  return {
    source,
    values: Object.fromEntries(own.filter(([, value]) => !isEncrypted(value))),
    encrypted: own.filter(([, value]) => isEncrypted(value)).map(([key]) => key),
  };
}

/** How the secrets in a stack's file are encrypted, and one of them. */
export interface Encrypted {
  /** `encryptionsalt`, where the secrets provider is a passphrase. */
  salt: string | undefined;
  /** The secrets provider, where it is another one. */
  provider: string | undefined;
  /** The encrypted value. */
  value: string | undefined;
}

/** A secret of a stack's file as it stands there; all of it `undefined` where there is no file. */
export function readEncrypted(projectDir: string, stack: string, key: string): Encrypted {
  const path = join(projectDir, stackFile(stack));
  const content = existsSync(path) ? parseYaml(basename(path), readFileSync(path, "utf8")) : {};
  const { encryptionsalt, secretsprovider, config } = isMap(content) ? content : {};
  const entry = isMap(config) ? config[`${prefix}${key}`] : undefined;
  const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  return {
    salt: textOf(encryptionsalt),
    provider: textOf(secretsprovider),
    value: isEncrypted(entry) && isMap(entry) ? textOf(entry["secure"]) : undefined,
  };
}

function parseYaml(source: string, text: string): unknown {
  const document = parseDocument(text);
  try {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS();
  } catch (error) {
    throw new SettingsError(source, [
      {
        key: source,
        problem: `not valid YAML: ${(error as Error).message}`,
        fix: "mend the line that is named above",
      },
    ]);
  }
}

function missingStack(projectDir: string, stack: string): SettingsError {
  const known = knownStacks(projectDir);
  const nearest = nearestKey(stack, known);
  return new SettingsError(stackFile(stack), [
    {
      key: stackFile(stack),
      problem: "no such stack",
      given: JSON.stringify(stack),
      allowed: known.join(", "),
      fix: nearest === undefined ? "name one that has a file, or write the file" : `did you mean ${nearest}?`,
    },
  ]);
}

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isEncrypted = (value: unknown): boolean => isMap(value) && Object.keys(value).join() === "secure";
