import fc from "fast-check";
import { parse } from "yaml";
import { cautions, collect } from "../../cli/init.collect";
import { fileOf, mostLines, secretsFor, topologyFor } from "../../cli/init.file";
import { describeTokens, tokensAmong, tokensFromEnvironment } from "../../cli/init.keys";
import type { Answers } from "../../cli/init.questions";
import { parseSettings } from "../../stacks/settings/parse";
import { secretSettings } from "../../stacks/settings/secrets";
import { errorsOf, topologyOf } from "../../stacks/topology";
import { unsaidSsh } from "../../stacks/topology/machine";
import { environmentName } from "../../stacks/topology/providers";
import { type Size, sizes } from "../../stacks/topology/sizes";

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample";
const common = { domain: "example.org", email: "ops@example.org", secrets: "passphrase" };
const s3 = "s3://AKIAHOST@team-backups?region=eu-central-1";
const flags: Record<string, Record<string, string>> = {
  local: { provider: "local" },
  digitalocean: { ...common, provider: "digitalocean", place: "ams3", backup: s3, state: "file" },
  aws: {
    ...common,
    provider: "aws",
    place: "eu-west-1",
    accessKeyId: "AKIAEXAMPLEEXAMPLE",
    backup: s3,
    state: "s3://AKIASTATE@team-state?region=eu-west-1",
  },
  existing: {
    ...common,
    provider: "existing",
    place: "admin@203.0.113.10:2222",
    server: `2 4096 ${hostKey}`,
    backup: `sftp://muster@backups.example.org:23/srv/backups ${hostKey}`,
    state: "pulumi",
  },
};

const collected = async (given: Record<string, string>): Promise<Answers> => {
  const { answers, problems } = await collect(given);
  expect(problems).toEqual([]);
  return answers as Answers;
};
/** The file, as the program reads it once Pulumi has put the secrets into it. */
function reread(text: string, answers: Answers) {
  const { config } = parse(text) as { config: Record<string, unknown> };
  const values = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.replace(/^muster:/, ""), value]),
  );
  return topologyOf(
    "new",
    parseSettings({ source: "Pulumi.new.yaml", values, encrypted: secretsFor(answers) }),
  );
}

describe("answers", () => {
  it.each(Object.entries(flags))("make a stack's file: %s", async (_, given) => {
    const answers = await collected(given);
    const text = fileOf("new", answers);
    const topology = reread(text, answers);
    expect(errorsOf(topology)).toEqual([]);
    expect(unsaidSsh(topology)).toEqual([]);
    expect(topology).toMatchObject({ settings: topologyFor("new", answers).settings });
    expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(mostLines);
  });

  it("become the settings that they mean", async () => {
    const existing = reread(
      fileOf("new", await collected(flags["existing"] ?? {})),
      flags["existing"] as never,
    );
    expect(existing.settings).toMatchObject({
      domain: "example.org",
      host: { address: "203.0.113.10", user: "admin", port: 2222, hostKey, memoryMiB: 4096, cpus: 2 },
      people: { accounts: 20, active: 12 },
      chat: { administrator: { email: "ops@example.org" } },
      edge: { provider: "none", email: "ops@example.org" },
      backup: {
        target: {
          kind: "sftp",
          host: "backups.example.org",
          port: 23,
          user: "muster",
          path: "/srv/backups",
          hostKey,
        },
      },
      state: { backend: "https://api.pulumi.com" },
    });
    const aws = reread(fileOf("new", await collected(flags["aws"] ?? {})), flags["aws"] as never);
    expect(aws.settings).toMatchObject({
      host: { provider: "aws", region: "eu-west-1", accessKeyId: "AKIAEXAMPLEEXAMPLE" },
      backup: {
        target: {
          kind: "s3",
          endpoint: "https://s3.eu-central-1.amazonaws.com",
          region: "eu-central-1",
          bucket: "team-backups",
          accessKeyId: "AKIAHOST",
        },
      },
      state: { backend: "s3://team-state?region=eu-west-1", accessKeyId: "AKIASTATE" },
    });
  });

  const label = fc.stringMatching(/^[a-z][a-z0-9]{0,20}$/);
  const long = fc.stringMatching(/^[a-z]{40,60}$/);
  const word = fc.oneof(label, long);
  const bucketLine = fc
    .tuple(fc.stringMatching(/^[A-Z0-9]{16,100}$/), fc.stringMatching(/^[a-z0-9]{3,63}$/), word)
    .map(([id, name, host]) => `s3://${id}@${name}?region=eu-central-1&endpoint=https://${host}.example.org`);
  const any = fc.record({
    provider: fc.constantFrom("local", "existing", "digitalocean", "aws"),
    domain: fc.tuple(word, word).map((parts) => parts.join(".")),
    people: fc.integer({ min: 2, max: 150 }).map(String),
    edition: fc.constantFrom("team", "enterprise"),
    email: fc.tuple(word, label).map(([user, host]) => `${user}@${host}.org`),
    address: fc.ipV4(),
    backup: fc.oneof(
      bucketLine,
      fc.constantFrom("folder", "/srv/backups", `sftp://u@b.example.org/srv ${hostKey}`),
    ),
    state: fc.oneof(
      bucketLine,
      fc.constantFrom("file", "pulumi", "s3://state?region=eu-central-1", "file:///srv/state"),
    ),
    user: fc.constantFrom("", "admin@"),
  });

  it("that are all taken make a file of at most 20 lines that is refused by nothing", async () => {
    await fc.assert(
      fc.asyncProperty(any, async ({ address, user, ...rest }) => {
        const { provider } = rest;
        const cloud = provider === "aws" ? { accessKeyId: "AKIAEXAMPLEEXAMPLE" } : {};
        const server = { place: `${user}${address}`, server: `16 65536 ${hostKey}` };
        const local = { provider, domain: rest.domain, people: rest.people, backup: rest.backup };
        const given =
          provider === "local"
            ? local
            : provider === "existing"
              ? { ...rest, ...server }
              : { ...rest, ...cloud };
        // What loops back is no other machine.
        fc.pre(!address.startsWith("127."));
        const answers = await collected(given);
        const text = fileOf("new", answers);
        expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(mostLines);
        expect(errorsOf(reread(text, answers))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it.each(["digitalocean", "aws"] as const)(
    "at %s get the smallest size that fits, and a disk that does",
    async (provider) => {
      for (const people of ["2", "20", "60", "120"]) {
        const answers = await collected({ ...flags[provider], people });
        const { host } = topologyFor("new", answers).settings;
        if (host.provider !== provider) throw new Error("another provider");
        const all = sizes[provider] as Record<string, Size>;
        const chosen = all[host.size];
        const smaller = Object.keys(all).filter(
          (name) => (all[name]?.memoryMiB ?? 0) < (chosen?.memoryMiB ?? 0),
        );
        for (const size of smaller)
          expect(errorsOf(topologyFor("new", { ...answers, size })).map(({ key }) => key)).toContain(
            "muster:host.size",
          );
        expect(errorsOf(topologyFor("new", answers))).toEqual([]);
      }
    },
  );

  it("say where something would be lost", async () => {
    expect(cautions(await collected(flags["local"] ?? {}))).toEqual([]);
    expect(cautions(await collected(flags["aws"] ?? {}))).toEqual([]);
    expect(cautions(await collected({ ...flags["digitalocean"], backup: "folder" }))).toEqual([
      expect.stringContaining("Backups on the host"),
      expect.stringContaining("The state on this machine"),
    ]);
  });
});

describe("questions", () => {
  it.each(Object.entries(flags))("are at most ten, and each is a flag: %s", async (_, given) => {
    const asked: string[] = [];
    const person = await collect({}, ({ name, fallback }, known) => {
      asked.push(name);
      return Promise.resolve(given[name] ?? (fallback(known) === undefined ? "?" : ""));
    });
    expect(asked.length).toBeLessThanOrEqual(10);
    expect(person).toEqual({ answers: await collected(given), problems: [] });
    const answered = Object.fromEntries(Object.entries(person.answers).map(([name, value]) => [name, value]));
    const silent = await collect(answered, () => Promise.reject(new Error("asked")));
    expect(silent.answers).toEqual(person.answers);
  });

  it("are asked again with what was wrong, as the schema says it", async () => {
    const typed = [
      "digitalocean",
      "Not A Domain",
      "localhost",
      "example.org",
      "0",
      "99999999",
      "9",
      "gratis",
      "team",
    ];
    const heard: string[] = [];
    const answers = collect({}, ({ name }, _known, wrong) => {
      if (wrong !== undefined) heard.push(`${name}: ${wrong.problem}`);
      const next = typed.shift();
      return next === undefined ? Promise.reject(new Error("enough")) : Promise.resolve(next);
    });
    await expect(answers).rejects.toThrow("enough");
    expect(heard).toEqual([
      "domain: not a domain name",
      "domain: not understood",
      "people: too small",
      "people: too large",
      "edition: not allowed",
    ]);
  });

  it.each([
    ["--people", { people: "1" }],
    ["--people", { people: "200000" }],
    ["--people", { people: "many" }],
    ["--place", { place: "Frankfurt 1" }],
    ["--email", { email: "ops" }],
    ["--backup", { backup: "s3://team-backups" }],
    ["--backup", { backup: "s3://KEY@UPPER" }],
    ["--backup", { backup: "sftp://muster@host/srv" }],
    ["--state", { state: "gs://bucket" }],
    ["--secrets", { secrets: "none" }],
    ["--secrets", { secrets: "awskms://alias/muster", state: "s3://KEY@team-state" }],
    ["--size", { size: "huge" }],
    ["--server", { server: `2 4096 ${hostKey}` }],
  ])("refuse a wrong flag by its name: %s %j", async (flag, wrong) => {
    const { problems } = await collect({ ...flags["digitalocean"], ...(wrong as object) });
    expect(problems).toMatchObject([{ key: flag }]);
  });

  it.each([
    ["too little memory", `2 1024 ${hostKey}`],
    ["an RSA key", "2 4096 ssh-rsa AAAAB3Nza"],
    ["no key", "2 4096"],
  ])("refuse a server with %s", async (_, server) => {
    const { problems } = await collect({ ...flags["existing"], server });
    expect(problems).toMatchObject([{ key: "--server" }]);
  });

  it("that nobody can be asked are one list", async () => {
    const { problems } = await collect({ provider: "existing" });
    expect(problems.map(({ key }) => key)).toEqual([
      "--domain",
      "--place",
      "--server",
      "--email",
      "--backup",
      "--state",
    ]);
  });
});

describe("tokens", () => {
  it("have a name in the environment that can be read", () => {
    expect(environmentName("digitaloceanToken")).toBe("MUSTER_DIGITALOCEAN_TOKEN");
    expect(environmentName("backupS3Secret")).toBe("MUSTER_BACKUP_S3_SECRET");
    const names = Object.keys(secretSettings).map((key) =>
      environmentName(key as keyof typeof secretSettings),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it("are listed with where to click and what they may do, for whatever isn't made here", async () => {
    for (const given of Object.values(flags)) {
      const secrets = secretsFor(await collected(given));
      const made = ["sshKey", "backupSshKey"];
      const listed = tokensAmong(secrets);
      expect(listed.map(({ secret }) => secret)).toEqual(secrets.filter((secret) => !made.includes(secret)));
      for (const { where, scopes } of listed)
        for (const text of [where, ...scopes]) expect(describeTokens(listed).join("\n")).toContain(text);
    }
  });

  it("that can't be tokens are refused without being shown", () => {
    const needed = tokensAmong(["digitaloceanToken", "backupS3Secret"]);
    const found = tokensFromEnvironment(needed, { MUSTER_DIGITALOCEAN_TOKEN: "too-short" });
    expect(found.values.size).toBe(0);
    expect(found.wrong).toEqual([
      expect.stringContaining("MUSTER_DIGITALOCEAN_TOKEN: allowed are 32 to 256"),
    ]);
    expect(found.missing).toEqual([expect.stringContaining("MUSTER_BACKUP_S3_SECRET (")]);
    expect(JSON.stringify(found)).not.toContain("too-short");
  });
});
