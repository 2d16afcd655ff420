/** DNS records, from routes and hosts alone. */
import { relays } from "../../../components/services/coturn";
import { isLocalDomain, mediaName, tlsMode } from "../../../components/services/tls";
import { text } from "../../../components/services/text";
import type { Settings } from "../../settings/schema";
import type { Topology } from "../types";
import type { AuthorityRecord, DnsRecord, MediaRecord, SiteRecord, TextRecord } from "./types";

type Plan = Pick<Topology, "settings" | "routes" | "hosts" | "services" | "openings">;

/** Every record of a stack; none under a local domain. */
export function recordsOf(plan: Plan): DnsRecord[] {
  const { settings } = plan;
  if (isLocalDomain(settings.domain)) return [];
  const addresses = [...siteRecords(plan), ...mediaRecords(plan)];
  return [
    ...addresses,
    ...addresses.flatMap((record) => authorityRecords(record, settings)),
    ...mailRecords(settings),
  ];
}

/** One for each site, to the host of the reverse proxy. */
function siteRecords({ settings, routes, services, hosts }: Plan): SiteRecord[] {
  const entry = services.find(({ ports }) => ports.some(({ exposure }) => exposure === "entry"));
  const host = entry?.host ?? hosts[0]?.name ?? "";
  return routes.map(({ host: name, site }) => ({
    kind: "site",
    name,
    type: "A",
    address: text`${{ publicAddressOf: host }}`,
    proxied: settings.edge.provider === "cloudflare",
    why: `the ${site} site`,
  }));
}

/** One for the host of media, where clients send it any. */
function mediaRecords({ settings, hosts, openings }: Plan): MediaRecord[] {
  const host = hosts.find(({ roles }) => roles.includes("media"));
  if (host === undefined || !openings.some(({ exposure }) => exposure === "media")) return [];
  return [
    {
      kind: "media",
      name: mediaName(settings),
      type: "A",
      address: text`${{ publicAddressOf: host.name }}`,
      why: "media of calls and meetings, past any proxy",
    },
  ];
}

/** Authorities from which Cloudflare has its own certificates. Source: its reference of certificate authorities. */
const cloudflareAuthorities = ["letsencrypt.org", "pki.goog", "ssl.com", "sectigo.com"];
/** Those that Caddy asks by itself: Let's Encrypt, and ZeroSSL. */
const caddyAuthorities = ["letsencrypt.org", "sectigo.com"];

/**
 * At each name of ours, and not at the domain: its other names may have certificates from elsewhere. Of an authority of
 * one's own the name isn't known; then there are none.
 */
function authorityRecords(record: SiteRecord | MediaRecord, settings: Settings): AuthorityRecord[] {
  const why =
    record.kind === "site" ? "who may certify the site" : "who may certify the machine that media go to";
  return authoritiesOf(record, settings).map((issuer) => ({
    kind: "authority",
    name: record.name,
    type: "CAA",
    issuer,
    why,
  }));
}

function authoritiesOf(record: SiteRecord | MediaRecord, settings: Settings): readonly string[] {
  if (record.kind === "site" && record.proxied) return cloudflareAuthorities;
  if (settings.edge.authority !== undefined) return [];
  if (record.kind === "media")
    return relays(settings) && settings.turn === "tls" ? ["letsencrypt.org"] : [";"];
  return tlsMode(settings) === "acme" ? caddyAuthorities : [];
}

/** That the domain sends no mail. Said by the zone's owner, of stacks that share a domain. */
function mailRecords({ domain, edge, mail }: Settings): TextRecord[] {
  const sends = mail !== undefined && (mail.from.endsWith(`@${domain}`) || mail.from.endsWith(`.${domain}`));
  const shared = edge.provider === "cloudflare" && !edge.zoneOwner;
  if (sends || shared || edge.domainMail === "elsewhere") return [];
  const of = (name: string, content: string, why: string): TextRecord => ({
    kind: "text",
    name,
    type: "TXT",
    text: content,
    why,
  });
  return [
    of(domain, "v=spf1 -all", "SPF: nobody sends mail from the domain"),
    of(
      `_dmarc.${domain}`,
      "v=DMARC1; p=reject; sp=reject; adkim=s; aspf=s",
      "DMARC: mail that claims to be from the domain is refused",
    ),
  ];
}
