import { edgeRules } from "../../policy/edge";
import { type Expected, type GraphResource, unknown } from "../../policy/graph";
import { machineRules } from "../../policy/machines";
import { remoteRules } from "../../policy/remote";
import { rules as allRules, violations } from "../../policy/rules";
import { firewallRules } from "../../policy/firewall";
import { brokenRules } from "../helpers/policyPack";
import { expected, good, labels } from "../helpers/goodGraph";

type Name = keyof typeof good;
/** Those of machines and of the edge have files of their own: machineRules.test.ts, edgeRules.test.ts. */
const elsewhere = [...machineRules, ...firewallRules, ...remoteRules, ...edgeRules];
const rules = allRules.filter((rule) => !elsewhere.includes(rule));

/** What the rules say of the graph with one resource changed; `undefined` removes an input or an option. */
function broken(name: Name, change: Partial<GraphResource>, expectation: Partial<Expected> = {}): string[] {
  const resource = { ...good[name], ...change };
  const resources = Object.values({ ...good, [name]: resource });
  return brokenRules({ resources, expected: { ...expected, ...expectation } });
}
const inputs = (name: Name, change: Record<string, unknown>, expectation: Partial<Expected> = {}): string[] =>
  broken(name, { inputs: { ...good[name].inputs, ...change } }, expectation);
const options = (name: Name, change: GraphResource["options"]): string[] =>
  broken(name, { options: { ...good[name].options, ...change } });

const health = good.app.inputs["healthcheck"] as object;
const bound = (source: string) => ({ type: "bind", source, target: "/host", readOnly: true });
const sees = { hostFolders: new Map([["app", ["/srv at /host"]]]) };
const job = { services: new Set<string>(), published: new Map([["app", []]]) };

/** With another image, pulled before. */
const both = (image: string): string[] => {
  const pulled = { ...good.image, inputs: { ...good.image.inputs, name: image } };
  const app = { ...good.app, inputs: { ...good.app.inputs, image } };
  return brokenRules({ resources: Object.values({ ...good, image: pulled, app }), expected });
};

/** For each rule: what breaks it. Each case breaks this rule alone. */
const violating: Record<string, (() => string[])[]> = {
  "old container goes first": [() => options("app", { deleteBeforeReplace: false })],
  "time to stop": [
    () => inputs("app", { destroyGraceSeconds: undefined }),
    () => inputs("app", { destroyGraceSeconds: 0 }),
  ],
  "memory limit without swap": [
    () => inputs("app", { memory: undefined }),
    () => inputs("app", { memory: 0, memorySwap: 0 }),
    () => inputs("app", { memorySwap: undefined }),
    () => inputs("app", { memorySwap: 128 }),
  ],
  "no capabilities but declared ones": [
    () => inputs("app", { capabilities: undefined }),
    () => inputs("app", { capabilities: { drops: [], adds: ["CAP_CHOWN"] } }),
    () => inputs("app", { capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN", "CAP_SYS_ADMIN"] } }),
    () =>
      inputs(
        "app",
        { capabilities: { drops: ["ALL"], adds: ["CHOWN"] } },
        { capabilities: new Map([["app", ["CHOWN"]]]) },
      ),
  ],
  "no new privileges": [
    () => inputs("app", { securityOpts: undefined }),
    () => inputs("app", { privileged: true }),
  ],
  "services come back, jobs don't": [
    () => inputs("app", { restart: "no" }),
    () => inputs("app", { restart: "no", mustRun: false }),
    () => inputs("app", { mustRun: undefined }),
    () => inputs("app", { ports: [] }, job),
    () => inputs("app", { ports: [], restart: "no" }, job),
  ],
  "healthy before the next step": [
    () => inputs("app", { wait: false }),
    () => inputs("app", { waitTimeout: 0 }),
    () => inputs("app", { healthcheck: { ...health, tests: ["NONE"] } }),
    () => inputs("app", { healthcheck: { ...health, tests: undefined } }),
  ],
  "durations as Docker prints them": ["60s", "1m", "90s", "1h", "0m5s", "01m0s", "1h0s", "5", undefined].map(
    (interval) => () => inputs("app", { healthcheck: { ...health, interval } }),
  ),
  "exact image": ["app:latest", "app:1", "app:1.2", "app:1.2-alpine", "app", "postgres:18-alpine"].map(
    (image) => () => both(image),
  ),
  "image pulled first": [
    () => broken("app", { dependencies: [] }),
    () => inputs("image", { name: "app:1.2.4" }),
  ],
  "no change without effect": [
    () => options("app", { replaceOnChanges: [] }),
    ...["healthcheck", "tmpfs", "mounts", "init"].map((key) => () => {
      const { replaceOnChanges } = good.app.options as { replaceOnChanges: string[] };
      return options("app", { replaceOnChanges: replaceOnChanges.filter((one) => one !== key) });
    }),
  ],
  "logs rotate": [
    () => inputs("app", { logOpts: undefined }),
    () => inputs("app", { logOpts: { "max-size": "10m" } }),
    () => inputs("app", { logOpts: { "max-file": "3" } }),
    () => inputs("app", { logDriver: undefined }),
  ],
  "read-only root": [
    () => inputs("app", { readOnly: undefined }),
    () => inputs("app", { readOnly: false }),
    () => inputs("app", {}, { writableRoots: new Set(["app"]) }),
  ],
  "no folders of the host but declared ones": [
    () => inputs("app", { mounts: [bound("/var/run")] }),
    () => inputs("app", { mounts: [{ ...bound("/srv"), type: "volume" }] }),
    () => inputs("app", { mounts: [bound("/srv")] }, { hostFolders: new Map([["app", ["/etc at /host"]]]) }),
    () => inputs("app", { mounts: [{ ...bound("/srv"), target: "/" }] }, sees),
    () => inputs("app", { mounts: [] }, sees),
    () => inputs("app", { volumes: [{ hostPath: "/srv", containerPath: "/host" }] }),
  ],
  "others' volumes are read-only": [
    () => inputs("app", { mounts: [{ source: "muster-test-other-data", readOnly: false }] }),
    () => inputs("app", { mounts: [{ source: "muster-test-other-data" }] }),
  ],
  "uploads into a writable root": [() => inputs("app", { uploads: [{ file: "/a" }] })],
  "no secret where docker inspect shows it": [
    () => inputs("app", { envs: ["A=1", { secret: "B=2" }] }),
    () => inputs("app", { command: [{ secret: unknown }] }),
    () => inputs("app", { entrypoints: { secret: ["a"] } }),
    () => inputs("app", { labels: [...labels, { label: "x", value: { secret: "y" } }] }),
  ],
  "published as planned": [
    () => inputs("app", { ports: [] }),
    () => inputs("app", { ports: [{ ip: "0.0.0.0", external: 8443, internal: 443, protocol: "tcp" }] }),
    () =>
      inputs("app", {
        ports: [...(good.app.inputs["ports"] as object[]), { external: 22, internal: 22, protocol: "tcp" }],
      }),
    ...["0.0.0.0", "203.0.113.9", "127.0.0.1"].map(
      (ip) => () =>
        inputs(
          "app",
          { ports: [{ ip, external: 5222, internal: 5222, protocol: "tcp" }] },
          { published: new Map([["app", ["private:5222->5222/tcp"]]]) },
        ),
    ),
  ],
  "on named networks only": [
    () => inputs("app", { networkMode: "host", networksAdvanced: [] }),
    () => inputs("app", { networkMode: undefined }),
    () => inputs("app", { networksAdvanced: [] }),
    () => inputs("app", { networkMode: "none" }),
  ],
  "failures show the last log lines": [() => options("app", { hooks: {} })],
  "explicit provider": [
    () => broken("volume", { provider: { urn: "urn::gone" } }),
    () => {
      const { provider, ...rest } = good.password;
      expect(provider).toBeDefined();
      const resources = Object.values({ ...good, password: rest });
      return brokenRules({ resources, expected });
    },
  ],
  "a parent of its own": [
    () => broken("volume", { parent: "urn::stack" }),
    () => broken("platform", { parent: "urn::gone" }),
  ],
  "one engine, named": [
    () => inputs("engine", { host: undefined }),
    () => inputs("engine", { host: "tcp://10.0.0.1:2375" }),
  ],
  "no stray context": [
    () => inputs("engine", { context: undefined }),
    () => inputs("engine", { context: "default" }),
  ],
  "images stay on the host": [() => inputs("image", { keepLocally: undefined })],
  "kept volumes": [
    () => options("volume", { ...good.volume.options, protect: false }),
    () => options("scratch", { protect: true }),
  ],
  "kept volumes stay": [
    () => options("volume", { ...good.volume.options, retainOnDelete: false }),
    () => options("scratch", { retainOnDelete: true }),
  ],
  "kept secrets": [
    () => options("password", { protect: false }),
    () => broken("password", {}, { keepSecrets: false }),
  ],
  "no secret in an id": [() => broken("password", { type: "random:index/randomBytes:RandomBytes" })],
  "no way out": [
    () => inputs("network", { internal: false }),
    () => inputs("network", { internal: undefined }),
    () => inputs("outside", { options: {} }),
    () => inputs("outside", { options: undefined }),
  ],
  "networks are replaced in place": [() => options("network", { deleteBeforeReplace: false })],
  "labelled as ours": [
    () => inputs("volume", { labels: undefined }),
    ...labels.map(
      ({ label }) =>
        () =>
          inputs("network", { labels: labels.filter((one) => one.label !== label) }),
    ),
    () => inputs("app", { labels: labels.map(({ label }) => ({ label, value: "" })) }),
  ],
  "no secret in the clear": [
    () => inputs("app", { envs: ["TOKEN=a-given-secret"] }),
    () => inputs("volume", { driverOpts: { o: "password=a-given-secret" } }),
  ],
  "no generated secret in the clear": [
    () => inputs("app", { envs: ["PASSWORD=s3cret-s3cret"] }),
    () => inputs("volume", { driverOpts: { o: "password=s3cret-s3cret" } }),
  ],
  "digest as locked": [
    () => both("locked:1.2.3"),
    () => both("locked:1.2.3@sha256:another"),
    () => inputs("other", { name: "locked:1.2.3" }),
  ],
  "no admin port published": ["0.0.0.0", "203.0.113.9", undefined].map(
    (ip) => () =>
      inputs(
        "app",
        { ports: [{ ip, external: 1234, internal: 9000, protocol: "tcp" }] },
        { published: new Map([["app", [`${String(ip)}:1234->9000/tcp`]]]) },
      ),
  ),
};

/** What can't be known in a preview: no rule may judge it, and no rule may fall over it. */
const undecided: [Name, string][] = [
  ...Object.keys(good.app.inputs).map((key): [Name, string] => ["app", key]),
  ["app", "uploads"],
  ["network", "internal"],
  ["network", "labels"],
  ["outside", "options"],
  ["image", "keepLocally"],
  ["engine", "host"],
];

describe("the rules", () => {
  it("say nothing of a graph in which all is right", () => {
    expect(violations({ resources: Object.values(good), expected })).toEqual([]);
  });

  it("each have a case here, a reason and a fix", () => {
    expect(rules.map(({ name }) => name).sort()).toEqual(Object.keys(violating).sort());
    for (const { why, fix } of rules) expect([why.length > 20, fix.length > 5]).toEqual([true, true]);
  });

  it.each(rules.map(({ name }) => name))("%s: every violation is found, and called nothing else", (name) => {
    for (const violate of violating[name] ?? []) expect(violate()).toEqual([name]);
  });

  it.each(undecided)("what %s gives as %s isn't judged before it is known", (name, key) => {
    const said = inputs(name, { [key]: unknown });
    expect(said.filter((rule) => rule !== "image pulled first")).toEqual([]);
  });

  it("judge a value that is known and secret by what it is, and don't show it", () => {
    expect(inputs("app", { memory: { secret: 64 }, memorySwap: { secret: 64 } })).toEqual([]);
    const [line] = violations({
      resources: Object.values({
        ...good,
        app: { ...good.app, inputs: { ...good.app.inputs, restart: { secret: "s3cret-s3cret" } } },
      }),
      expected,
    });
    expect(line).toContain("services come back");
    expect(line).not.toContain("s3cret");
  });

  it("say which resource, which rule, what, and how to mend it", () => {
    const resources = Object.values({
      ...good,
      app: { ...good.app, options: { ...good.app.options, deleteBeforeReplace: false } },
    });
    expect(violations({ resources, expected })[0]).toMatch(
      /^docker:index\/container:Container app: old container goes first: options: .* \(fix: deleteBeforeReplace: true\)$/,
    );
  });
});
