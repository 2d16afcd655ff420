/**
 * The one schema of the settings: every key under `muster:` in `Pulumi.<stack>.yaml`, with its type, its
 * default and its meaning. The settings table in the docs and `Pulumi.README.yaml` are generated from it.
 */
import { z } from "zod";
import { imageNames } from "../../components/services/images";
import { sizes } from "../topology/sizes";

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const ipv4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;
const imageReference =
  /^([a-z0-9.-]+(:\d+)?\/)?[a-z0-9._/-]+(:[A-Za-z0-9_][\w.-]{0,127})(@sha256:[0-9a-f]{64})?$/;

const domainName = z
  .string()
  .refine((text) => text.length <= 253 && text.split(".").every((part) => label.test(part)), {
    error: "not a domain name",
    params: { allowed: "letters, digits and hyphens between dots, in lower case, such as example.org" },
  });
const address = z.string().refine((text) => ipv4.test(text), {
  error: "not an IPv4 address",
  params: { allowed: "four numbers from 0 to 255, such as 203.0.113.10" },
});
const subdomain = z.string().refine((text) => label.test(text), {
  error: "not one DNS label",
  params: { allowed: "one label without dots, such as chat (the free edge certificate covers one level)" },
});
const email = z.string().refine((text) => z.email().safeParse(text).success, {
  error: "not an email address",
  params: { allowed: "an address such as admin@example.org" },
});
const shownText = (least: number, most: number) =>
  z
    .string()
    .min(least)
    .max(most)
    .refine((text) => !/\p{Cc}/u.test(text), {
      error: "with control characters",
      params: { allowed: "text without line breaks and other control characters" },
    });
const port = z.int().min(1).max(65535);
const count = (most: number) => z.int().min(0).max(most);
const engine = z.string().refine((text) => /^unix:\/\/\/.+$/.test(text), {
  error: "not the address of a Docker Engine's socket",
  params: { allowed: "unix:///path/to/docker.sock" },
});
const memoryMiB = z.int().min(512).max(1_048_576);
const cpus = z.int().min(1).max(512);

const localHost = z.strictObject({
  provider: z.literal("local").describe("This machine's own Docker Engine."),
  engine: engine.default("unix:///var/run/docker.sock").describe("Socket of the Docker Engine."),
  address: address
    .default("127.0.0.1")
    .describe("Address at which other machines reach this one; `npm start` stores the LAN address once."),
  bind: address
    .default("127.0.0.1")
    .describe("Address that web ports listen on; 0.0.0.0 lets other machines in."),
  memoryMiB: memoryMiB.optional().describe("Memory to plan with; left out, the plan says what is needed."),
  cpus: cpus.optional().describe("CPUs to plan with."),
});
const existingHost = z.strictObject({
  provider: z.literal("existing").describe("Any Debian or Ubuntu server with SSH."),
  address: address.describe("Public address of the server."),
  hostKey: z
    .string()
    .regex(/^(ssh-ed25519|ecdsa-sha2-nistp256|ssh-rsa) [A-Za-z0-9+/=]+/)
    .describe("The server's SSH host key, as `ssh-keyscan` prints it without the name."),
  user: z.string().min(1).default("root").describe("User for SSH: root, or one who may sudo."),
  port: port.default(22).describe("Port of the SSH server."),
  memoryMiB: memoryMiB.describe("The server's memory in MiB."),
  cpus: cpus.describe("The server's virtual CPUs."),
});
const cloudHost = <P extends "digitalocean" | "aws">(provider: P, title: string, region: string) =>
  z.strictObject({
    provider: z.literal(provider).describe(`A machine at ${title}, made by Muster.`),
    region: z
      .string()
      .regex(/^[a-z]{2}[a-z0-9-]{1,20}$/)
      .describe(`Region, such as ${region}.`),
    size: z.enum(Object.keys(sizes[provider]) as [string, ...string[]]).describe("Size of the machine."),
    dataDiskGiB: z.int().min(10).max(16_384).default(50).describe("Size of the data disk in GiB."),
  });

/** The shape of all settings that are no secrets. Every default stands here and nowhere else. */
export const settingsSchema = z.strictObject({
  domain: domainName.describe("Domain under which the sites live; `localhost` for this machine alone."),
  sites: z
    .strictObject({ chat: subdomain.default("chat").describe("Name of the chat site under the domain.") })
    .prefault({}),
  host: z.discriminatedUnion("provider", [
    localHost,
    existingHost,
    cloudHost("digitalocean", "DigitalOcean", "fra1"),
    cloudHost("aws", "AWS", "eu-central-1"),
  ]),
  edge: z
    .discriminatedUnion("provider", [
      z.strictObject({
        provider: z.literal("none").describe("No edge: DNS records are yours to enter."),
        tls: z
          .enum(["internal", "acme"])
          .optional()
          .describe(
            "Certificates: Caddy's own authority, or ACME. Default: internal for localhost, else acme.",
          ),
        email: email.optional().describe("Address that the ACME authority may write to."),
      }),
      z.strictObject({
        provider: z.literal("cloudflare").describe("DNS, WAF and origin certificates at Cloudflare."),
        zone: domainName.describe("Name of the zone at Cloudflare."),
      }),
    ])
    .prefault({ provider: "none" }),
  web: z
    .strictObject({
      httpPort: port.default(80).describe("Port for HTTP, which only redirects."),
      httpsPort: port.default(443).describe("Port for HTTPS."),
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
      inCalls: count(10_000).default(0).describe("People in calls at once."),
      inMeetings: count(10_000).default(0).describe("People in meetings at once."),
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

/** Secret settings: strings that stand encrypted in the file; `npm run secret` writes them. */
export const secretSettings = {
  licence: "Mattermost licence (the text of the licence file); for the enterprise edition.",
  mailPassword: "Password for `mail.username`.",
} as const;
export type SecretSetting = keyof typeof secretSettings;

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
};
