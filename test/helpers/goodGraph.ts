/** A graph that breaks no rule: tests change one thing in it. */

import { type Expected, type GraphResource, types } from "../../policy/graph";

export const stack: GraphResource = {
  type: types.stack,
  name: "muster-test",
  urn: "urn::stack",
  custom: false,
  inputs: {},
  dependencies: [],
  options: {},
};
export const part = (type: string, name: string, change: Partial<GraphResource> = {}): GraphResource => ({
  type,
  name,
  urn: `urn::${name}`,
  parent: "urn::platform",
  custom: true,
  ...(change.custom === false || type.startsWith("pulumi:providers:")
    ? {}
    : { provider: { urn: "urn::engine" } }),
  inputs: {},
  dependencies: [],
  options: {},
  ...change,
});
export const labels = ["muster.stack", "muster.instance", "muster.service"].map((label) => ({
  label,
  value: "x",
}));

export const good = {
  stack,
  platform: part("muster:platform:Platform", "platform", { custom: false, parent: "urn::stack" }),
  engine: part(types.dockerProvider, "engine", {
    inputs: { host: "unix:///var/run/docker.sock", context: "", registryAuth: { secret: "a-given-secret" } },
  }),
  image: part(types.image, "image", { inputs: { name: "app:1.2.3", keepLocally: true } }),
  other: part(types.image, "other", { inputs: { name: "locked:1.2.3@sha256:abc", keepLocally: true } }),
  network: part(types.network, "network-app", {
    inputs: { internal: true, labels },
    options: { deleteBeforeReplace: true },
  }),
  outside: part(types.network, "network-outside", {
    inputs: { internal: false, labels, options: { "com.docker.network.bridge.enable_icc": "false" } },
    options: { deleteBeforeReplace: true },
  }),
  volume: part(types.volume, "app-data", {
    inputs: { labels },
    options: { protect: true, retainOnDelete: true },
  }),
  scratch: part(types.volume, "app-run", { inputs: { labels } }),
  password: part(types.password, "password", {
    options: { protect: true },
    outputs: { result: { secret: "s3cret-s3cret" } },
  }),
  app: part(types.container, "app", {
    dependencies: ["urn::image"],
    inputs: {
      name: "muster-test-app",
      image: "app:1.2.3",
      mounts: [
        { source: "muster-test-app-data", target: "/data", readOnly: false },
        { source: "muster-test-other-data", target: "/other", readOnly: true },
      ],
      envs: ["A=1"],
      labels,
      memory: 64,
      memorySwap: 64,
      readOnly: true,
      capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN"] },
      securityOpts: ["no-new-privileges:true"],
      healthcheck: { tests: ["CMD", "true"], interval: "5s", timeout: "1m0s", startPeriod: "1h0m0s" },
      wait: true,
      waitTimeout: 60,
      restart: "unless-stopped",
      mustRun: true,
      logDriver: "json-file",
      logOpts: { "max-size": "10m", "max-file": "3" },
      destroyGraceSeconds: 10,
      networkMode: "bridge",
      networksAdvanced: [{ name: "app" }],
      ports: [{ ip: "127.0.0.1", external: 8443, internal: 443, protocol: "tcp" }],
    },
    options: {
      deleteBeforeReplace: true,
      replaceOnChanges: ["healthcheck", "tmpfs", "mounts", "init", "cpuPeriod", "cpuQuota"],
      hooks: { onError: ["show"] },
    },
  }),
} satisfies Record<string, GraphResource>;

/** What its topology would say. */
export const expected: Expected = {
  services: new Set(["app"]),
  published: new Map([["app", ["127.0.0.1:8443->443/tcp"]]]),
  hostNetworks: new Set(),
  hostFolders: new Map(),
  writableRoots: new Set(),
  capabilities: new Map([["app", ["CAP_CHOWN"]]]),
  keptVolumes: new Set(["app-data"]),
  keepSecrets: true,
  machines: "none",
  proxied: new Set(),
  administration: new Map([["app", [9000]]]),
  digests: new Map([["locked:1.2.3", "sha256:abc"]]),
  sshForEveryone: false,
  openings: new Map(),
};
