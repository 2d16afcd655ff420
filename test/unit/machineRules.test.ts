import { type Expected, type GraphResource, unknown } from "../../policy/graph";
import { machineRules } from "../../policy/machines";
import { remoteRules } from "../../policy/remote";
import { violations } from "../../policy/rules";
import { droplet, expected, instance } from "../helpers/goodMachines";

type Good = Readonly<Record<string, GraphResource>>;
type Change = Partial<GraphResource>;

/** Names of the rules that a graph breaks with one resource changed; without a change it has none. */
function broken(good: Good, name: string, change: Change, more: Partial<Expected> = {}): string[] {
  const resource = good[name];
  if (resource === undefined) throw new Error(`no ${name}`);
  const resources = Object.values({ ...good, [name]: { ...resource, ...change } });
  const said = violations({ resources, expected: { ...expected, ...more } });
  return [...new Set(said.map((line) => line.split(": ")[1] ?? ""))];
}
const inputs = (good: Good, name: string, change: Record<string, unknown>): string[] =>
  broken(good, name, { inputs: { ...good[name]?.inputs, ...change } });
/** `undefined` removes an option. */
const options = (good: Good, name: string, change: Record<string, unknown>): string[] =>
  broken(good, name, { options: { ...good[name]?.options, ...change } });
const both = (of: (good: Good) => (() => string[])[]): (() => string[])[] => [
  ...of(droplet),
  ...of(instance),
];
const without = (good: Good, name: string): string[] => {
  const resources = Object.entries(good).flatMap(([other, resource]) => (other === name ? [] : [resource]));
  return [...new Set(violations({ resources, expected }).map((line) => line.split(": ")[1] ?? ""))];
};

const { connection } = droplet.bootstrap.inputs as { connection: { secret: object } };
const { sshOpts } = droplet.engine.inputs as { sshOpts: string[] };
const [ssh, relay, icmp] = droplet.firewall.inputs["inboundRules"] as object[];
const key = "-----BEGIN OPENSSH PRIVATE KEY-----";

/** For each rule: what breaks it. Each case breaks this rule alone. */
const violating: Record<string, (() => string[])[]> = {
  "disks outlive everything": [
    ...both((good) => [
      () => options(good, "disk", { protect: false }),
      () => options(good, "disk", { retainOnDelete: false }),
    ]),
    () => options(instance, "diskKey", { retainOnDelete: false }),
  ],
  "addresses outlive machines": [
    ...both((good) => [() => options(good, "address", { protect: undefined })]),
    () => inputs(droplet, "address", { dropletId: unknown }),
    () => inputs(instance, "address", { instance: "i-1" }),
  ],
  "machines can be thrown away": both((good) => [
    () => broken(good, "address", { dependencies: ["urn::machine-main"] }),
    () => broken(good, "hostKey", { provider: { urn: "urn::engine" } }),
    () => broken(good, "disk", { dependencies: ["urn::bootstrap-main"] }),
    () => options(good, "disk", { deletedWith: "urn::machine-main" }),
  ]),
  "old machine goes first": both((good) => [
    () => options(good, "machine", { deleteBeforeReplace: undefined }),
    () => options(good, "machine", { replacementTrigger: undefined }),
    () => options(good, "machine", { customTimeouts: undefined }),
    () => options(good, "machine", { customTimeouts: { create: "15m", update: "30m" } }),
  ]),
  "machines keep what they were born with": [
    () => options(droplet, "machine", { ignoreChanges: ["userData", "sshKeys"] }),
    () => options(droplet, "machine", { ignoreChanges: ["image", "userData"] }),
    () => options(instance, "machine", { ignoreChanges: undefined }),
    () => options(instance, "machine", { ignoreChanges: ["ami", "keyName"] }),
  ],
  "machines shut down before they lose a disk": [
    () => inputs(droplet, "machine", { gracefulShutdown: undefined }),
    () => inputs(droplet, "machine", { resizeDisk: true }),
    () => options(droplet, "machine", { hooks: undefined }),
    () => inputs(instance, "attachment", { stopInstanceBeforeDetaching: false }),
    () => options(instance, "attachment", { deletedWith: "urn::machine-main" }),
  ],
  "a machine's birth is secret": both((good) => [
    () => inputs(good, "machine", { userData: "#cloud-config" }),
    () => inputs(good, "machine", { userData: unknown }),
  ]),
  "private keys are secrets": both((good) => [
    () => inputs(good, "bootstrap", { stdin: `cat <<END\n${key}\nEND` }),
    () => inputs(good, "machine", { tags: { key } }),
  ]),
  "only the expected machine": [undefined, "", "ssh-rsa AAAA", "ssh-ed25519"].map(
    (hostKey) => () =>
      inputs(droplet, "bootstrap", { connection: { secret: { ...connection.secret, hostKey } } }),
  ),
  "no secret in a command": [
    ...["create", "update", "environment"].map(
      (name) => () => inputs(droplet, "bootstrap", { [name]: { secret: "true" } }),
    ),
    () => inputs(droplet, "bootstrap", { environment: { A: { secret: "x" } } }),
    () => inputs(droplet, "bootstrap", { stdin: { secret: "true" } }),
    () => inputs(droplet, "bootstrap", { stdin: { secret: "true" }, logging: "none" }),
    () => inputs(droplet, "bootstrap", { addPreviousOutputInEnv: undefined }),
  ],
  "commands go with their machine": [
    () => options(droplet, "bootstrap", { deleteBeforeReplace: undefined }),
    () => options(droplet, "bootstrap", { deletedWith: undefined }),
    () => options(droplet, "bootstrap", { deletedWith: "urn::disk-main" }),
    () => inputs(droplet, "bootstrap", { triggers: [] }),
    () => inputs(droplet, "bootstrap", { delete: "true" }),
  ],
  "nobody's own SSH settings": [
    () => inputs(droplet, "engine", { sshOpts: undefined }),
    ...sshOpts
      .filter((text) => text !== "-o")
      .map((text) => () => inputs(droplet, "engine", { sshOpts: sshOpts.filter((other) => other !== text) })),
    () => inputs(droplet, "engine", { sshOpts: JSON.stringify(sshOpts.slice(2)) }),
  ],
  "what is on a machine goes with it": [
    () => options(droplet, "network", { deletedWith: undefined }),
    () => options(droplet, "network", { replacementTrigger: undefined }),
    () => options(droplet, "scratch", { deletedWith: "urn::bootstrap-main" }),
    () => options(droplet, "volume", { deletedWith: "urn::machine-main" }),
    () => options(droplet, "volume", { replacementTrigger: "1001" }),
  ],
  "firewall as planned": [
    () => inputs(droplet, "firewall", { inboundRules: [ssh, icmp] }),
    () => inputs(droplet, "firewall", { inboundRules: [ssh, relay, relay, icmp] }),
    () => inputs(droplet, "firewall", { inboundRules: [ssh, { ...relay, portRange: "49160" }] }),
    () => inputs(droplet, "firewall", { inboundRules: [{ ...ssh, sourceAddresses: ["0.0.0.0/0"] }, relay] }),
    () => inputs(droplet, "firewall", { tags: [] }),
    () => inputs(droplet, "firewall", { dropletIds: [1001] }),
    () => without(instance, "ssh"),
    () => without(instance, "out"),
    () => inputs(instance, "relay", { toPort: 65535 }),
    () => inputs(instance, "ssh", { cidrIpv4: "0.0.0.0/0" }),
    () => inputs(instance, "firewall", { ingress: [] }),
    () => inputs(instance, "firewall", { egress: [] }),
  ],
  "containers can't ask for the machine's role": [
    () => inputs(instance, "machine", { metadataOptions: undefined }),
    () =>
      inputs(instance, "machine", {
        metadataOptions: { httpTokens: "optional", httpPutResponseHopLimit: 1 },
      }),
    () =>
      inputs(instance, "machine", {
        metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 2 },
      }),
  ],
  "encrypted disks": [
    () => inputs(instance, "disk", { encrypted: false }),
    () => inputs(instance, "disk", { kmsKeyId: undefined }),
    () => inputs(instance, "machine", { rootBlockDevice: { encrypted: true } }),
    () => inputs(instance, "machine", { rootBlockDevice: undefined }),
  ],
};

const rules = [...machineRules, ...remoteRules];

describe("the rules of machines", () => {
  it("say nothing of graphs in which all is right, nor of the same before anything is known", () => {
    expect(violations({ resources: Object.values(droplet), expected })).toEqual([]);
    expect(violations({ resources: Object.values(instance), expected })).toEqual([]);
    const inPreview: [Good, string, string][] = [
      [droplet, "firewall", "inboundRules"],
      [droplet, "bootstrap", "triggers"],
      [droplet, "bootstrap", "connection"],
      [droplet, "engine", "host"],
      [droplet, "engine", "sshOpts"],
      [instance, "machine", "metadataOptions"],
    ];
    for (const [good, name, input] of inPreview) expect(inputs(good, name, { [input]: unknown })).toEqual([]);
    expect(inputs(droplet, "machine", { userData: { secret: unknown } })).toEqual([]);
  });

  it("each have a case here, a reason and a fix", () => {
    expect(rules.map(({ name }) => name).sort()).toEqual(Object.keys(violating).sort());
    for (const { why, fix } of rules) expect([why.length > 20, fix.length > 5]).toEqual([true, true]);
  });

  it.each(rules.map(({ name }) => name))("%s: every violation is found, and called nothing else", (name) => {
    for (const violate of violating[name] ?? []) expect(violate()).toEqual([name]);
  });

  it("let secrets in on standard input, where nothing shows them", () => {
    const { bootstrap } = droplet;
    const silent = { ...bootstrap.inputs, stdin: { secret: "true" }, logging: "none" };
    const additionalSecretOutputs = ["stdout", "stderr"];
    expect(
      broken(droplet, "bootstrap", {
        inputs: silent,
        options: { ...bootstrap.options, additionalSecretOutputs },
      }),
    ).toEqual([]);
  });

  it("want nothing kept where the settings protect no data", () => {
    const keep = { keepSecrets: false, keptVolumes: new Set<string>() };
    const said = broken(droplet, "stack", {}, keep);
    expect(said.sort()).toEqual([
      "addresses outlive machines",
      "disks outlive everything",
      "kept secrets",
      "kept volumes",
    ]);
  });

  it("ask of a server that isn't ours only what it can have", () => {
    const given = { machines: "given" as const };
    const kept = { options: { protect: true, retainOnDelete: true } };
    expect(broken(droplet, "volume", kept, given)).toEqual([]);
    expect(broken(droplet, "volume", {}, given)).toEqual(["kept volumes"]);
  });
});
