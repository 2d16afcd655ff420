import fc from "fast-check";
import { firewallRules } from "../../stacks/topology/firewall";
import { mainHost } from "../../stacks/topology/hosts";
import {
  machineProblems,
  machineWarnings,
  missingMachineSecrets,
  unsaidSsh,
} from "../../stacks/topology/machine";
import type { FirewallRule, Topology } from "../../stacks/topology/types";
import { localTopology } from "../helpers/stacks";

type Change = Record<string, unknown>;
const server = {
  provider: "existing",
  address: "203.0.113.7",
  hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample",
  memoryMiB: 8192,
  cpus: 4,
};
const droplet = { provider: "digitalocean", region: "fra1", size: "s-4vcpu-8gb" };
const on = (host: Change, change: Change = {}, secrets: string[] = ["sshKey"]): Topology =>
  localTopology({ domain: "example.org", host, ...change }, secrets);
const keys = (problems: readonly { key: string }[]): string[] => problems.map(({ key }) => key);

describe("the settings of a machine", () => {
  it("are fine as they come", () => {
    expect(machineProblems(on(server))).toEqual([]);
    expect(machineProblems(localTopology())).toEqual([]);
    expect(machineWarnings(on(server))).toEqual([]);
  });

  it.each<[string, Change, Change, string]>([
    [
      "a disk that is unlocked by hand, and reboots by itself",
      { ...server, dataDisk: "/dev/disk/by-id/x" },
      { diskEncryption: { unlock: "manual" } },
      "muster:machine.rebootAt",
    ],
    [
      "a chip that a cloud's machine takes with it",
      droplet,
      { diskEncryption: { unlock: "tpm2" } },
      "muster:machine.diskEncryption.unlock",
    ],
    [
      "encryption of a disk that isn't there",
      server,
      { diskEncryption: { unlock: "manual" }, rebootAt: "off" },
      "muster:host.dataDisk",
    ],
    ["a tunnel that nobody has", server, { vpn: { ssh: "both" } }, "muster:machine.vpn.ssh"],
    ["settings of a machine that isn't ours", { provider: "local" }, { rebootAt: "off" }, "muster:machine"],
    ["this machine as a server", { ...server, address: "127.0.0.1" }, {}, "muster:host.address"],
  ])("refuse %s", (_name, host, machine, key) => {
    const secrets =
      host["provider"] === "local" ? [] : ["sshKey", ...(host === droplet ? ["digitaloceanToken"] : [])];
    const topology = on(host, { machine }, secrets);
    expect(keys(machineProblems(topology))).toEqual([key]);
    expect(keys(topology.findings.filter(({ severity }) => severity === "error"))).toContain(key);
  });

  it("refuse secrets that nobody uses", () => {
    expect(keys(machineProblems(on(server, {}, ["sshKey", "awsSecretAccessKey", "diskKey"])))).toEqual([
      "muster:awsSecretAccessKey",
      "muster:diskKey",
    ]);
  });

  it("ask for the secrets of their provider before an up, not for a plan", () => {
    const topology = on(droplet, {}, []);
    expect(keys(missingMachineSecrets(topology))).toEqual(["muster:sshKey", "muster:digitaloceanToken"]);
    expect(topology.findings.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(missingMachineSecrets(localTopology())).toEqual([]);
  });

  it.each([
    ["a reboot into the backup", server, { rebootAt: "02:00" }, "muster:machine.rebootAt"],
    ["a reboot before midnight, and a backup after it", server, { rebootAt: "23:55" }, undefined],
    ["no reboots", server, { rebootAt: "off" }, "muster:machine.rebootAt"],
  ])("warn of %s", (_name, host, machine, key) => {
    const found = machineWarnings(
      on(host, { machine, ...(key === undefined ? { backup: { at: "01:30" } } : {}) }),
    );
    expect(keys(found)).toEqual(key === undefined ? [] : [key]);
  });

  it("know how near a time of day is on the other side of midnight", () => {
    const near = on(server, { machine: { rebootAt: "23:55" }, backup: { at: "00:10" } });
    expect(keys(machineWarnings(near))).toEqual(["muster:machine.rebootAt"]);
  });

  it("warn of mail ports that the provider blocks", () => {
    const mail = { host: "smtp.example.org", from: "a@example.org" };
    const at = (port: number) => on(droplet, { mail: { ...mail, port } }, ["sshKey", "digitaloceanToken"]);
    expect(keys(machineWarnings(at(587)))).toEqual(["muster:mail.port"]);
    expect(machineWarnings(at(2525))).toEqual([]);
  });
});

describe("a host's firewall", () => {
  const everything = { calls: "embedded", meetings: "jitsi" };
  const covers = ({ protocol, first, last }: FirewallRule, port: number, kind: string): boolean =>
    protocol === kind && first <= port && port <= last;

  it("opens every published port and nothing else", () => {
    fc.assert(
      fc.property(
        fc.record({
          calls: fc.constantFrom("off", "embedded"),
          meetings: fc.constantFrom("off", "jitsi"),
          turn: fc.constantFrom("on", "off"),
        }),
        fc.integer({ min: 1, max: 65_535 }),
        fc.constantFrom("tcp", "udp"),
        (change, port, kind) => {
          const topology = on(server, change);
          const published = topology.openings.some(
            ({ protocol, published: first, last, from }) =>
              from !== "this machine" && protocol === kind && first <= port && port <= last,
          );
          const isSsh = kind === "tcp" && port === 22;
          const open = firewallRules(topology, mainHost).some((rule) => covers(rule, port, kind));
          expect(open).toBe(published || isSsh);
        },
      ),
    );
  });

  it("opens SSH where it listens, to whom the settings name", () => {
    const rules = firewallRules(
      on({ ...server, port: 2222 }, { machine: { sshFrom: ["198.51.100.0/24"] } }),
      mainHost,
    );
    expect(rules.filter(({ why }) => why === "SSH")).toEqual([
      { protocol: "tcp", first: 2222, last: 2222, path: "machine", from: ["198.51.100.0/24"], why: "SSH" },
    ]);
  });

  it("opens SSH to everyone where the settings say so in words, and nobody is asked where it is in the tunnel", () => {
    const ssh = (machine: object) =>
      firewallRules(on(server, { machine }), mainHost).find(({ why }) => why === "SSH")?.from;
    expect(ssh({ sshFrom: "everyone" })).toEqual([]);
    const said = (machine: object) => unsaidSsh(on(server, { machine })).map(({ key }) => key);
    expect(said({})).toEqual(["muster:machine.sshFrom"]);
    expect(said({ sshFrom: "everyone" })).toEqual([]);
    expect(said({ sshFrom: ["198.51.100.0/24"] })).toEqual([]);
    expect(said({ vpn: { ssh: "tunnel", peers: { anna: {} } } })).toEqual([]);
    expect(said({ vpn: { ssh: "both", peers: { anna: {} } } })).toEqual(["muster:machine.sshFrom"]);
  });

  it("takes no network for everyone: that is said in words", () => {
    const problems = (sshFrom: string[]) =>
      machineProblems(on(server, { machine: { sshFrom } })).map(({ key, problem }) => `${key}: ${problem}`);
    expect(problems(["198.51.100.0/24", "0.0.0.0/0"])).toEqual([
      "muster:machine.sshFrom: one of the networks is the whole internet",
    ]);
    expect(problems(["198.51.100.0/24"])).toEqual([]);
  });

  it("opens SSH to the tunnel alone where the settings say so", () => {
    const vpn = { ssh: "tunnel", peers: { anna: {} } };
    const rules = firewallRules(on(server, { machine: { vpn } }), mainHost);
    expect(rules.find(({ why }) => why === "SSH")?.from).toEqual(["10.213.0.0/24"]);
    expect(rules.find(({ first }) => first === 51_820)).toMatchObject({ protocol: "udp", from: [] });
  });

  it("knows what the machine itself answers, and what a container", () => {
    const rules = firewallRules(on(server, everything), mainHost);
    const pathOf = (port: number) => rules.find(({ first }) => first === port)?.path;
    expect(pathOf(3478)).toBe("machine");
    expect(pathOf(443)).toBe("container");
  });

  it("leaves open what others on the machine need", () => {
    const rules = firewallRules(on(server, { machine: { keepOpen: [9000] } }), mainHost);
    expect(rules.filter(({ first }) => first === 9000).map(({ protocol }) => protocol)).toEqual([
      "tcp",
      "udp",
    ]);
  });

  it("lets the proxy's networks alone come to the web ports", () => {
    const topology = on(droplet, { edge: { provider: "cloudflare", zone: "example.org" } }, [
      "sshKey",
      "digitaloceanToken",
    ]);
    const web = firewallRules(topology, mainHost).filter(({ first }) => first === 443 || first === 80);
    expect(web).toHaveLength(2);
    for (const { from } of web) expect(from).toContain("173.245.48.0/20");
  });
});
