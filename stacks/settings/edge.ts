/** Settings of what stands before the sites: names, certificates, protection; a variant per provider. */
import { z } from "zod";
import { country, domainName, email, ipv4Network } from "./fields";

/** Plans of a zone at Cloudflare, the smallest first. */
export const zonePlans = ["free", "pro", "business", "enterprise"] as const;
export type ZonePlan = (typeof zonePlans)[number];

/** What both variants have. */
const common = {
  domainMail: z
    .enum(["none", "elsewhere"])
    .default("none")
    .describe(
      "Whether others send mail from the domain; `none`: it says so itself (SPF, DMARC), unless `mail.from` is in it.",
    ),
  email: email.optional().describe("Address that the ACME authority may write to."),
  authority: z
    .strictObject({
      directory: z.url({ protocol: /^https$/ }).describe("Address of its ACME directory."),
      root: z
        .string()
        .regex(/^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n?$/)
        .optional()
        .describe("Root certificate by which its address is trusted, in PEM. Default: the public ones."),
    })
    .optional()
    .describe("An ACME authority of your own. Default: Let's Encrypt."),
  hstsDays: z
    .int()
    .min(0)
    .max(730)
    .default(30)
    .describe(
      "Days for which browsers insist on HTTPS for the sites, and for them alone; counts with public certificates. 0: they aren't told to.",
    ),
};

const none = z.strictObject({
  provider: z.literal("none").describe("No edge: DNS records are yours to enter; `npm run plan` lists them."),
  tls: z
    .enum(["internal", "acme"])
    .optional()
    .describe("Certificates: Caddy's own authority, or ACME. Default: internal for localhost, else acme."),
  ...common,
  dns: z
    .strictObject({
      provider: z
        .string()
        .regex(/^[a-z0-9-]{2,32}$/)
        .describe("The DNS provider's code at lego, such as hetzner: https://go-acme.github.io/lego/dns/"),
      tokenVariable: z
        .string()
        .regex(/^[A-Z][A-Z0-9_]{2,63}$/)
        .optional()
        .describe("lego's variable for `muster:dnsToken`, such as HETZNER_API_TOKEN."),
      variables: z
        .record(z.string().regex(/^[A-Z][A-Z0-9_]{2,63}$/), z.string().max(1024))
        .default({})
        .describe("lego's other variables for the provider."),
      resolvers: z
        .array(z.string().regex(/^[a-z0-9][a-z0-9.-]{0,80}(:\d{1,5})?$/))
        .default([])
        .describe(
          "Name servers by which the zone is looked up, such as 1.1.1.1:53, where the machine's own see another DNS than the world does.",
        ),
      check: z
        .enum(["zone", "none"])
        .default("zone")
        .describe(
          "Whether to wait until all of the zone's own name servers have the record; none: where they can't be reached from the machine.",
        ),
    })
    .optional()
    .describe("Where the relay's certificate is proven by DNS, for `turn: tls`."),
});

const cloudflare = z.strictObject({
  provider: z.literal("cloudflare").describe("DNS, WAF and origin certificates at Cloudflare."),
  zone: domainName.describe("Name of the zone at Cloudflare."),
  zoneOwner: z
    .boolean()
    .default(true)
    .describe(
      "Whether this stack holds the zone's rules and settings, for all stacks in the zone; exactly one may. The others make DNS records only.",
    ),
  plan: z
    .enum(zonePlans)
    .default("free")
    .describe("Plan of the zone: it decides how many rules there may be."),
  ...common,
  countries: z
    .strictObject({
      mode: z.enum(["allow", "deny"]).describe("allow: only these countries get in; deny: all others do."),
      codes: z
        .array(country)
        .min(1)
        .max(260)
        .describe("Countries, by their two letters (ISO 3166); T1 is the Tor network."),
    })
    .optional()
    .describe("Who gets in, by country. Default: everyone. Media don't pass Cloudflare, and aren't asked."),
  adminFrom: z
    .array(ipv4Network)
    .default([])
    .describe("Networks from which the paths for administrators are reached. Default: all."),
  rules: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[a-z][a-z0-9-]{1,40}$/)
          .describe("Its name in the zone."),
        action: z
          .enum(["block", "managed_challenge", "log"])
          .describe("What happens to a request that matches."),
        expression: z.string().min(3).max(4096).describe("In Cloudflare's rules language."),
      }),
    )
    .default([])
    .describe("The zone's own custom rules, beside Muster's; Cloudflare keeps them in one list."),
});

/** What stands before the sites: nothing, or Cloudflare. */
export const edgeSchema = z.discriminatedUnion("provider", [none, cloudflare]).prefault({ provider: "none" });
export type EdgeSettings = z.output<typeof edgeSchema>;
