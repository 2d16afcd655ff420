/** Reads the settings that the engine hands to the program. The only file that touches Pulumi's configuration. */
import * as pulumi from "@pulumi/pulumi";
import * as engineConfig from "@pulumi/pulumi/runtime/config";
import { schemaAt, unwrap } from "./describe";
import type { RawSettings } from "./parse";
import { type SecretSetting, secretSettings, secretValueProblem } from "./secrets";

// The SDK knows which keys are secret, but leaves the question out of its types.
const { isConfigSecret } = engineConfig as unknown as { isConfigSecret: (key: string) => boolean };

/** Raw settings of the stack that runs: the engine gives each value as text, objects as JSON. */
export function readEngineConfig(): RawSettings {
  const prefix = `${pulumi.getProject()}:`;
  const own = Object.entries(pulumi.runtime.allConfig())
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, text]) => ({ key, name: key.slice(prefix.length), text }));
  const encrypted = own.filter(({ key }) => isConfigSecret(key)).map(({ name }) => name);
  const plain = own.filter(({ name }) => !encrypted.includes(name));
  return {
    source: `Pulumi.${pulumi.getStack()}.yaml`,
    values: Object.fromEntries(plain.map(({ name, text }) => [name, decode(name, text)])),
    encrypted,
    malformed: own.flatMap(({ name, text }) =>
      encrypted.includes(name) && isMalformed(name, text) ? [name] : [],
    ),
  };
}

/** A secret setting's value, which only the engine can decrypt. */
export function secretSetting(key: SecretSetting): pulumi.Output<string> {
  return new pulumi.Config().requireSecret(key);
}

const isMalformed = (name: string, value: string): boolean =>
  Object.hasOwn(secretSettings, name) && secretValueProblem(name as SecretSetting, value) !== undefined;

/** Only what the schema calls text stays text: `20` is a number of people, but may be a name. */
function decode(name: string, text: string): unknown {
  const schema = schemaAt([name]);
  const type = schema === undefined ? "unknown" : unwrap(schema).def.type;
  if (type === "string" || type === "enum") return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
