import { createSocket } from "node:dgram";
import { createServer, type Server } from "node:net";
import type Docker from "dockerode";
import { UserError } from "../../cli/errors";
import { missingOnHost, missingTools, requireAll } from "../../cli/preflight";
import { capturePulumi } from "../../cli/pulumi";
import type { StackState } from "../../cli/state";
import { localTopology } from "../helpers/stacks";

jest.mock("../../cli/pulumi");
const pulumi = jest.mocked(capturePulumi);

interface Engine {
  version?: string;
  memoryMiB?: number;
  rootDir?: string;
  system?: string;
  containers?: { Labels: Record<string, string> }[];
  volumes?: object[];
  /** What the registry says of an image that isn't on the host; nothing where it has it. */
  registry?: (reference: string) => object | undefined;
  /** Images that are on the host. */
  images?: (reference: string) => boolean;
}
const label = (instance: string): Record<string, string> => ({
  "muster.stack": "test",
  "muster.instance": instance,
});
interface Query {
  filters: { label: string[] };
}
const isLabelled = (labels: Record<string, string>, wanted: string): boolean =>
  Object.entries(labels).some(([key, value]) => `${key}=${value}` === wanted);

/** An engine on which all is well, but for what a test changes. */
function engine({
  version = "27.0.1",
  memoryMiB = 8192,
  rootDir = "/nowhere",
  system = "Debian",
  ...there
}: Engine): Docker {
  const { containers = [], volumes = [], registry = () => undefined, images = () => true } = there;
  const fail = (error: object): never => {
    throw error instanceof Error ? error : Object.assign(new Error("no"), error);
  };
  // eslint-disable-next-line @typescript-eslint/require-await -- a failure must be a rejection
  const answer = async (error: object | undefined): Promise<object> =>
    error === undefined ? {} : fail(error);
  return {
    version: () => Promise.resolve({ Version: version }),
    info: () =>
      Promise.resolve({ MemTotal: memoryMiB * 1024 ** 2, DockerRootDir: rootDir, OperatingSystem: system }),
    listContainers: ({ filters: { label } }: Query) =>
      Promise.resolve(containers.filter(({ Labels }) => label.every((one) => isLabelled(Labels, one)))),
    listVolumes: () => Promise.resolve({ Volumes: volumes }),
    getImage: (reference: string) => ({
      inspect: () => answer(images(reference) ? undefined : {}),
      distribution: () => answer(registry(reference)),
    }),
  } as unknown as Docker;
}
const state: StackState = {
  pendingOperations: 0,
  resources: [
    { urn: "urn::instance", type: "random:index/randomId:RandomId", outputs: { hex: "mine" } },
    { urn: "urn::app", type: "docker:index/container:Container", id: "known" },
    { urn: "urn::data", type: "docker:index/volume:Volume", id: "muster-test-data" },
  ],
};

describe("what an up needs on its host", () => {
  let server: Server;
  let taken: number;
  beforeAll(async () => {
    server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    taken = (server.address() as { port: number }).port;
  });
  afterAll((done) => {
    server.close(done);
  });
  const free = async (): Promise<number> => {
    const probe = createServer();
    await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
    const { port } = probe.address() as { port: number };
    await new Promise((done) => probe.close(done));
    return port;
  };
  const missing = async (
    change: Engine,
    ports: object = {},
    known: StackState | "none" = state,
    more: Record<string, unknown> = {},
  ): Promise<string[]> => {
    const web = { httpPort: await free(), httpsPort: await free(), ...ports };
    const topology = localTopology({ web, ...more });
    const found = await missingOnHost(engine(change), topology, known === "none" ? undefined : known);
    return found.map(({ what, fix }) => `${what} | ${fix}`);
  };

  it("is nothing more where all is there", async () => {
    expect(await missing({})).toEqual([]);
  });

  it("is an engine that answers: without one, nothing else is asked", async () => {
    const dead = {
      version: () => Promise.reject(new Error("connect ENOENT /var/run/docker.sock")),
    } as unknown as Docker;
    const found = await missingOnHost(dead, localTopology(), undefined);
    expect(found).toHaveLength(1);
    expect(found[0]?.what).toContain("the Docker Engine doesn't answer: connect ENOENT /var/run/docker.sock");
  });

  it("is an engine that is new enough, memory and disk: all in one list", async () => {
    expect(await missing({ version: "19.03.1", memoryMiB: 1024 })).toEqual([
      "Docker Engine 20.10 or newer; this is 19.03.1 | upgrade Docker",
      expect.stringMatching(/^memory: \d+ MiB needed, the engine's machine has 1024 MiB \| /),
    ]);
    expect(await missing({ version: "20.10.0" })).toEqual([]);
    expect(await missing({ rootDir: "/proc" })).toEqual([
      expect.stringMatching(/^disk: 3 GiB needed, 0\.0 GiB free under \/proc/),
    ]);
  });

  it("is an image that is on the host, or that its registry has", async () => {
    const caddy = (reference: string): boolean => reference.startsWith("caddy:");
    const images = (reference: string): boolean => !caddy(reference);
    expect(await missing({ images })).toEqual([]);
    const gone = { statusCode: 404, json: { message: "manifest unknown" } };
    expect(await missing({ images, registry: () => gone })).toEqual([
      expect.stringMatching(/^the image caddy:\S+: manifest unknown \| .*muster:images\.mirror/),
    ]);
    const away = Object.assign(new Error("no route to host"), { statusCode: 500 });
    expect(await missing({ images, registry: () => away })).toEqual([
      expect.stringContaining("no route to host"),
    ]);
  });

  it("leaves an image that needs a sign-in to the pull, which has one", async () => {
    for (const statusCode of [401, 403])
      expect(await missing({ images: () => false, registry: () => ({ statusCode }) })).toEqual([]);
  });

  it("is a port that nobody else has", async () => {
    const found = await missing({}, { httpsPort: taken });
    expect(found).toEqual([
      expect.stringContaining(`port ${taken}/tcp on 127.0.0.1 for caddy: another program has it`),
    ]);
  });

  it("may be a port that this installation has already, known to its state or left behind", async () => {
    const holding = (Id: string, instance: string) => [
      {
        Id,
        Names: ["/muster-test-caddy"],
        Labels: label(instance),
        Ports: [{ PublicPort: taken, Type: "tcp" }],
        HostConfig: { NetworkMode: "bridge" },
      },
    ];
    for (const id of ["known", "stray"])
      expect(await missing({ containers: holding(id, "mine") }, { httpsPort: taken })).toEqual([]);
    expect(await missing({ containers: holding("other", "theirs") }, { httpsPort: taken })).toHaveLength(2);
  });

  it("is a UDP port that nobody else has, but what is on the host's network has its ports already", async () => {
    const socket = createSocket("udp4");
    await new Promise<void>((done) => socket.bind(0, "0.0.0.0", done));
    const { port: turnPort } = socket.address();
    const more = { calls: "embedded", media: { turnPort, embeddedPort: await free() } };
    expect(await missing({}, {}, state, more)).toEqual([
      `port ${turnPort}/udp on 0.0.0.0 for coturn: another program has it | stop that program, or set muster:media.turnPort`,
    ]);
    const own = {
      Id: "known",
      Names: ["/muster-test-coturn"],
      Labels: { ...label("mine"), "muster.service": "coturn" },
      Ports: [],
      HostConfig: { NetworkMode: "host" },
    };
    expect(await missing({ containers: [own] }, {}, state, more)).toEqual([]);
    await new Promise<void>((done) => socket.close(done));
  });

  it("is Linux for what shares the host's network", async () => {
    const more = { calls: "embedded", media: { embeddedPort: await free(), turnPort: await free() } };
    const [said, ...others] = await missing({ system: "Docker Desktop" }, {}, state, more);
    expect(said).toContain("Linux for coturn");
    expect(said).toContain("set muster:turn to off");
    expect(others).toEqual([]);
    expect(await missing({ system: "Docker Desktop" }, {}, state, { ...more, turn: "off" })).toEqual([]);
  });

  it("are names that no other installation has", async () => {
    const containers = [
      { Id: "other", Names: ["/muster-test-caddy"], Labels: label("theirs"), Ports: [], HostConfig: {} },
    ];
    const volumes = [{ Name: "muster-test-caddy-data", Labels: label("theirs") }];
    const [said] = await missing({ containers, volumes });
    expect(said).toContain(
      "taken by another installation, whose state isn't here: muster-test-caddy, muster-test-caddy-data",
    );
    expect(said).toContain("what starts with muster-test-");
  });

  it("may be names of this installation, known to its state or left behind by a killed update", async () => {
    const containers = [
      { Id: "stray", Names: ["/muster-test-caddy"], Labels: label("mine"), Ports: [], HostConfig: {} },
    ];
    const volumes = [{ Name: "muster-test-data", Labels: null }];
    expect(await missing({ containers, volumes })).toEqual([]);
    expect(await missing({ containers }, {}, "none")).toHaveLength(1);
  });
});

describe("what an up needs of tools", () => {
  it("is the Pulumi CLI; without it the plan still works, and the list says so", async () => {
    pulumi.mockResolvedValue({ code: 0, stdout: "v3", stderr: "" });
    expect(await missingTools()).toEqual([]);
    pulumi.mockResolvedValue({ code: 1, stdout: "", stderr: "noise\ncould not download\n" });
    expect(await missingTools()).toEqual([
      {
        what: "the Pulumi CLI: could not download",
        fix: expect.stringContaining("`npm run plan -- local` works without it"),
      },
    ]);
  });
});

describe("the list of what is missing", () => {
  it("is one error for a person that says that nothing was changed", async () => {
    await expect(requireAll([])).resolves.toBeUndefined();
    const refused = requireAll([
      { what: "a", fix: "b" },
      { what: "c", fix: "d" },
    ]);
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(
      "Nothing was changed. Missing:\n  - a\n      fix: b\n  - c\n      fix: d",
    );
  });
});
