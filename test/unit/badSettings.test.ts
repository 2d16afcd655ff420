import { schemaAt } from "../../stacks/settings/describe";
import { parseSettings } from "../../stacks/settings/parse";
import { type Problem, SettingsError } from "../../stacks/settings/problems";
import { renamedKeys } from "../../stacks/settings/schema";
import { secretSettings } from "../../stacks/settings/secrets";

const source = "Pulumi.test.yaml";
const minimal = { domain: "example.org", host: { provider: "local" } };

function refused(values: Record<string, unknown>, encrypted: string[] = []): SettingsError {
  try {
    parseSettings({ source, values, encrypted });
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
const problems = (change: Record<string, unknown>, encrypted: string[] = []): readonly Problem[] =>
  refused({ ...minimal, ...change }, encrypted).problems;

describe("bad settings", () => {
  it("are reported all at once, each with key, given, allowed and fix", () => {
    const { message } = refused(
      {
        domian: "example.org",
        host: { provider: "local", adress: "10.0.0.1" },
        people: { accounts: -5, active: "many" },
        edition: "free",
        licence: "plain",
      },
      ["domain"],
    );
    expect(message).toBe(
      `Pulumi.test.yaml: 8 problems

  muster:licence: a secret in plain text
    allowed: an encrypted value (secure: ...)
    fix:     remove it, then npm run secret -- STACK licence; and change it wherever it is used, since it was readable

  muster:domain: encrypted, but no secret
    allowed: plain text; secrets are licence, mailPassword, turnSecret, backupKey, backupS3Secret, backupSshKey, alertWebhook, sshKey, digitaloceanToken, cloudflareToken, dnsToken, awsSecretAccessKey, stateSecretKey, diskKey
    fix:     write it in plain text: npx pulumi config set muster:domain ...

  muster:domain: missing
    allowed: a value of type string
    fix:     set muster:domain (Domain under which the sites live; \`localhost\` for this machine alone.)

  muster:host.adress: unknown key
    given:   "10.0.0.1"
    allowed: ${refused({ ...minimal, host: { provider: "local", adress: 1 } }).problems[0]?.allowed}
    fix:     did you mean muster:host.address?

  muster:edition: not allowed
    given:   "free"
    allowed: team, enterprise
    fix:     set muster:edition (Mattermost's edition; what each can do stands in docs/settings.md.)

  muster:people.accounts: too small
    given:   -5
    allowed: at least 1
    fix:     set muster:people.accounts (Accounts.)

  muster:people.active: wrong type
    given:   "many"
    allowed: a value of type number
    fix:     set muster:people.active (People active at once.)

  muster:domian: unknown key
    given:   "example.org"
    allowed: alertWebhook, awsSecretAccessKey, backup, backupKey, backupS3Secret, backupSshKey, calls, chat, cloudflareToken, digitaloceanToken, diskKey, dnsToken, domain, edge, edition, host, images, licence, machine, mail, mailPassword, media, meetingAccess, meetings, monitoring, people, postgres, protectData, sites, sshKey, state, stateSecretKey, turn, turnSecret, web
    fix:     did you mean muster:domain?`,
    );
  });

  it.each<[string, Record<string, unknown>, Partial<Problem>]>([
    ["a misspelt key", { pepole: {} }, { key: "muster:pepole", fix: "did you mean muster:people?" }],
    [
      "a misspelt inner key",
      { chat: { titel: "x" } },
      { key: "muster:chat.titel", fix: "did you mean muster:chat.title?" },
    ],
    ["a key like no other", { zzzzzz: 1 }, { key: "muster:zzzzzz", fix: "remove it" }],
    ["a key that every object inherits", { toString: 1 }, { problem: "unknown key", fix: "remove it" }],
    ["text for a number", { people: { accounts: "ten" } }, { problem: "wrong type", given: '"ten"' }],
    [
      "a fraction of a person",
      { people: { accounts: 1.5 } },
      { problem: "wrong type", allowed: "a whole number" },
    ],
    ["nobody", { people: { accounts: 0 } }, { problem: "too small", allowed: "at least 1" }],
    ["fewer than nobody", { people: { active: -1 } }, { problem: "too small", allowed: "at least 0" }],
    [
      "everybody on earth",
      { people: { accounts: 8e9 } },
      { problem: "too large", allowed: "at most 200000" },
    ],
    ["a list for a map", { people: [] }, { key: "muster:people", problem: "wrong type" }],
    ["nothing for a map", { people: null }, { key: "muster:people", given: "null" }],
    [
      "a port beyond the last",
      { web: { httpsPort: 65536 } },
      { problem: "too large", allowed: "at most 65535" },
    ],
    [
      "a domain with a space",
      { domain: "not a domain" },
      { problem: "not a domain name", given: '"not a domain"' },
    ],
    ["a domain in capitals", { domain: "Example.org" }, { problem: "not a domain name" }],
    [
      "a domain with an address's scheme",
      { domain: "https://example.org" },
      { problem: "not a domain name" },
    ],
    ["a domain with an empty label", { domain: "example..org" }, { problem: "not a domain name" }],
    [
      "a domain that is too long",
      { domain: Array(64).fill("abc").join(".") },
      { problem: "not a domain name" },
    ],
    ["a site with a dot", { sites: { chat: "a.b" } }, { problem: "not one DNS label" }],
    [
      "an address beyond 255",
      { host: { provider: "local", bind: "256.0.0.1" } },
      { problem: "not an IPv4 address" },
    ],
    [
      "an engine over TCP",
      { host: { provider: "local", engine: "tcp://10.0.0.1" } },
      { allowed: "unix:///path/to/docker.sock" },
    ],
    [
      "an email without a host",
      { edge: { provider: "none", email: "me" } },
      { problem: "not an email address" },
    ],
    [
      "an unknown provider",
      { host: { provider: "azure" } },
      {
        key: "muster:host.provider",
        given: '"azure"',
        allowed: "provider: local, existing, digitalocean, aws",
      },
    ],
    ["no provider", { host: {} }, { key: "muster:host.provider", problem: "missing" }],
    [
      "an unknown size",
      {
        host: { provider: "aws", region: "eu-central-1", size: "huge", accessKeyId: "AKIAEXAMPLEEXAMPLE12" },
      },
      { key: "muster:host.size", allowed: expect.stringContaining("t3a.small") },
    ],
    [
      "an unknown image",
      { images: { overrides: { nginx: "nginx:1.2.3" } } },
      { key: "muster:images.overrides.nginx" },
    ],
    [
      "an image without a tag",
      { images: { overrides: { caddy: "caddy" } } },
      { key: "muster:images.overrides.caddy" },
    ],
    [
      "a mirror with a scheme",
      { images: { mirror: "https://mirror.example.org" } },
      { key: "muster:images.mirror" },
    ],
    ["a title without letters", { chat: { title: "" } }, { allowed: "at least 1 characters" }],
    ["a title that is too long", { chat: { title: "x".repeat(31) } }, { allowed: "at most 30 characters" }],
    [
      "a plugin by a short checksum",
      { chat: { plugins: [{ id: "a1", version: "1.0.0", url: "https://e.org/p", sha256: "0123" }] } },
      { key: "muster:chat.plugins.0.sha256" },
    ],
    [
      "a plugin by FTP",
      { chat: { plugins: [{ id: "a1", version: "1.0.0", url: "ftp://e.org/p", sha256: "0".repeat(64) }] } },
      { key: "muster:chat.plugins.0.url" },
    ],
    [
      "a plugin of any version",
      {
        chat: { plugins: [{ id: "a1", version: "latest", url: "https://e.org/p", sha256: "0".repeat(64) }] },
      },
      { key: "muster:chat.plugins.0.version" },
    ],
  ])("%s is one problem", (_what, change, expected) => {
    const found = problems(change);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject(expected);
    expect(found[0]?.fix).not.toBe("");
  });

  it.each(Object.entries(renamedKeys))("the old key %s says that it is muster:%s now", (old, now) => {
    const path = old.split(".");
    const change = path.reduceRight<unknown>((inner, part) => ({ [part]: inner }), "x") as Record<
      string,
      unknown
    >;
    const mail = { host: "smtp.example.org", from: "a@example.org" };
    const found = problems(path[0] === "mail" ? { mail: { ...mail, [path[1] ?? ""]: "x" } } : change);
    expect(found).toMatchObject([
      { key: `muster:${old}`, problem: "renamed key", fix: `it is called muster:${now} now` },
    ]);
    expect(Object.hasOwn(secretSettings, now) || schemaAt(now.split(".")) !== undefined).toBe(true);
    expect(schemaAt(path)).toBeUndefined();
  });

  it.each(Object.keys(secretSettings))(
    "the secret %s in plain text is refused without being shown",
    (key) => {
      const found = refused({ ...minimal, [key]: "hunter2-hunter2" });
      expect(found.problems).toMatchObject([{ key: `muster:${key}`, problem: "a secret in plain text" }]);
      expect(found.message).not.toContain("hunter2");
    },
  );

  it("an encrypted value for a key that is no secret is refused", () => {
    expect(problems({}, ["people"])).toMatchObject([
      { key: "muster:people", problem: "encrypted, but no secret" },
    ]);
  });

  it("an encrypted value for a misspelt secret is refused, with the right key", () => {
    expect(problems({}, ["mailPasword"])).toMatchObject([
      { key: "muster:mailPasword", problem: "unknown key", fix: "did you mean muster:mailPassword?" },
    ]);
  });

  it("long values are cut off", () => {
    const [problem] = problems({ edition: "x".repeat(500) });
    expect(problem?.given).toHaveLength(120);
  });
});
