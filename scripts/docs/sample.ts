/**
 * `Pulumi.README.yaml`: every key with its meaning, as a stack's file that works. What must be given stands
 * there as it is, everything else as a comment with its default. Pure.
 */
import { stringify } from "yaml";
import { describeSettings, type SettingDoc } from "../../stacks/settings/describe";
import { settingsSchema } from "../../stacks/settings/schema";
import { isDiscriminant, optionalGroup } from "./settings";

/** Values to show for keys without a default, or whose default shows nothing; with the variant where it matters. */
const examples: Readonly<Record<string, unknown>> = {
  domain: "localhost",
  "host.memoryMiB": 4096,
  "host.cpus": 2,
  "host.address (existing)": "203.0.113.10",
  "host.hostKey": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample",
  "host.dataDisk": "/dev/disk/by-id/scsi-0EXAMPLE",
  "host.region (digitalocean)": "fra1",
  "host.size (digitalocean)": "s-2vcpu-4gb",
  "host.region (aws)": "eu-central-1",
  "host.size (aws)": "t3a.medium",
  "host.accessKeyId": "AKIAEXAMPLEEXAMPLE",
  "host.privateAddress": "10.0.0.5",
  "host.peerAddress": "10.0.0.5",
  "host.media.address": "203.0.113.11",
  "host.media.privateAddress": "10.0.0.6",
  "host.media.hostKey": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample",
  "host.media.peerAddress": "10.0.0.6",
  "host.media.memoryMiB": 4096,
  "host.media.cpus": 2,
  "host.media.size (digitalocean)": "c-4",
  "host.media.size (aws)": "c7i.xlarge",
  "machine.sshFrom": ["198.51.100.0/24"],
  "machine.diskEncryption.url": "http://tang.example.org",
  "machine.diskEncryption.thumbprint": "0".repeat(43),
  "machine.vpn.peers": { ann: {} },
  "people.inCalls": 10,
  "people.inMeetings": 10,
  "people.sharing": 1,
  "people.cameras": 10,
  "edge.tls": "internal",
  "edge.email": "ops@example.org",
  "edge.zone": "example.org",
  "edge.authority.directory": "https://ca.example.org/acme/acme/directory",
  "edge.authority.root": "-----BEGIN CERTIFICATE-----\nMIIBexample\n-----END CERTIFICATE-----\n",
  "edge.dns.provider": "hetzner",
  "edge.dns.tokenVariable": "HETZNER_API_TOKEN",
  "edge.dns.variables": { HETZNER_TTL: "600" },
  "edge.countries.mode": "deny",
  "edge.countries.codes": ["KP", "SY"],
  "edge.rules[].name": "old-rule",
  "edge.rules[].action": "block",
  "edge.rules[].expression": 'http.host eq "old.example.org"',
  "chat.plugins[].id": "org.example.plugin",
  "chat.plugins[].version": "1.2.3",
  "chat.plugins[].url": "https://mirror.example.org/plugin-1.2.3.tar.gz",
  "chat.plugins[].sha256": "0".repeat(64),
  "mail.host": "smtp.example.org",
  "mail.username": "muster",
  "mail.from": "chat@example.org",
  "backup.target.path": "/srv/backups",
  "backup.target.host": "backups.example.org",
  "backup.target.user": "muster",
  "backup.target.hostKey": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample",
  "backup.target.endpoint": "https://s3.eu-central-1.amazonaws.com",
  "backup.target.bucket": "example-backups",
  "backup.target.prefix": "prod",
  "backup.target.accessKeyId": "AKIAEXAMPLE",
  "monitoring.alertsTo": "ops@example.org",
  "state.backend": "s3://example-state?region=eu-central-1",
  "state.accessKeyId": "AKIAEXAMPLE",
  "images.mirror": "registry.example.org/mirror",
  "images.overrides": { caddy: "registry.example.org/own/caddy:2.11.4" },
};

const header = `Every setting of Muster. Copy what you need into Pulumi.<stack>.yaml.
Lines with two hashes explain; lines with one hash are settings at their default, or with an example.
Generated from the schema by \`npm run generate\`: don't change it by hand.`;

const secretsHeader = `Secrets are written by the Pulumi CLI alone, encrypted; a plain value is refused.
README.md, "Settings", says how to give the CLI the passphrase.`;

type Block = readonly string[];
const indented = (lines: Block): Block => lines.map((line) => `  ${line}`);
const explained = (text: string): Block => text.split("\n").map((line) => `## ${line}`);
const commented = (lines: Block): Block => lines.map((line) => (line.startsWith("## ") ? line : `# ${line}`));
/** A group as a comment: its own explanations stay within it, so that it can be uncommented as a whole. */
const commentedGroup = (lines: Block): Block => lines.map((line) => `# ${line}`);

function valueOf(doc: SettingDoc): unknown {
  if (isDiscriminant(doc)) return doc.variant;
  const example = examples[`${doc.key} (${doc.variant ?? ""})`] ?? examples[doc.key];
  // An example for one variant's key must not hide another's default.
  if (doc.default !== undefined && doc.default !== "{}") return JSON.parse(doc.default);
  if (example === undefined) throw new Error(`scripts/docs/sample.ts: no example for ${doc.key}`);
  return example;
}

function explanation(doc: SettingDoc): Block {
  if (isDiscriminant(doc)) return explained(doc.meaning);
  const group = optionalGroup(doc);
  const need = !doc.required ? undefined : group === undefined ? "required" : `required with muster:${group}`;
  const fallback = doc.default === undefined ? need : `default ${doc.default}`;
  return explained(
    `${doc.meaning} (${[doc.type, fallback].filter((part) => part !== undefined).join("; ")})`,
  );
}

const segments = ({ key }: SettingDoc): string[] => key.split(".");

const assigned = (name: string, value: unknown): Block =>
  stringify({ [name]: value }, { lineWidth: 0 })
    .trimEnd()
    .split("\n");

/** A list's items, each key explained behind its value. */
const itemLines = (items: readonly SettingDoc[]): Block =>
  items.map((item, index) => {
    const [line = ""] = assigned(segments(item).at(-1) ?? "", valueOf(item));
    return `${index === 0 ? "- " : "  "}${line} ## ${item.meaning}`;
  });

/** Keys below a depth, as YAML; \`style\` decides which of them are comments. */
function level(
  docs: readonly SettingDoc[],
  depth: number,
  style: (doc: SettingDoc, lines: Block) => Block,
): Block {
  const names = [...new Set(docs.map((doc) => (segments(doc)[depth] ?? "").replace("[]", "")))];
  return names.flatMap((name) => {
    const own = docs.find((doc) => segments(doc)[depth] === name && segments(doc).length === depth + 1);
    const inner = docs.filter((doc) => segments(doc)[depth] === name && segments(doc).length > depth + 1);
    const items = docs.filter((doc) => segments(doc)[depth] === `${name}[]`);
    const title = depth === 0 ? `muster:${name}` : name;
    if (own === undefined) return [`${title}:`, ...indented(level(inner, depth + 1, style))];
    const lines =
      items.length === 0 ? assigned(title, valueOf(own)) : [`${title}:`, ...indented(itemLines(items))];
    return [...explanation(own), ...style(own, lines)];
  });
}

const plain = (_: SettingDoc, lines: Block): Block => lines;
const onlyRequired = (doc: SettingDoc, lines: Block): Block =>
  doc.required || isDiscriminant(doc) ? lines : commented(lines);

/** One top-level key with all that is below it; the first variant of a required one is not a comment. */
function topLevel(docs: readonly SettingDoc[]): Block {
  const [first] = docs;
  if (first === undefined) return [];
  const variants = [...new Set(docs.map(({ variant }) => variant))].filter(
    (variant, _, all) => variant !== undefined || all.length === 1,
  );
  const isRequired =
    !settingsSchema.shape[segments(first)[0] as keyof typeof settingsSchema.shape].safeParse(undefined)
      .success;
  const isGroup = segments(first).length > 1;
  const blocks = variants.map((variant, index) => {
    // What counts with every variant stands beside the first.
    const own = docs.filter((doc) => doc.variant === variant || (index === 0 && doc.variant === undefined));
    const lines =
      isRequired && index === 0
        ? level(own, 0, onlyRequired)
        : isGroup
          ? commentedGroup(level(own, 0, plain))
          : level(own, 0, (_, setting) => commented(setting));
    const note = index === 0 ? [] : explained(`Or, with ${own[0]?.variantKey ?? ""} ${variant ?? ""}:`);
    return ["", ...note, ...lines];
  });
  return blocks.flat();
}

const secretLines = (docs: readonly SettingDoc[]): Block => [
  "",
  ...explained(secretsHeader),
  ...docs.flatMap(({ key, meaning }) => [
    ...explained(`${meaning}\n  npm run secret -- <stack> ${key}`),
    ...commented([`muster:${key}:`, "  secure: ..."]),
  ]),
];

export function sampleSettings(): string {
  const docs = describeSettings();
  const open = docs.filter(({ secret }) => !secret);
  const groups = [...new Set(open.map((doc) => segments(doc)[0]))];
  const body = [
    ...groups.flatMap((group) => topLevel(open.filter((doc) => segments(doc)[0] === group))),
    ...secretLines(docs.filter(({ secret }) => secret)),
  ];
  return `${[...explained(header), "config:", ...indented(body.slice(1))].map((line) => line.trimEnd()).join("\n")}\n`;
}
