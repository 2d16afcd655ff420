/**
 * The one schema of the settings: every key under `muster:` in `Pulumi.<stack>.yaml`, with its type, its
 * default and its meaning. The settings table in the docs and `Pulumi.README.yaml` are generated from it.
 */
import { z } from "zod";
import { imageNames, newestPostgres, oldestPostgres } from "../../components/services/images";
import { backupSchema } from "./backup";
import { edgeSchema } from "./edge";
import { count, domainName, email, imageReference, port, shownText, subdomain } from "./fields";
import { hostSchema } from "./hosts";
import { machineSchema } from "./machine";
import { monitoringSchema } from "./monitoring";
import { stateSchema } from "./state";

/** Mattermost's media servers take no other. */
const callsPort = z.int().min(80).max(49_151);

/** A team that meets as a whole. */
const usualGroup = 10;
const usual = `Left out: ${usualGroup}, or all who are active where those are fewer.`;

/** The shape of all settings that are no secrets. Every default stands here and nowhere else. */
export const settingsSchema = z.strictObject({
  domain: domainName.describe("Domain under which the sites live; `localhost` for this machine alone."),
  sites: z
    .strictObject({
      chat: subdomain.default("chat").describe("Name of the chat site under the domain."),
      meet: subdomain.default("meet").describe("Name of the meetings' site under the domain."),
    })
    .prefault({}),
  host: hostSchema,
  machine: machineSchema,
  edge: edgeSchema,
  web: z
    .strictObject({
      httpPort: port.default(80).describe("Port for HTTP, which only redirects."),
      httpsPort: port.default(443).describe("Port for HTTPS."),
      crawlers: z
        .enum(["out", "in"])
        .default("out")
        .describe("Whether search engines are kept out of the sites: by robots.txt, and by the edge."),
    })
    .prefault({}),
  edition: z
    .enum(["team", "enterprise"])
    .default("team")
    .describe("Mattermost's edition; what each can do stands in docs/settings.md."),
  people: z
    .strictObject({
      accounts: z.int().min(1).max(200_000).default(20).describe("Accounts."),
      active: count(200_000).default(20).describe("People active at once."),
      inCalls: count(10_000)
        .optional()
        .describe(`People in calls at once; also the most in one call. ${usual}`),
      inMeetings: count(10_000)
        .optional()
        .describe(`People in meetings at once; also the most in one meeting. ${usual}`),
      sharing: count(10_000)
        .optional()
        .describe("People in calls who share a screen at once. Left out: one."),
      cameras: count(10_000)
        .optional()
        .describe("People in meetings with a camera on at once. Left out: all of them."),
      busyHours: count(744)
        .default(40)
        .describe("Hours a month in which so many call and meet; traffic follows from it."),
      historyMonths: z
        .int()
        .min(1)
        .max(240)
        .default(12)
        .describe("Months of messages and files that the data disk has room for."),
    })
    .transform(({ inCalls, inMeetings, ...people }) => ({
      ...people,
      inCalls: inCalls ?? Math.min(usualGroup, people.active),
      inMeetings: inMeetings ?? Math.min(usualGroup, people.active),
    }))
    .transform(({ sharing, cameras, ...people }) => ({
      ...people,
      sharing: sharing ?? Math.min(1, people.inCalls),
      cameras: cameras ?? people.inMeetings,
    }))
    .prefault({}),
  calls: z
    .enum(["off", "embedded", "rtcd"])
    .default("embedded")
    .describe(
      "Voice, video and screen sharing in chat: inside the chat server, or by a media server of its own (rtcd), which needs a licence.",
    ),
  meetings: z.enum(["off", "jitsi"]).default("jitsi").describe("Video meetings for groups."),
  meetingAccess: z
    .enum(["members", "guests"])
    .default("members")
    .describe(
      "Who meets: chat accounts alone, or also guests who have the link; they wait in the lobby until a member lets them in. Members alone start a meeting.",
    ),
  turn: z
    .enum(["on", "tls", "off"])
    .default("on")
    .describe(
      "Relay (coturn) for clients whose network lets media through by no other way; needs Linux. tls: also over TLS, for networks that let nothing else out; it takes a public certificate, proven by DNS.",
    ),
  media: z
    .strictObject({
      name: subdomain
        .default("media")
        .describe("Name of the machine that media go to, under the domain; never behind a proxy."),
      rtcdPort: callsPort.default(8443).describe("Port for the media of calls through rtcd, UDP and TCP."),
      embeddedPort: callsPort
        .default(8444)
        .describe(
          "The same for calls inside the chat server; another number, so that rtcd can start while they still have theirs.",
        ),
      meetingsPort: port.default(10_000).describe("Port for the media of meetings, UDP."),
      turnPort: port.default(3478).describe("Port of the relay, UDP and TCP."),
      turnTlsPort: port
        .default(5349)
        .describe("Port of the relay over TLS; 443 gets through most networks, where no site has it."),
      relayFirstPort: z
        .int()
        .min(1024)
        .max(65_535)
        .default(49_160)
        .describe("First of the relay's own UDP ports; how many follows from the people."),
    })
    .prefault({}),
  chat: z
    .strictObject({
      title: shownText(1, 30).default("Muster").describe("Name of the site, as people see it."),
      team: z
        .strictObject({
          name: z
            .string()
            .regex(/^[a-z0-9][a-z0-9-]{1,63}$/)
            .default("team")
            .describe("First team's name in addresses; counts on the first start only."),
          title: shownText(2, 64)
            .default("Team")
            .describe("First team's name, as people see it; counts on the first start only."),
        })
        .prefault({}),
      administrator: z
        .strictObject({
          username: z
            .string()
            .regex(/^[a-z][a-z0-9._-]{2,21}$/)
            .default("admin")
            .describe("First administrator's user name; counts on the first start only."),
          email: email
            .default("admin@localhost.localdomain")
            .describe("First administrator's address; counts on the first start only."),
        })
        .prefault({}),
      mfa: z
        .enum(["off", "offered", "enforced"])
        .default("offered")
        .describe("Multi-factor authentication; `enforced` needs the enterprise edition."),
      guests: z.boolean().default(false).describe("Guest accounts; they need the enterprise edition."),
      maxFileSizeMiB: z.int().min(1).max(2048).default(95).describe("Largest upload in MiB."),
      plugins: z
        .array(
          z.strictObject({
            id: z
              .string()
              .regex(/^[a-z0-9][a-z0-9._-]+$/i)
              .describe("The plugin's id."),
            version: z
              .string()
              .regex(/^\d+\.\d+\.\d+([-+].+)?$/)
              .describe("Exact version."),
            url: z.url({ protocol: /^https?$/ }).describe("Address of the archive; may be a mirror."),
            sha256: z
              .string()
              .regex(/^[0-9a-f]{64}$/)
              .describe("Checksum of the archive."),
          }),
        )
        .default([])
        .describe("Plugins to install from archives."),
    })
    .prefault({}),
  mail: z
    .strictObject({
      host: z.string().min(1).describe("SMTP server."),
      port: port.default(587).describe("SMTP port."),
      security: z.enum(["starttls", "tls", "none"]).default("starttls").describe("Connection security."),
      username: z.string().optional().describe("SMTP user; its password is `muster:mailPassword`."),
      from: email.describe("Sender of notifications."),
    })
    .optional()
    .describe("Outgoing mail. Left out, invitations are links and an administrator resets passwords."),
  postgres: z
    .strictObject({
      major: z
        .int()
        .min(oldestPostgres)
        .max(newestPostgres)
        .default(newestPostgres)
        .describe(
          "PostgreSQL's major version. A change moves the data into a new volume and keeps the old one: `npm run upgrade`.",
        ),
    })
    .prefault({}),
  backup: backupSchema,
  monitoring: monitoringSchema,
  state: stateSchema,
  images: z
    .strictObject({
      mirror: z
        .string()
        .regex(/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)*$/)
        .optional()
        .describe("Registry, with a path if need be, from which all images come."),
      overrides: z
        .partialRecord(z.enum(imageNames), z.string().regex(imageReference))
        .default({})
        .describe("Whole reference for single images, with an exact tag."),
    })
    .prefault({}),
  protectData: z
    .boolean()
    .default(true)
    .describe("Keeps data volumes and generated secrets when the stack is destroyed."),
});

/** Settings after parsing: plain values, every default filled in. */
export type Settings = z.output<typeof settingsSchema>;
export type HostSettings = Settings["host"];

/** Keys that people try, or that older versions had, each with what to write now. */
export const renamedKeys: Record<string, string> = {
  license: "licence",
  smtp: "mail",
  smtpPassword: "mailPassword",
  users: "people.accounts",
  "people.users": "people.accounts",
  "chat.admin": "chat.administrator",
  "mail.server": "mail.host",
  provider: "host.provider",
  dockerSource: "machine.dockerSource",
  vpn: "machine.vpn",
  diskEncryption: "machine.diskEncryption",
  jitsi: "meetings",
  rtcd: "calls",
  backups: "backup",
  repositoryKey: "backupKey",
  prometheus: "monitoring",
  grafana: "monitoring",
  backend: "state.backend",
  "backup.folder": "backup.target.path",
  "images.overrides.postgres": `images.overrides.postgres-${newestPostgres}`,
  coturn: "turn",
  guests: "meetingAccess",
  "people.calls": "people.inCalls",
  "people.screens": "people.sharing",
  "people.hours": "people.busyHours",
  "people.months": "people.historyMonths",
  "people.meetings": "people.inMeetings",
  "sites.meetings": "sites.meet",
};
