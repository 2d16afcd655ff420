import { inStartOrder } from "../../components/platform/platform";
import type { Port, Service } from "../../components/services/service";
import { text } from "../../components/services/text";
import { parseSettings } from "../../stacks/settings/parse";
import { type Topology, topologyOf } from "../../stacks/topology";
import { standIn } from "../helpers/service";
import { localTopology } from "../helpers/stacks";

const topologyFor = (services: readonly Service[], change: Record<string, unknown> = {}): Topology => {
  const values = { domain: "example.org", host: { provider: "local" }, ...change };
  return topologyOf("test", parseSettings({ source: "test", values, encrypted: [] }), {
    catalogue: services,
  });
};

const media: Port = {
  name: "media",
  number: 10000,
  published: 20000,
  protocol: "udp",
  exposure: "media",
  why: "w",
};
const admin: Port = {
  name: "stats",
  number: 9000,
  published: 9001,
  protocol: "tcp",
  exposure: "admin",
  why: "w",
};
const entry: Port = {
  name: "tls",
  number: 443,
  published: 8443,
  protocol: "tcp",
  exposure: "entry",
  why: "w",
};
const internalFor = (...consumers: string[]): Port => ({
  name: "api",
  number: 5000,
  protocol: "tcp",
  exposure: "internal",
  consumers,
  why: "w",
});

describe("exposure", () => {
  it("opens media to the world even where web ports stay on this machine, and admin never", () => {
    const services = [standIn("a", { ports: () => [media, admin, entry] })];
    expect(
      topologyFor(services).openings.map(({ published, bind, from }) => [published, bind, from]),
    ).toEqual([
      [20000, "0.0.0.0", "everyone"],
      [9001, "127.0.0.1", "this machine"],
      [8443, "127.0.0.1", "this machine"],
    ]);
  });

  it("opens web ports to whom the settings say", () => {
    const services = [standIn("a", { ports: () => [entry, media, admin] })];
    const open = (change: Record<string, unknown>): string[] =>
      topologyFor(services, change).openings.map(({ from }) => from);
    expect(open({ host: { provider: "local", bind: "0.0.0.0" } })).toEqual([
      "everyone",
      "everyone",
      "this machine",
    ]);
    const host = { provider: "digitalocean", region: "fra1", size: "s-2vcpu-4gb" };
    expect(open({ host })).toEqual(["everyone", "everyone", "this machine"]);
    expect(open({ host, edge: { provider: "cloudflare", zone: "example.org" } })).toEqual([
      "Cloudflare",
      "everyone",
      "this machine",
    ]);
  });

  it("never publishes an internal or a web port", () => {
    const web: Port = {
      name: "http",
      number: 80,
      protocol: "tcp",
      exposure: "web",
      site: "chat",
      healthPath: "/",
      maxBodyMiB: 1,
      why: "w",
    };
    expect(topologyFor([standIn("a", { ports: () => [internalFor("b"), web] })]).openings).toEqual([]);
  });
});

describe("networks", () => {
  it("hold a service and those who use it, and nobody who isn't there", () => {
    const services = [
      standIn("a", { ports: () => [internalFor("c", "b", "gone")] }),
      standIn("b"),
      standIn("c"),
      standIn("d"),
    ];
    expect(topologyFor(services).networks).toEqual([
      { name: "a", host: "main", internal: true, members: ["a", "b", "c"] },
    ]);
  });

  it("lead out for those alone who publish a port or say why they must go out", () => {
    const services = [
      standIn("in", { ports: () => [entry] }),
      standIn("out", { sandbox: { egress: { value: true, reason: "r" } } }),
      standIn("neither"),
    ];
    expect(topologyFor(services).networks).toEqual([
      { name: "outside", host: "main", internal: false, members: ["in", "out"] },
    ]);
  });

  it("keep the shipped database away from everybody but the chat server and backups", () => {
    expect(localTopology().networks).toEqual([
      { name: "mattermost", host: "main", internal: true, members: ["mattermost", "caddy"] },
      { name: "postgres", host: "main", internal: true, members: ["postgres", "backup", "mattermost"] },
      { name: "outside", host: "main", internal: false, members: ["caddy", "mattermost", "backup"] },
    ]);
  });
});

describe("services", () => {
  it("run only under settings that want them", () => {
    const services = [standIn("a", { when: ({ chat }) => chat.guests }), standIn("b")];
    expect(topologyFor(services).services.map(({ name }) => name)).toEqual(["b"]);
    expect(topologyFor(services, { chat: { guests: true } }).services.map(({ name }) => name)).toEqual([
      "a",
      "b",
    ]);
  });

  it("find each other's ports by name, and a name that isn't there is a mistake", () => {
    const asks = (port: string): Service =>
      standIn("b", { container: ({ address }) => ({ environment: { A: address("a", port) } }) });
    const a = standIn("a", { ports: () => [internalFor("b")] });
    const [, b] = topologyFor([a, asks("api")]).services;
    expect(b?.spec.environment).toEqual({ A: text`a:5000` });
    expect(() => topologyFor([a, asks("nope")])).toThrow("no port nope of a service a in this stack");
  });

  it("are told their own budget, the routes and the sites", () => {
    const seen = jest.fn(() => ({ environment: {} }));
    topologyFor([
      standIn("a", { needs: () => ({ memoryMiB: 65, cpus: 0.111, diskGiB: 0.5 }), container: seen }),
    ]);
    expect(seen).toHaveBeenCalledWith(
      expect.objectContaining({
        needs: { memoryMiB: 128, cpus: 0.12, diskGiB: 1, egressMbps: 0, trafficGB: 0 },
        routes: [],
      }),
    );
  });

  it("start after those that they name", () => {
    const services = [
      standIn("c", { startsAfter: ["b", "gone"] }),
      standIn("b", { startsAfter: ["a"] }),
      standIn("a"),
    ];
    expect(inStartOrder(topologyFor(services).services).map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });

  it("that start after each other in a circle are a mistake", () => {
    const services = [standIn("a", { startsAfter: ["b"] }), standIn("b", { startsAfter: ["a"] })];
    expect(() => inStartOrder(topologyFor(services).services)).toThrow("circle: a -> b -> a");
  });

  it("use the image that prepares files from the mirror too", () => {
    expect(localTopology().toolsImage.reference).toMatch(/^busybox:\d/);
    expect(localTopology({ images: { mirror: "m.example.org" } }).toolsImage.reference).toMatch(
      /^m\.example\.org\/library\/busybox:\d/,
    );
  });
});

describe("hosts", () => {
  it.each<[string, Record<string, unknown>, unknown, string]>([
    ["local without figures", { provider: "local" }, undefined, "this machine, unix:///var/run/docker.sock"],
    [
      "local with half of them",
      { provider: "local", memoryMiB: 2048 },
      undefined,
      "this machine, unix:///var/run/docker.sock",
    ],
    [
      "local with figures",
      { provider: "local", memoryMiB: 2048, cpus: 2 },
      { memoryMiB: 2048, cpus: 2 },
      "this machine, unix:///var/run/docker.sock",
    ],
    [
      "existing",
      { provider: "existing", address: "203.0.113.1", hostKey: "ssh-ed25519 AAAA", memoryMiB: 4096, cpus: 4 },
      { memoryMiB: 4096, cpus: 4 },
      "root@203.0.113.1:22",
    ],
    [
      "digitalocean",
      { provider: "digitalocean", region: "fra1", size: "s-2vcpu-4gb" },
      { memoryMiB: 4096, cpus: 2, diskGiB: 50, trafficGB: 4000 },
      "digitalocean fra1, s-2vcpu-4gb",
    ],
    [
      "aws",
      {
        provider: "aws",
        region: "eu-central-1",
        size: "t3a.large",
        dataDiskGiB: 80,
        accessKeyId: "AKIAEXAMPLEEXAMPLE12",
      },
      { memoryMiB: 8192, cpus: 2, diskGiB: 80, trafficGB: 0 },
      "aws eu-central-1, t3a.large",
    ],
  ])("%s: capacity and place", (_name, host, capacity, place) => {
    const [main] = localTopology({ host }).hosts;
    expect(main?.capacity).toEqual(capacity);
    expect(main?.place).toBe(place);
    expect(main).toMatchObject({ name: "main", roles: ["app", "media"], provider: host["provider"] });
  });
});
