/** Caddy's configuration, from the routes. */
import type { Settings } from "../../stacks/settings/schema";
import { cloudflareNetworks } from "../../stacks/topology/cloudflareNetworks";
import type { Route, ServiceFile } from "./service";
import { type PlainText, secret, text } from "./text";
import { type TlsMode, tlsMode } from "./tls";

/** Port of the health answer, inside the container's own loopback. */
export const healthPort = 8080;

/** Port of the metrics, for Prometheus. */
export const metricsPort = 9180;

/** Where a change of the configuration is handed in: on a volume that this service alone has. */
export const adminAddress = "unix//config/admin.sock";

/** Files that the configuration names. */
const paths = {
  certificate: "origin-certificate.pem",
  key: "origin-key.pem",
  authority: "authority.pem",
} as const;

/** What the edge makes and Caddy reads, by the names of secrets. */
export const originSecrets = { certificate: "origin-certificate", key: "origin-key" } as const;

/** The files that the configuration names: certificates, and by what an authority is trusted. */
export function certificateFiles(settings: Settings): ServiceFile[] {
  const { root } = settings.edge.authority ?? {};
  const origin =
    tlsMode(settings) === "origin"
      ? [
          { name: paths.certificate, content: text`${secret(originSecrets.certificate)}` },
          { name: paths.key, content: text`${secret(originSecrets.key)}` },
        ]
      : [];
  return [...origin, ...(root === undefined ? [] : [{ name: paths.authority, content: text`${root}` }])];
}

/**
 * The whole file. Changes come in by a socket that only the reload job has. `X-Forwarded-For` is overwritten with the
 * visitor's address: what Caddy itself sees, or what Cloudflare says where the connection comes from its networks. So
 * nobody else can forge it.
 */
export function caddyfile(settings: Settings, routes: readonly Route[]): PlainText {
  const sites = routes.map((route) => site(route, settings));
  return sites.reduce<PlainText>(
    (file, next) => text`${file}${next}`,
    text`{
	${globalOptions(settings).join("\n\t")}
}

http://127.0.0.1:${healthPort} {
	bind 127.0.0.1
	respond 200
}
${settings.monitoring.kind === "off" ? "" : metricsSite}`,
  );
}

const metricsSite = `
http://:${metricsPort} {
	metrics /metrics
}
`;

function globalOptions(settings: Settings): string[] {
  const { edge } = settings;
  const tls = tlsMode(settings);
  const { directory, root } = edge.authority ?? {};
  const proxied =
    edge.provider === "cloudflare"
      ? [
          `trusted_proxies static ${cloudflareNetworks.join(" ")}`,
          "trusted_proxies_strict",
          "client_ip_headers CF-Connecting-IP",
        ]
      : [];
  return [
    `admin ${adminAddress}`,
    block("servers", ["protocols h1 h2", ...proxied]),
    ...(settings.monitoring.kind === "off" ? [] : ["metrics"]),
    ...(tls === "internal" ? ["skip_install_trust"] : []),
    ...(tls === "acme" && edge.email !== undefined ? [`email ${edge.email}`] : []),
    ...(tls === "acme" && directory !== undefined ? [`acme_ca ${directory}`] : []),
    ...(tls === "acme" && root !== undefined ? [`acme_ca_root /muster/${paths.authority}`] : []),
  ];
}

function site(route: Route, settings: Settings): PlainText {
  const { httpsPort } = settings.web;
  const port = httpsPort === 443 ? "" : `:${httpsPort}`;
  const tls = tlsMode(settings);
  const lines = [
    ...certificate[tls],
    block("header", headers(route, tls, settings)),
    ...(settings.web.crawlers === "out" ? ['respond /robots.txt "User-agent: *\nDisallow: /\n" 200'] : []),
    block("request_body", [`max_size ${route.maxBodyMiB}MiB`]),
  ];
  return text`
http://${route.host} {
	redir https://${route.host}${port}{uri} 308
}

https://${route.host} {
	${lines.join("\n\t")}
	reverse_proxy ${route.upstream} {
		header_up X-Forwarded-For {client_ip}
		header_up X-Real-IP {client_ip}
		header_up -CF-Connecting-IP
		lb_try_duration 10s
		stream_close_delay 5m
	}
}
`;
}

const certificate: Readonly<Record<TlsMode, readonly string[]>> = {
  internal: ["tls internal"],
  acme: [],
  origin: [`tls /muster/${paths.certificate} /muster/${paths.key}`],
};

const daySeconds = 24 * 60 * 60;

/** A service's own word goes before what starts with a question mark. */
function headers({ framedBy }: Route, tls: TlsMode, { edge, web }: Settings): string[] {
  return [
    // For this name alone: other names of the domain may have no HTTPS yet.
    ...(tls !== "internal" && edge.hstsDays > 0
      ? [`Strict-Transport-Security "max-age=${edge.hstsDays * daySeconds}"`]
      : []),
    "?X-Content-Type-Options nosniff",
    "?Referrer-Policy strict-origin-when-cross-origin",
    ...(web.crawlers === "out" ? ['X-Robots-Tag "noindex, nofollow"'] : []),
    ...(framedBy === undefined
      ? []
      : [`Content-Security-Policy "frame-ancestors 'self' ${framedBy.join(" ")}"`]),
    "-Server",
  ];
}

const block = (name: string, lines: readonly string[]): string =>
  `${name} {\n\t\t${lines.join("\n\t\t")}\n\t}`;
