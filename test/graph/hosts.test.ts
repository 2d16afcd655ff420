import { expectedOf } from "../../policy/expected";
import { needs } from "../../policy/graph";
import { violations } from "../../policy/rules";
import { firewallRules } from "../../stacks/topology/firewall";
import type { FirewallRule } from "../../stacks/topology/types";
import { anchorAddress } from "../helpers/addresses";
import { leakedSecrets, toGolden } from "../helpers/golden";
import { asPreviewed, expectGolden, readableJson } from "../helpers/goldenFile";
import { find, isSecret, mapLeaves, type RecordedResource, unwrap } from "../helpers/graph";
import {
  clientKey,
  hosts,
  machine,
  recordEnvironment,
  recordHosts,
  type RemoteProvider,
  remoteTopology,
} from "../helpers/hosts";

// A run takes two seconds, but the machine may be busy.
jest.setTimeout(180_000);

const providers = Object.keys(hosts) as RemoteProvider[];
const clouds = providers.filter((provider) => provider !== "existing");
const isDocker = ({ type }: RecordedResource): boolean => type.startsWith("docker:");
const isContainer = ({ type }: RecordedResource): boolean => type === "docker:index/container:Container";
const kept = ({ options }: RecordedResource): boolean =>
  options.protect === true || options.retainOnDelete === true;

/** Every plain text in a value, secrets left out. */
function plainTexts(value: unknown): string[] {
  const found: string[] = [];
  mapLeaves(value, (leaf) => typeof leaf === "string" && !isSecret(leaf) && found.push(leaf));
  return found;
}

/** As both a topology's and a cloud's rule can be said: `tcp 80-80 from 0.0.0.0/0`. */
const asText = ({ protocol, first, last, from }: Omit<FirewallRule, "path" | "why">): string[] =>
  (from.length === 0 ? ["0.0.0.0/0"] : from).map((network) => `${protocol} ${first}-${last} from ${network}`);

describe.each(providers)("a stack on a host of kind %s", (provider) => {
  const topology = remoteTopology(provider);
  let graph: RecordedResource[];
  let preview: RecordedResource[];
  beforeAll(async () => {
    ({ resources: graph } = await recordEnvironment(topology));
    ({ resources: preview } = await recordEnvironment(topology, true));
  });

  it("has a host as in its golden file (npm run goldens rewrites it)", () => {
    const host = graph.filter(({ urn }) => !urn.includes("muster:platform:"));
    expectGolden(`${provider}.json`, readableJson(toGolden(host)));
  });

  it("is the same in a preview, but for values that only an update can know", () => {
    const [previewed, updated] = [toGolden(preview), toGolden(graph)];
    expect(previewed).toEqual(asPreviewed(updated, previewed));
  });

  it("breaks no rule, in a preview or in an update", () => {
    const expected = expectedOf(topology);
    expect(violations({ resources: graph, expected })).toEqual([]);
    expect(violations({ resources: preview, expected })).toEqual([]);
  });

  it("shows no secret in the clear, and no private key at all", () => {
    expect(leakedSecrets(graph)).toEqual([]);
    for (const { inputs, options } of graph)
      expect(plainTexts([inputs, options]).filter((text) => text.includes("PRIVATE KEY"))).toEqual([]);
  });

  it("binds everything on the host to its machine, but the volumes that outlive it", () => {
    const bootstrap = find(graph, "bootstrap-main");
    const [trigger] = bootstrap.inputs["triggers"] as string[];
    expect(String(trigger).length).toBeGreaterThan(2);
    const machineUrn = graph.find(({ name }) => name === "machine-main")?.urn;
    expect(machineUrn === undefined).toBe(provider === "existing");
    for (const { name, options } of graph.filter((resource) => isDocker(resource) && !kept(resource)))
      expect({ name, ...options }).toMatchObject({
        replacementTrigger: trigger,
        ...(machineUrn === undefined ? {} : { deletedWith: machineUrn }),
      });
    for (const { options } of graph.filter((resource) => isDocker(resource) && kept(resource)))
      expect([options.replacementTrigger, options.deletedWith]).toEqual([undefined, undefined]);
  });

  it("makes nothing on the machine before that is set up", () => {
    const bootstrap = find(graph, "bootstrap-main");
    const ours = graph.filter(isDocker);
    expect(ours.length).toBeGreaterThan(20);
    for (const resource of ours) expect(needs(resource, graph)).toContain(bootstrap);
  });

  it("lets Muster's own key in, and those that the settings name", () => {
    const { stdin } = find(graph, "bootstrap-main").inputs;
    for (const key of [clientKey, ...machine.authorizedKeys]) expect(stdin).toContain(key);
  });

  it("checks the machine's key, for the engine's own connection and for Docker's", () => {
    const { connection } = find(graph, "bootstrap-main").inputs;
    const { hostKey } = unwrap(connection) as { hostKey: string };
    expect(hostKey).toMatch(/^ssh-ed25519 [A-Za-z0-9+/]+=*$/);
    const { sshOpts } = find(graph, "main", "pulumi:providers:docker").inputs;
    expect(JSON.stringify(sshOpts)).toContain(`KnownHostsCommand=/bin/echo muster-test-main ${hostKey}`);
  });
});

describe.each(clouds)("a machine at %s", (provider) => {
  const topology = remoteTopology(provider);
  let graph: RecordedResource[];
  let graphWithout: RecordedResource[];
  beforeAll(async () => {
    ({ resources: graph } = await recordEnvironment(topology));
    ({ resources: graphWithout } = await recordEnvironment(remoteTopology(provider, { protectData: false })));
  });
  const named = (name: string): RecordedResource => find(graph, name);

  it("can be thrown away: whatever is kept needs neither it nor anything on it", () => {
    const machineOf = named("machine-main");
    const protectedOnes = graph.filter(({ options }) => options.protect === true);
    expect(protectedOnes.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["host-key-main", "disk-main", "address-main", "instance"]),
    );
    for (const resource of protectedOnes) {
      expect([...needs(resource, graph), resource].map(({ name }) => name)).not.toContain(machineOf.name);
      expect([...needs(resource, graph), resource].filter(isDocker)).toEqual([]);
    }
  });

  it("leaves disk, address and host key when the stack is destroyed, unless the settings say otherwise", () => {
    expect(named("disk-main").options).toMatchObject({ protect: true, retainOnDelete: true });
    for (const name of ["address-main", "host-key-main"])
      expect(named(name).options).toMatchObject({ protect: true });
    // An assignment is nothing by itself: it ends with the machine.
    const all = graphWithout.filter((resource) => kept(resource) && resource.name !== "assignment-main");
    expect(all).toEqual([]);
  });

  it("has the data's disk by its identity, and looks at it again once it has grown", async () => {
    const device =
      provider === "digitalocean"
        ? "/dev/disk/by-id/scsi-0DO_Volume_muster-test-main"
        : "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0abc";
    const { stdin } = named("bootstrap-main").inputs;
    expect(stdin).toContain(device);
    const larger = { ...hosts[provider].host, dataDiskGiB: 61 };
    const { resources } = await recordHosts(remoteTopology(provider, { host: larger }));
    expect(find(resources, "bootstrap-main").inputs["stdin"]).not.toEqual(stdin);
  });

  it("has its volumes kept, but not protected: they would protect the machine", () => {
    const volumes = graph.filter(({ type, options }) => type.endsWith(":Volume") && options.retainOnDelete);
    const names = volumes.filter(isDocker);
    expect(names.length).toBeGreaterThan(2);
    for (const { options } of names) expect(options.protect ?? false).toBe(false);
  });

  it("gets the address at which its packets arrive to whoever listens on it", () => {
    const texts = graph.filter(isContainer).flatMap(({ inputs }) => JSON.stringify(unwrap(inputs)));
    expect(texts.some((text) => text.includes(`listening-ip=${anchorAddress}`))).toBe(true);
    expect(texts.some((text) => text.includes("external-ip=203.0.113.10/"))).toBe(true);
  });

  it("is told its own key at birth, as a secret", () => {
    const { userData } = named("machine-main").inputs;
    expect(isSecret(userData)).toBe(true);
    expect(String(unwrap(userData))).toMatch(/^#cloud-config\n/);
    expect(String(unwrap(userData))).toContain(clientKey);
  });

  it("lets in what the topology says, and ICMP; lets out everything", () => {
    const wanted = firewallRules(topology, "main").flatMap(asText).sort();
    expect(wanted).toContain("tcp 443-443 from 103.21.244.0/22");
    expect(wanted).toContain("tcp 22-22 from 192.0.2.7/32");
    expect(cloudOpenings(graph)).toEqual(wanted);
  });

  it("leaves SSH to the VPN where the settings say so", async () => {
    const vpn = { ssh: "tunnel", peers: { alice: {} } };
    const { resources } = await recordHosts(remoteTopology(provider, { machine: { vpn } }));
    const open = cloudOpenings(resources);
    expect(open.filter((text) => text.startsWith("tcp 22-"))).toEqual([]);
    expect(open).toContain("udp 51820-51820 from 0.0.0.0/0");
  });

  it("shares what a stack has one of with its other hosts", async () => {
    const media = { ...hosts[provider].host, media: { size: hosts[provider].host.size } };
    const { resources } = await recordHosts(remoteTopology(provider, { host: media }));
    const provided = resources.filter(({ type }) => type === `pulumi:providers:${provider}`);
    expect(provided).toHaveLength(1);
    const machines = resources.filter(({ name }) => name.startsWith("machine-m")).map(({ name }) => name);
    expect(machines.sort()).toEqual(["machine-main", "machine-media"]);
    // All data are on one disk.
    expect(resources.filter(({ name }) => name.startsWith("disk-m"))).toHaveLength(1);
    // What it opens to the media host alone, nobody else sees.
    expect(cloudOpenings(resources).filter((text) => text.endsWith("other hosts"))).not.toEqual([]);
    const own = ({ urn, name }: RecordedResource): boolean =>
      !urn.includes("muster:platform:") && !urn.includes("muster:edge:") && !name.startsWith("in-main-");
    const before = graph.filter(own);
    expect(before.filter(({ urn }) => !resources.some((other) => other.urn === urn))).toEqual([]);
  });
});

/** What a cloud's firewall opens, apart from ICMP. */
function cloudOpenings(graph: readonly RecordedResource[]): string[] {
  const droplets = graph
    .filter(({ type }) => type === "digitalocean:index/firewall:Firewall")
    .flatMap(({ inputs }) => inputs["inboundRules"] as Record<string, unknown>[])
    .filter(({ protocol }) => protocol !== "icmp")
    .flatMap(({ protocol, portRange, sourceAddresses, sourceTags }) => {
      const [first = "", last = first] = String(portRange).split("-");
      const from = sourceTags === undefined ? (sourceAddresses as string[]) : ["other hosts"];
      return asText({ protocol: protocol as "tcp", first: Number(first), last: Number(last), from });
    });
  const instances = graph
    .filter(({ type }) => type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    .filter(({ inputs }) => inputs["ipProtocol"] !== "icmp")
    .flatMap(({ inputs: { ipProtocol, fromPort, toPort, cidrIpv4 } }) =>
      asText({
        protocol: ipProtocol as "tcp",
        first: Number(fromPort),
        last: Number(toPort),
        from: [String(cidrIpv4 ?? "other hosts")],
      }),
    );
  return [...droplets, ...instances].sort();
}
