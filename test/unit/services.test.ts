import { services } from "../../components/services";
import { secretsIn } from "../../components/services/text";
import { secretSettings } from "../../stacks/settings/secrets";
import type { ServicePlan, Topology } from "../../stacks/topology";
import { localTopology } from "../helpers/stacks";

const mail = {
  host: "smtp.example.org",
  port: 465,
  security: "tls",
  username: "muster",
  from: "chat@example.org",
};
const topologies: [string, Topology][] = [
  ["the free edition", localTopology()],
  [
    "everything",
    localTopology({ edition: "enterprise", mail, chat: { guests: true, mfa: "enforced" } }, [
      "licence",
      "mailPassword",
    ]),
  ],
  [
    "a relay over TLS",
    localTopology(
      {
        domain: "example.org",
        meetings: "jitsi",
        turn: "tls",
        edge: { provider: "none", dns: { provider: "hetzner", tokenVariable: "HETZNER_API_TOKEN" } },
      },
      ["dnsToken"],
    ),
  ],
];
const mattermostOf = ({ services: all }: Topology): ServicePlan => {
  const plan = all.find(({ name }) => name === "mattermost");
  if (plan === undefined) throw new Error("no mattermost");
  return plan;
};
const environmentFor = (change: Record<string, unknown>, encrypted: string[] = []): Record<string, unknown> =>
  mattermostOf(localTopology(change, encrypted)).spec.environment;

describe.each(topologies)("the services' declarations, with %s", (_name, { services: plans }) => {
  it("have names of their own, also for their jobs and volumes", () => {
    const names = plans.flatMap(({ name, jobs, volumes }) => [
      name,
      ...jobs.map(({ job }) => `${name}-${job.name}`),
      ...volumes.map((volume) => `${name}-${volume.name}`),
    ]);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
  });

  it("give each port of a service a name, a number and a reason", () => {
    for (const { ports } of plans) {
      expect(new Set(ports.map(({ name }) => name)).size).toBe(ports.length);
      expect(new Set(ports.map(({ number, protocol }) => `${number}/${protocol}`)).size).toBe(ports.length);
      for (const { why } of ports) expect(why).not.toBe("");
    }
  });

  it("name consumers, predecessors and jobs' volumes that exist", () => {
    const known = services.map(({ name }) => name);
    for (const { service, ports, volumes } of plans) {
      for (const port of ports)
        if (port.exposure === "internal") expect(known).toEqual(expect.arrayContaining([...port.consumers]));
      expect(known).toEqual(expect.arrayContaining([...service.startsAfter]));
      for (const job of service.jobs)
        expect(volumes.map(({ name }) => name)).toEqual(expect.arrayContaining([...job.volumes]));
    }
  });

  it("use only secrets that something declares, and generate each once", () => {
    const generated = services.flatMap(({ generates = {} }) => Object.keys(generates));
    expect(new Set(generated).size).toBe(generated.length);
    const used = plans.flatMap(({ spec, jobs }) =>
      [spec, ...jobs.map((job) => job.spec)].flatMap(({ files = [] }) =>
        files.flatMap(({ content }) => secretsIn(content)),
      ),
    );
    for (const name of used) expect([...generated, ...Object.keys(secretSettings)]).toContain(name);
    for (const length of services.flatMap(({ generates = {} }) => Object.values(generates)))
      expect(length).toBeGreaterThanOrEqual(20);
  });

  it("give a reason for every exception from the hardened default and for every volume", () => {
    for (const { service, volumes } of plans) {
      const sandboxes = [service.sandbox, ...service.jobs.map(({ sandbox = {} }) => sandbox)];
      for (const { reason } of sandboxes.flatMap((sandbox) => Object.values(sandbox) as { reason: string }[]))
        expect(reason.length).toBeGreaterThan(10);
      for (const { why } of volumes) expect(why).not.toBe("");
    }
  });

  it("run nobody as root but backups, which read everybody's files; others see a volume of who runs as the same user", () => {
    for (const { service, sees } of plans) {
      const root = service.name === "backup";
      expect([service.user.uid === 0, service.user.gid === 0]).toEqual([root, root]);
      if (root) expect(sees).not.toEqual([]);
      for (const seen of root ? [] : sees)
        expect(plans.find(({ name }) => name === seen.service)?.service.user).toEqual(service.user);
    }
  });

  it("let no one wait longer for health than a check takes", () => {
    for (const { service } of plans) {
      expect(service.health.startSeconds).toBeGreaterThan(service.health.timeoutSeconds);
      expect(service.stopGraceSeconds).toBeGreaterThan(0);
    }
  });

  it("put files below one folder under names of their own", () => {
    for (const { spec, jobs } of plans)
      for (const { files = [] } of [spec, ...jobs.map((job) => job.spec)]) {
        expect(new Set(files.map(({ name }) => name)).size).toBe(files.length);
        for (const { name } of files) expect(name).toMatch(/^[\w.-]+$/);
      }
  });
});

describe("Mattermost's environment", () => {
  it("leaves the password out of the database's address", () => {
    const { MM_SQLSETTINGS_DATASOURCE: source, PGPASSFILE: file } = environmentFor({});
    expect(source).toEqual({
      parts: ["postgres://mattermost@postgres:5432/mattermost?sslmode=disable&connect_timeout=10"],
    });
    expect(file).toBe("/muster/pgpass");
    const pgpass = mattermostOf(localTopology()).spec.files?.find(({ name }) => name === "pgpass");
    expect(pgpass?.content.parts).toEqual([
      "*:*:mattermost:mattermost:",
      { secret: "database-password" },
      "\n",
    ]);
  });

  it("asks for fewer connections than the database allows", () => {
    const database = localTopology().services.find(({ name }) => name === "postgres");
    const most = database?.spec.command?.find((word) => word.startsWith("max_connections="))?.split("=")[1];
    expect(Number(environmentFor({})["MM_SQLSETTINGS_MAXOPENCONNS"])).toBeLessThan(Number(most));
  });

  it.each([
    ["off", "false", undefined],
    ["offered", "true", undefined],
    ["enforced", "true", "true"],
  ])("multi-factor authentication %s", (mfa, enabled, enforced) => {
    const found = environmentFor({ chat: { mfa }, edition: "enterprise" });
    expect(found["MM_SERVICESETTINGS_ENABLEMULTIFACTORAUTHENTICATION"]).toBe(enabled);
    expect(found["MM_SERVICESETTINGS_ENFORCEMULTIFACTORAUTHENTICATION"]).toBe(enforced);
  });

  it.each([
    ["starttls", "STARTTLS"],
    ["tls", "TLS"],
    ["none", ""],
  ])("mail with %s", (security, expected) => {
    expect(environmentFor({ mail: { ...mail, security } }, ["mailPassword"])).toMatchObject({
      MM_EMAILSETTINGS_SENDEMAILNOTIFICATIONS: "true",
      MM_EMAILSETTINGS_SMTPSERVER: "smtp.example.org",
      MM_EMAILSETTINGS_SMTPPORT: "465",
      MM_EMAILSETTINGS_CONNECTIONSECURITY: expected,
      MM_EMAILSETTINGS_ENABLESMTPAUTH: "true",
      MM_EMAILSETTINGS_SMTPUSERNAME: "muster",
      MM_EMAILSETTINGS_FEEDBACKEMAIL: "chat@example.org",
    });
  });

  it("signs in to no mail server without a user, and mails nobody without one", () => {
    const { username, ...anonymous } = mail;
    expect(username).toBe("muster");
    expect(environmentFor({ mail: anonymous })).toMatchObject({ MM_EMAILSETTINGS_ENABLESMTPAUTH: "false" });
    expect(environmentFor({ mail: anonymous })).not.toHaveProperty("MM_EMAILSETTINGS_SMTPUSERNAME");
    expect(environmentFor({})).toMatchObject({ MM_EMAILSETTINGS_SENDEMAILNOTIFICATIONS: "false" });
    expect(environmentFor({})).not.toHaveProperty("MM_EMAILSETTINGS_SMTPSERVER");
  });

  it("reads the licence from its file, only where there is one", () => {
    const licensed = mattermostOf(localTopology({ edition: "enterprise" }, ["licence"]));
    expect(licensed.spec.environment).toMatchObject({
      MM_SERVICESETTINGS_LICENSEFILELOCATION: "/muster/licence",
    });
    expect(licensed.spec.files?.find(({ name }) => name === "licence")?.content.parts).toEqual([
      { secret: "licence" },
    ]);
    const without = mattermostOf(localTopology({ edition: "enterprise" }));
    expect(without.spec.environment).not.toHaveProperty("MM_SERVICESETTINGS_LICENSEFILELOCATION");
    expect(without.spec.files?.map(({ name }) => name)).toEqual(["pgpass", "health.sh"]);
  });

  it("says where people reach it, how large uploads may be, and what the site is called", () => {
    const change = { web: { httpsPort: 8443 }, chat: { title: "Crew", maxFileSizeMiB: 10, guests: false } };
    expect(environmentFor(change)).toMatchObject({
      MM_SERVICESETTINGS_SITEURL: "https://chat.localhost:8443",
      MM_FILESETTINGS_MAXFILESIZE: "10485760",
      MM_TEAMSETTINGS_SITENAME: "Crew",
      MM_GUESTACCOUNTSSETTINGS_ENABLE: "false",
      MM_TEAMSETTINGS_ENABLEOPENSERVER: "false",
      MM_SERVICESETTINGS_TRUSTEDPROXYIPHEADER: "X-Forwarded-For",
    });
  });

  it("pushes through the server that its edition may use, without contents", () => {
    expect(environmentFor({})["MM_EMAILSETTINGS_PUSHNOTIFICATIONSERVER"]).toBe(
      "https://push-test.mattermost.com",
    );
    expect(environmentFor({ edition: "enterprise" }, ["licence"])).toMatchObject({
      MM_EMAILSETTINGS_PUSHNOTIFICATIONSERVER: "https://global.push.mattermost.com",
      MM_EMAILSETTINGS_PUSHNOTIFICATIONCONTENTS: "generic",
    });
  });
});
