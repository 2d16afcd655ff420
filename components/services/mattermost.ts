import { offeringOf } from "../../stacks/settings/editions";
import { healthFile, scriptedHealth } from "./health";
import { metricsEnvironment, metricsPorts } from "./mattermost.metrics";
import { callsEnvironment, callsExpectation, callsNeeds, callsPorts, callsStart } from "./mattermost.calls";
import { firstRun } from "./mattermost.firstRun";
import { mattermostDatabase } from "./mattermost.database";
import { database } from "./postgres";
import { callsSysctls } from "./rtcd";
import type { Service, ServiceContext } from "./service";
import { type PlainText, secret, text } from "./text";
import { mibPerGiB, model } from "./model";

const size = model.mattermost;

/** Connections to the database at most; the sum over all consumers must stay below PostgreSQL's own limit. */
const maxOpenConnections = 100;

/** Mattermost: the chat server. */
export const mattermost: Service = {
  name: "mattermost",
  title: "Mattermost",
  image: ({ edition }) => (edition === "team" ? "mattermost-team" : "mattermost-enterprise"),
  user: { uid: 2000, gid: 2000 },
  when: () => true,
  role: "app",
  needs: ({ accounts, active, historyMonths }, settings) => {
    const calls = callsNeeds(settings);
    return {
      ...calls,
      memoryMiB:
        size.memoryBase + size.memoryPerActive * active + size.memoryPerAccount * accounts + calls.memoryMiB,
      cpus: size.cpusBase + size.cpusPerActive * active + calls.cpus,
      diskGiB: size.diskBase + (size.diskPerAccount * accounts * historyMonths) / mibPerGiB,
    };
  },
  ports: (settings) => [
    {
      name: "http",
      number: 8065,
      protocol: "tcp",
      exposure: "web",
      site: "chat",
      healthPath: "/api/v4/system/ping",
      machinePaths: ["/hooks/"],
      signInPaths: ["/api/v4/users/login"],
      // Not all of /api/v4/config: everybody asks for /api/v4/config/client.
      adminPaths: [
        "/admin_console*",
        "/api/v4/config",
        "/api/v4/config/environment",
        "/api/v4/config/patch",
        "/api/v4/config/reload",
      ],
      freeTextPaths: ["/api/v4/", "/plugins/", "/hooks/"],
      maxBodyMiB: settings.chat.maxFileSizeMiB + 5,
      why: "web page, API and websocket",
    },
    ...callsPorts(settings),
    ...metricsPorts(settings),
  ],
  volumes: () => [
    { name: "config", path: "/mattermost/config", backup: "files", why: "what administrators set" },
    { name: "data", path: "/mattermost/data", backup: "files", why: "uploads" },
    { name: "logs", path: "/mattermost/logs", backup: "none", why: "the server's own logs" },
    { name: "plugins", path: "/mattermost/plugins", backup: "files", why: "installed plugins" },
    {
      name: "client-plugins",
      path: "/mattermost/client/plugins",
      backup: "files",
      why: "the plugins' parts for browsers",
    },
    { name: "run", path: "/var/tmp", backup: "none", why: "the local socket, shared with the first-run job" },
  ],
  database: mattermostDatabase,
  generates: { "administrator-password": 20 },
  container: (context) => {
    const start = callsStart(context.settings);
    return {
      environment: environment(context),
      ...(start === undefined ? {} : { entrypoint: start.entrypoint, command: start.command }),
      files: [
        {
          name: "pgpass",
          content: text`*:*:${database.name}:${database.user}:${secret("database-password")}\n`,
        },
        ...(context.secrets.has("licence") ? [{ name: "licence", content: text`${secret("licence")}` }] : []),
        healthFile([
          // Never restarted for this: after an upgrade it doesn't answer until its migrations are done.
          { name: "server", command: "$busybox wget -q -O - http://127.0.0.1:8065/api/v4/system/ping" },
          ...callsExpectation(context.settings),
        ]),
        ...(start === undefined ? [] : [start.file]),
      ],
    };
  },
  shell: true,
  sandbox: {
    writableRoot: { value: true, reason: "the server rewrites client/root.html at each start" },
    egress: { value: true, reason: "push notifications, outgoing mail, links' previews, plugins" },
    temporary: { value: { "/tmp": 256 }, reason: "uploads and plugins on their way" },
    openFiles: { value: 16_384, reason: "a websocket for each person, and the media of embedded calls" },
  },
  health: scriptedHealth({ startSeconds: 300, retries: 6 }),
  sysctls: ({ calls }) => (calls === "embedded" ? callsSysctls : {}),
  // The Calls plugin looks for rtcd when it is activated, and not again.
  // With the backup there, nothing new runs on old data without one.
  startsAfter: ["postgres", "rtcd", "backup"],
  stopGraceSeconds: 90,
  jobs: [firstRun],
};

/** Only what Muster must decide is set here: an administrator can't change a key that the environment holds. */
function environment(context: ServiceContext): Record<string, string | PlainText> {
  const { settings, secrets, address, siteUrl } = context;
  const { chat } = settings;
  const licensed = offeringOf(settings, secrets) !== "team";
  return {
    MM_SERVICESETTINGS_SITEURL: siteUrl("chat"),
    MM_SERVICESETTINGS_LISTENADDRESS: ":8065",
    MM_SERVICESETTINGS_TRUSTEDPROXYIPHEADER: "X-Forwarded-For",
    MM_SERVICESETTINGS_ENABLEMULTIFACTORAUTHENTICATION: String(chat.mfa !== "off"),
    ...(chat.mfa === "enforced" ? { MM_SERVICESETTINGS_ENFORCEMULTIFACTORAUTHENTICATION: "true" } : {}),
    ...(secrets.has("licence") ? { MM_SERVICESETTINGS_LICENSEFILELOCATION: "/muster/licence" } : {}),
    MM_SQLSETTINGS_DRIVERNAME: "postgres",
    // Without a password: the driver takes it from PGPASSFILE, so that no environment holds a secret.
    MM_SQLSETTINGS_DATASOURCE: text`postgres://${database.user}@${address("postgres", "sql")}/${database.name}?sslmode=disable&connect_timeout=10`,
    PGPASSFILE: "/muster/pgpass",
    MM_SQLSETTINGS_MAXOPENCONNS: String(maxOpenConnections),
    MM_TEAMSETTINGS_SITENAME: chat.title,
    MM_TEAMSETTINGS_ENABLEOPENSERVER: "false",
    MM_GUESTACCOUNTSSETTINGS_ENABLE: String(chat.guests),
    MM_FILESETTINGS_MAXFILESIZE: String(chat.maxFileSizeMiB * 1024 * 1024),
    MM_LOGSETTINGS_ENABLEFILE: "false",
    MM_EMAILSETTINGS_SENDPUSHNOTIFICATIONS: "true",
    MM_EMAILSETTINGS_PUSHNOTIFICATIONSERVER: licensed
      ? "https://global.push.mattermost.com"
      : "https://push-test.mattermost.com",
    MM_EMAILSETTINGS_PUSHNOTIFICATIONCONTENTS: "generic",
    ...mail(context),
    ...callsEnvironment(context),
    ...metricsEnvironment(settings),
  };
}

/** The password isn't here: the first-run job patches it in from a file. */
function mail({ settings: { mail } }: ServiceContext): Record<string, string> {
  if (mail === undefined) return { MM_EMAILSETTINGS_SENDEMAILNOTIFICATIONS: "false" };
  const security = { starttls: "STARTTLS", tls: "TLS", none: "" }[mail.security];
  return {
    MM_EMAILSETTINGS_SENDEMAILNOTIFICATIONS: "true",
    MM_EMAILSETTINGS_SMTPSERVER: mail.host,
    MM_EMAILSETTINGS_SMTPPORT: String(mail.port),
    MM_EMAILSETTINGS_CONNECTIONSECURITY: security,
    MM_EMAILSETTINGS_ENABLESMTPAUTH: String(mail.username !== undefined),
    ...(mail.username === undefined ? {} : { MM_EMAILSETTINGS_SMTPUSERNAME: mail.username }),
    MM_EMAILSETTINGS_FEEDBACKEMAIL: mail.from,
    MM_EMAILSETTINGS_REPLYTOADDRESS: mail.from,
  };
}
