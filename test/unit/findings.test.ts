import type { Finding } from "../../stacks/topology/types";
import { localTopology } from "../helpers/stacks";

type Change = Record<string, unknown>;
const mail = { host: "smtp.example.org", from: "chat@example.org" };
const plugin = {
  id: "com.example.plugin",
  version: "1.0.0",
  url: "https://example.org/p.tar.gz",
  sha256: "0".repeat(64),
};
const cloud = (size: string, more: Change = {}): Change => ({
  provider: "digitalocean",
  region: "fra1",
  size,
  ...more,
});
const cloudflare = { provider: "cloudflare", zone: "example.org" };
const findingsFor = (change: Change, encrypted: string[] = []): readonly Finding[] =>
  localTopology(change, encrypted).findings;
const errorsFor = (change: Change, encrypted: string[] = []): Finding[] =>
  findingsFor(change, encrypted).filter(({ severity }) => severity === "error");

interface Case {
  name: string;
  bad: Change;
  good: Change;
  /** Secret settings that are there in both. */
  secrets?: string[];
  /** … and in the good case besides. */
  goodSecrets?: string[];
  expected: Partial<Finding>;
}

const errors: Case[] = [
  {
    name: "an edition that can't do it",
    bad: { chat: { guests: true } },
    good: { chat: { guests: true }, edition: "enterprise" },
    expected: { key: "muster:chat.guests" },
  },
  {
    name: "more active than there are accounts",
    bad: { people: { accounts: 10, active: 11 } },
    good: { people: { accounts: 10, active: 10 } },
    expected: { key: "muster:people.active", given: "11", problem: "more than people.accounts" },
  },
  {
    name: "more in calls than are active",
    bad: { people: { active: 5, inCalls: 6 } },
    good: { people: { active: 5, inCalls: 5 } },
    expected: { key: "muster:people.inCalls", given: "6", problem: "more than people.active" },
  },
  {
    name: "more in calls than the chat server carries",
    bad: { calls: "embedded", people: { active: 100, accounts: 100, inCalls: 51 } },
    good: { calls: "embedded", people: { active: 100, accounts: 100, inCalls: 50 } },
    expected: { key: "muster:people.inCalls", given: "51 with calls: embedded" },
  },
  {
    name: "rtcd where the server would ignore it",
    bad: { calls: "rtcd", edition: "enterprise" },
    good: { calls: "rtcd", edition: "enterprise" },
    goodSecrets: ["licence"],
    expected: { key: "muster:calls", given: "rtcd", problem: expect.stringContaining("ignore it silently") },
  },
  {
    name: "a relay range that overlaps another port",
    bad: { meetings: "jitsi", media: { relayFirstPort: 9980 } },
    good: { meetings: "jitsi", media: { relayFirstPort: 9960 } },
    expected: {
      key: "muster:media.relayFirstPort",
      given: "10000/udp for jitsi-jvb media and 9980-10019/udp for coturn relay",
    },
  },
  {
    name: "a relay range that doesn't fit",
    bad: { calls: "embedded", media: { relayFirstPort: 65_497 } },
    good: { calls: "embedded", media: { relayFirstPort: 65_496 } },
    expected: { key: "muster:media.relayFirstPort", allowed: "at most 65496" },
  },
  {
    name: "calls and the relay on one port",
    bad: { calls: "embedded", media: { embeddedPort: 4000, turnPort: 4000 } },
    good: { calls: "embedded", media: { embeddedPort: 4000, turnPort: 4001 } },
    expected: { key: "muster:media.turnPort" },
  },
  {
    name: "calls of fewer than two",
    bad: { calls: "embedded", people: { inCalls: 1 } },
    good: { calls: "embedded", people: { inCalls: 2 } },
    expected: {
      key: "muster:people.inCalls",
      given: "1",
      fix: expect.stringContaining("muster:calls to off"),
    },
  },
  {
    name: "meetings of nobody",
    bad: { meetings: "jitsi", people: { inMeetings: 0 } },
    good: { people: { inMeetings: 0 } },
    expected: { key: "muster:people.inMeetings", given: "0" },
  },
  {
    name: "two sites with one name",
    bad: { meetings: "jitsi", sites: { chat: "team", meet: "team" } },
    good: { sites: { chat: "team", meet: "team" } },
    expected: { key: "muster:sites.meet", given: "team" },
  },
  {
    name: "a site that the edge's certificate doesn't cover",
    bad: { domain: "dev.example.org", edge: cloudflare },
    good: { domain: "example.org", edge: cloudflare },
    expected: { key: "muster:sites.chat", given: "chat.dev.example.org in the zone example.org" },
  },
  {
    name: "more in meetings than are active",
    bad: { people: { active: 5, inMeetings: 6 } },
    good: { people: { active: 5, inMeetings: 5 } },
    expected: { key: "muster:people.inMeetings", given: "6" },
  },
  {
    name: "a domain outside the zone",
    bad: { domain: "badexample.org", edge: cloudflare },
    good: { domain: "team.example.org", edge: cloudflare },
    expected: { key: "muster:domain", given: "badexample.org", problem: "not in the zone" },
  },
  {
    name: "a public certificate for a local name",
    bad: { domain: "team.localhost", edge: { provider: "none", tls: "acme" } },
    good: { domain: "team.localhost", edge: { provider: "none", tls: "internal" } },
    expected: { key: "muster:edge.tls" },
  },
  {
    name: "public certificates on ports that nobody asks",
    bad: { domain: "example.org", web: { httpsPort: 8443 } },
    good: { domain: "example.org", web: { httpsPort: 8443 }, edge: { provider: "none", tls: "internal" } },
    expected: { key: "muster:web", given: "httpPort 80, httpsPort 8443" },
  },
  {
    name: "public certificates with another port for HTTP",
    bad: { domain: "example.org", web: { httpPort: 8080 } },
    good: { domain: "example.org" },
    expected: { key: "muster:web", given: "httpPort 8080, httpsPort 443" },
  },
  {
    name: "a mail user without a password",
    bad: { mail: { ...mail, username: "u" } },
    good: { mail: { ...mail, username: "u" } },
    goodSecrets: ["mailPassword"],
    expected: { key: "muster:mailPassword", problem: "missing, but muster:mail.username is there" },
  },
  {
    name: "a mail password without a user",
    bad: { mail },
    good: { mail: { ...mail, username: "u" } },
    secrets: ["mailPassword"],
    expected: { key: "muster:mailPassword", problem: "without muster:mail.username nobody uses it" },
  },
  {
    name: "a mail password without mail",
    bad: {},
    good: { mail: { ...mail, username: "u" } },
    secrets: ["mailPassword"],
    expected: { key: "muster:mailPassword" },
  },
  {
    name: "a plugin twice",
    bad: { chat: { plugins: [plugin, { ...plugin, version: "2.0.0" }] } },
    good: { chat: { plugins: [plugin, { ...plugin, id: "com.example.other" }] } },
    expected: { key: "muster:chat.plugins", given: "com.example.plugin" },
  },
  {
    name: "one port for two doors",
    bad: { web: { httpPort: 8443, httpsPort: 8443 } },
    good: { web: { httpPort: 8080, httpsPort: 8443 } },
    expected: { key: "muster:web", problem: "two services want the same port" },
  },
  {
    name: "a machine with too little memory",
    bad: { domain: "example.org", host: cloud("s-1vcpu-1gb") },
    good: { domain: "example.org", host: cloud("s-1vcpu-2gb") },
    expected: { key: "muster:host.size", given: "1024 MiB", problem: "too little memory for these people" },
  },
  {
    name: "a server with too little memory",
    bad: { host: { provider: "local", memoryMiB: 1919, cpus: 1 } },
    good: { host: { provider: "local", memoryMiB: 1920, cpus: 1 } },
    expected: { key: "muster:host.memoryMiB", allowed: "at least 1920 MiB" },
  },
  {
    name: "a machine with too few CPUs",
    bad: {
      domain: "example.org",
      host: cloud("s-2vcpu-4gb", { dataDiskGiB: 1000 }),
      people: { accounts: 2000, active: 2000 },
      edition: "enterprise",
    },
    good: {
      domain: "example.org",
      host: cloud("s-8vcpu-16gb", { dataDiskGiB: 1200 }),
      people: { accounts: 2000, active: 2000 },
      edition: "enterprise",
    },
    expected: { key: "muster:host.size", given: "2", problem: "too few CPUs for these people" },
  },
  {
    name: "a server with too few CPUs",
    bad: {
      host: { provider: "local", memoryMiB: 16_384, cpus: 2 },
      people: { accounts: 2000, active: 2000 },
      edition: "enterprise",
    },
    good: {
      host: { provider: "local", memoryMiB: 16_384, cpus: 3 },
      people: { accounts: 2000, active: 2000 },
      edition: "enterprise",
    },
    expected: { key: "muster:host.cpus", given: "2", allowed: "at least 3" },
  },
  {
    name: "too small a data disk",
    bad: {
      domain: "example.org",
      host: cloud("s-2vcpu-4gb", { dataDiskGiB: 10 }),
      people: { accounts: 100, active: 10 },
    },
    good: {
      domain: "example.org",
      host: cloud("s-2vcpu-4gb", { dataDiskGiB: 60 }),
      people: { accounts: 100, active: 10 },
    },
    expected: { key: "muster:host.dataDiskGiB", given: "10 GiB" },
  },
];

describe("errors in a plan", () => {
  it.each(errors)("$name", ({ bad, good, secrets = [], goodSecrets = [], expected }) => {
    const found = errorsFor(bad, secrets);
    expect(found).toContainEqual(expect.objectContaining(expected));
    for (const { fix, key } of found) expect([key, fix]).not.toContain("");
    const still = errorsFor(good, [...secrets, ...goodSecrets]);
    expect(still.filter(({ key, problem }) => key === expected.key && problem === found[0]?.problem)).toEqual(
      [],
    );
  });

  it.each(["latest", "stable", "11", "11.7", "2-alpine", "2.11-alpine", "release-11", "main"])(
    "a rolling tag in an override: %s",
    (tag) => {
      const images = { overrides: { caddy: `registry.example.org/caddy:${tag}` } };
      expect(errorsFor({ images })).toMatchObject([{ key: "muster:images.overrides.caddy" }]);
    },
  );

  it.each([
    ["caddy", "caddy:2.11.4"],
    ["caddy", "caddy:2.11.4-alpine"],
    ["caddy", `caddy:latest@sha256:${"0".repeat(64)}`],
    ["postgres-18", "registry.example.org:5000/postgres:18.6-alpine"],
    ["postgres-18", "postgres:18.6"],
    ["mattermost-team", "m.example.org/team:11.7.10-rc1"],
  ])("an exact tag in an override is none: %s %s", (image, reference) => {
    expect(errorsFor({ images: { overrides: { [image]: reference } } })).toEqual([]);
  });

  it("a major version alone is rolling for PostgreSQL too", () => {
    for (const tag of ["18", "18-alpine"])
      expect(errorsFor({ images: { overrides: { "postgres-18": `postgres:${tag}` } } })).toHaveLength(1);
  });

  it("come first, before warnings and notes", () => {
    const order = findingsFor({ domain: "a.org", host: cloud("s-1vcpu-1gb") }).map(
      ({ severity }) => severity,
    );
    expect(order).toEqual([...order].sort((a, b) => "ewn".indexOf(a.charAt(0)) - "ewn".indexOf(b.charAt(0))));
    expect(new Set(order)).toEqual(new Set(["error", "warning", "note"]));
  });
});
