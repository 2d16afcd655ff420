/** From the answers to a stack's file. Pure. */
import { Document, isMap, type YAMLMap } from "yaml";
import { parseSettings } from "../stacks/settings/parse";
import type { SecretSetting } from "../stacks/settings/secrets";
import { errorsOf, type Topology, topologyOf } from "../stacks/topology";
import { targetSecrets } from "../stacks/topology/backup";
import { hostSecrets } from "../stacks/topology/machine";
import type { Answers } from "./init.questions";
import { backupTarget, stateSettings } from "./init.target";

/** What a file may have at most, with its comment. */
export const mostLines = 20;
const columns = 110;
/** Of all accounts, how many are there at once. */
const activeShare = 0.6;
/** Data disks come in steps, and never smaller than one. */
const diskStepGiB = 10;

type Values = Record<string, unknown>;

/** `[USER@]ADDRESS[:PORT]` of a server that is there already. */
export function serverPlace(text: string): Values {
  const [, user, address, port] = /^(?:([^@]+)@)?([^:@]*)(?::(\d+))?$/.exec(text.trim()) ?? [];
  return {
    address: address ?? text,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

/** `CPUS MEMORY_MIB HOST_KEY`, as the server's console prints it. */
export function serverFacts(text: string): Values {
  const [cpus, memoryMiB, ...key] = text.trim().split(/\s+/);
  return { hostKey: key.slice(0, 2).join(" "), memoryMiB: Number(memoryMiB), cpus: Number(cpus) };
}

function hostOf(answers: Partial<Answers>, size: string | undefined, dataDiskGiB: number): Values {
  const { provider = "local", place = "", server = "", accessKeyId } = answers;
  if (provider === "local") return { provider };
  if (provider === "existing") return { provider, ...serverPlace(place), ...serverFacts(server) };
  return {
    provider,
    region: place,
    size,
    dataDiskGiB,
    ...(provider === "aws" ? { accessKeyId } : {}),
  };
}

export function peopleOf(text: string): Values {
  const accounts = Number(text);
  return { accounts, active: Math.ceil(accounts * activeShare) };
}

/** The settings by top-level key, as the file holds them. */
function valuesWith(answers: Partial<Answers>, size: string | undefined, dataDiskGiB: number): Values {
  const { provider = "local", domain = "localhost", edition = "team", people = "20" } = answers;
  const { email, backup, state } = answers;
  const target = backup === undefined ? undefined : backupTarget(backup);
  const stateGroup = state === undefined ? undefined : stateSettings(state);
  const values: Values = {
    domain,
    edition: edition === "team" ? undefined : edition,
    host: hostOf(answers, size, dataDiskGiB),
    // A new administrator's own address is rarely a fixed one; the file says who is let to the door.
    machine: provider === "local" ? undefined : { sshFrom: "everyone" },
    people: peopleOf(people),
    edge: email === undefined ? undefined : { provider: "none", email },
    chat: email === undefined ? undefined : { administrator: { email } },
    backup: target === undefined ? undefined : { target },
    state: stateGroup,
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Secret settings that these settings need. */
export function secretsFor({ provider = "local", backup, state }: Partial<Answers>): SecretSetting[] {
  const kind = backup === undefined ? undefined : backupTarget(backup)?.["kind"];
  const hasStateKey = state !== undefined && stateSettings(state)?.accessKeyId !== undefined;
  return [
    ...hostSecrets[provider],
    ...(kind === "s3" || kind === "sftp" ? [targetSecrets[kind]] : []),
    ...(hasStateKey ? (["stateSecretKey"] as const) : []),
  ];
}

function topologyWith(stack: string, answers: Partial<Answers>, values: Values): Topology {
  const raw = { source: `Pulumi.${stack}.yaml`, values, encrypted: secretsFor(answers) };
  return topologyOf(stack, parseSettings(raw));
}

/** Size and data disk that fit the people; `size` is `undefined` where none is large enough. */
export function machineFor(
  stack: string,
  answers: Partial<Answers> & { provider: "digitalocean" | "aws" },
): { size: string | undefined; dataDiskGiB: number } {
  const known = { place: "eu-central-1", accessKeyId: "A".repeat(20), ...answers };
  const topology = topologyWith(stack, known, valuesWith(known, answers.size ?? "auto", 16_384));
  const { size, demand } = topology.hosts[0] ?? {};
  const isTooSmall = errorsOf(topology).some(({ key }) => key === "muster:host.size");
  return {
    size: answers.size ?? (isTooSmall ? undefined : size),
    dataDiskGiB: Math.max(1, Math.ceil((demand?.diskGiB ?? 0) / diskStepGiB)) * diskStepGiB,
  };
}

/** The settings that the answers amount to. */
export function valuesOf(stack: string, answers: Answers): Values {
  const { provider } = answers;
  if (provider === "local" || provider === "existing") return valuesWith(answers, undefined, 0);
  const { size, dataDiskGiB } = machineFor(stack, { ...answers, provider });
  return valuesWith(answers, size, dataDiskGiB);
}

/** The topology that the answers amount to, with every secret that it needs. @throws SettingsError */
export const topologyFor = (stack: string, answers: Answers): Topology =>
  topologyWith(stack, answers, valuesOf(stack, answers));

/** The stack's file: at most `mostLines` lines; Pulumi adds the secrets. */
export function fileOf(stack: string, answers: Answers): string {
  const values = valuesOf(stack, answers);
  const config = Object.fromEntries(Object.entries(values).map(([key, value]) => [`muster:${key}`, value]));
  const texts = [columns, 2 * columns, Infinity].map((width) => yamlOf(config, width));
  return texts.find((text) => text.trimEnd().split("\n").length <= mostLines) ?? texts.at(-1) ?? "";
}

/** Maps that fit into the width stand in one line. */
function yamlOf(config: Values, width: number): string {
  const document = new Document({ config });
  (document.contents as unknown as YAMLMap).commentBefore =
    " Made by `npm run init`. Every key: Pulumi.README.yaml.";
  const { items } = document.get("config") as YAMLMap;
  const fold = (map: YAMLMap, key: string, depth: number): void => {
    const line = new Document({ [key]: map.toJSON() as unknown });
    (line.get(key) as YAMLMap).flow = true;
    if (2 * depth + line.toString({ lineWidth: 0 }).trimEnd().length <= width) {
      map.flow = true;
      return;
    }
    for (const pair of map.items) if (isMap(pair.value)) fold(pair.value, String(pair.key), depth + 1);
  };
  for (const { key, value } of items) if (isMap(value)) fold(value, String(key), 1);
  return document.toString({ lineWidth: 0 });
}
