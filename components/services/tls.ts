/** How sites get their certificates, and the name of the machine that media go to, which may have one of its own. */
import type { Settings } from "../../stacks/settings/schema";

/** Caddy's own authority, ACME over HTTP, or a certificate that Cloudflare alone trusts. */
export type TlsMode = "internal" | "acme" | "origin";

/** Whether a domain is this machine's alone. */
export const isLocalDomain = (domain: string): boolean =>
  domain === "localhost" || domain.endsWith(".localhost");

/** Name of the machine that media go to. */
export const mediaName = ({ media, domain }: Pick<Settings, "media" | "domain">): string =>
  `${media.name}.${domain}`;

export function tlsMode({ edge, domain }: Pick<Settings, "edge" | "domain">): TlsMode {
  if (edge.provider === "cloudflare") return "origin";
  return edge.tls ?? (isLocalDomain(domain) ? "internal" : "acme");
}
