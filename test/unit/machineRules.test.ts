import { type Expected, type GraphResource, unknown } from "../../policy/graph";
import { machineRules } from "../../policy/machines";
import { remoteRules } from "../../policy/remote";
import { firewallRules } from "../../policy/firewall";
import { brokenRules } from "../helpers/policyPack";
import { droplet, expected, instance } from "../helpers/goodMachines";

type Good = Readonly<Record<string, GraphResource>>;
type Change = Partial<GraphResource>;

/** Names of the rules that a graph breaks with one resource changed; without a change it has none. */
function broken(good: Good, name: string, change: Change, more: Partial<Expected> = {}): string[] {
  const resource = good[name];
  if (resource === undefined) throw new Error(`no ${name}`);
  const resources = Object.values({ ...good, [name]: { ...resource, ...change } });
  return brokenRules({ resources, expected: { ...expected, ...more } });
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
  return brokenRules({ resources, expected });
};

const { connection } = droplet.bootstrap.inputs as { connection: { secret: object } };
const { sshOpts } = droplet.engine.inputs as { sshOpts: string[] };
const [ssh, relay, icmp] = droplet.firewall.inputs["inboundRules"] as object[];
const key = "-----BEGIN OPENSSH PRIVATE KEY-----";

/** A door that the topology knows of, in place of SSH's own. */
const opened = (rule: object): string[] => {
  const { portRange, sourceAddresses } = rule as { portRange: string; sourceAddresses: string[] };
  const [first = "", last = first] = portRange.split("-");
  const planned = sourceAddresses.map((from) => `tcp ${first}-${last} from ${from}`);
  const others = ["udp 49160-49239 from 0.0.0.0/0"];
  const inboundRules = [rule, relay, icmp];
  return broken(
    droplet,
    "firewall",
    { inputs: { ...droplet.firewall.inputs, inboundRules } },
    { openings: new Map([["main", [...planned, ...others]]]) },
  );
};
const openedAt = (rule: Record<string, unknown>): string[] => {
  const text = [rule["ipProtocol"], `${String(rule["fromPort"])}-${String(rule["toPort"])}`, "from"];
  const planned = [...text, rule["cidrIpv4"] ?? "other hosts"].map(String).join(" ");
  const all = [...(expected.openings.get("main") ?? [])].filter((door) => !door.includes("198.51.100.0"));
  return broken(instance, "ssh", { inputs: rule }, { openings: new Map([["main", [...all, planned]]]) });
};

/** For each rule: what breaks it. Each case breaks this rule alone. */
const violating: Record<string, (() => string[])[]> = {
  "disks are protected": [
    ...both((good) => [() => options(good, "disk", { protect: false })]),
    () => options(instance, "diskKey", { protect: undefined }),
  ],
  "disks outlive everything": [
    ...both((good) => [() => options(good, "disk", { retainOnDelete: false })]),
    () => options(instance, "diskKey", { retainOnDelete: false }),
  ],
  "addresses outlive machines": [
    ...both((good) => [() => options(good, "address", { protect: undefined })]),
    () => inputs(droplet, "address", { dropletId: unknown }),
    () => inputs(instance, "address", { instance: "i-1" }),
  ],
  "an address leaves with its droplet": [
    () => options(droplet, "assignment", { deletedWith: undefined }),
    () => options(droplet, "assignment", { retainOnDelete: undefined }),
  ],
  "machines can be thrown away": both((good) => [
    () => broken(good, "address", { dependencies: ["urn::machine-main"] }),
    () => broken(good, "hostKey", { provider: { urn: "urn::engine" } }),
    () => broken(good, "disk", { dependencies: ["urn::bootstrap-main"] }),
    () => options(good, "disk", { deletedWith: "urn::machine-main" }),
  ]),
  "old machine goes first": both((good) => [
    () => options(good, "machine", { deleteBeforeReplace: undefined }),
    () => options(good, "machine", { customTimeouts: undefined }),
    () => options(good, "machine", { customTimeouts: { create: "15m", update: "30m" } }),
  ]),
  "a new machine can be asked for": both((good) => [
    () => options(good, "machine", { replacementTrigger: undefined }),
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
    () => inputs(instance, "attachment", { stopInstanceBeforeDetaching: false }),
  ],
  "no step skips the shutdown": [
    () => options(droplet, "machine", { hooks: undefined }),
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
  "a new machine is set up anew": [
    () => options(droplet, "bootstrap", { deleteBeforeReplace: undefined }),
    () => inputs(droplet, "bootstrap", { triggers: [] }),
    () => inputs(droplet, "bootstrap", { delete: "true" }),
  ],
  "commands go with their machine": [
    () => options(droplet, "bootstrap", { deletedWith: undefined }),
    () => options(droplet, "bootstrap", { deletedWith: "urn::disk-main" }),
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
    () => inputs(droplet, "firewall", { inboundRules: [{ ...ssh, sourceAddresses: ["10.0.0.0/8"] }, relay] }),
    () => inputs(droplet, "firewall", { tags: [] }),
    () => inputs(droplet, "firewall", { dropletIds: [1001] }),
    () => without(instance, "ssh"),
    () => without(instance, "out"),
    () => inputs(instance, "relay", { toPort: 65535 }),
    () => inputs(instance, "ssh", { cidrIpv4: "10.0.0.0/8" }),
    () => inputs(instance, "firewall", { ingress: [] }),
    () => inputs(instance, "firewall", { egress: [] }),
  ],
  "SSH not for everyone": [
    ...["22", "1-65535", "all"].map(
      (portRange) => () => opened({ protocol: "tcp", portRange, sourceAddresses: ["0.0.0.0/0"] }),
    ),
    () => opened({ protocol: "tcp", portRange: "20-30", sourceAddresses: ["10.0.0.0/8", "::/0"] }),
    () => openedAt({ ipProtocol: "tcp", fromPort: 22, toPort: 22, cidrIpv4: "0.0.0.0/0" }),
    () => openedAt({ ipProtocol: "-1", cidrIpv6: "::/0" }),
    () => openedAt({ ipProtocol: "-1", fromPort: -1, toPort: -1, cidrIpv4: "0.0.0.0/0" }),
  ],
  "buckets are protected": [
    () => options(droplet, "bucket", { protect: undefined }),
    () => inputs(droplet, "bucket", { forceDestroy: true }),
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

const rules = [...machineRules, ...firewallRules, ...remoteRules];

describe("the rules of machines", () => {
  it("say nothing of graphs in which all is right, nor of the same before anything is known", () => {
    expect(brokenRules({ resources: Object.values(droplet), expected })).toEqual([]);
    expect(brokenRules({ resources: Object.values(instance), expected })).toEqual([]);
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
    expect(inputs(droplet, "bootstrap", { connection: { secret: { host: "", port: 22 } } })).toEqual([]);
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
      "disks are protected",
      "disks outlive everything",
      "kept secrets",
      "kept volumes stay",
    ]);
  });

  it("ask of a server that isn't ours only what it can have", () => {
    const given = { machines: "given" as const };
    const kept = { options: { protect: true, retainOnDelete: true } };
    expect(broken(droplet, "volume", kept, given)).toEqual([]);
    expect(broken(droplet, "volume", {}, given)).toEqual(["kept volumes"]);
  });
});
