/** From ports to networks, published ports, routes and who may reach what. */
import type { Exposure, Port, Route, Service, Site, WebPort } from "../../components/services/service";
import { text } from "../../components/services/text";
import type { Settings } from "../settings/schema";
import type { Network, Opening, ServicePlan } from "./types";

/** Name of the network that leads out of the machine. */
export const outsideNetwork = "outside";

/** Host name of a site. */
export const siteHost = (site: Site, { sites, domain }: Settings): string => `${sites[site]}.${domain}`;

/** Address of a site as people type it. */
export const siteUrl = (site: Site, settings: Settings): string => {
  const { httpsPort } = settings.web;
  return `https://${siteHost(site, settings)}${httpsPort === 443 ? "" : `:${httpsPort}`}`;
};

const isWeb = (port: { exposure: Exposure }): port is WebPort => port.exposure === "web";

/** A route for every `web` port. */
export function routesOf(running: readonly Service[], settings: Settings): Route[] {
  return running.flatMap((service) =>
    service
      .ports(settings)
      .filter(isWeb)
      .map(({ site, number, maxBodyMiB, framedBy }) => ({
        host: siteHost(site, settings),
        site,
        upstream: text`${service.name}:${number}`,
        maxBodyMiB,
        ...(framedBy === undefined ? {} : { framedBy: framedBy.map((other) => siteUrl(other, settings)) }),
      })),
  );
}

/**
 * A private network per service that others on its host connect to, holding it and its consumers alone; and one
 * network on each host that leads out, for those who publish a port or may go out. Two services that don't talk can't.
 */
export function networksOf(services: readonly ServicePlan[], openings: readonly Opening[]): Network[] {
  const proxies = services.filter(({ ports }) => ports.some(({ exposure }) => exposure === "entry"));
  const proxyNames = proxies.map(({ name }) => name);
  const own = services.flatMap(({ name, host, ports }) => {
    const neighbours = new Set(services.filter((other) => other.host === host).map((other) => other.name));
    const consumers = ports.flatMap((port) => (port.exposure === "web" ? proxyNames : consumersOf(port)));
    const members = [...new Set(consumers)].filter((consumer) => neighbours.has(consumer)).sort();
    return members.length === 0 ? [] : [{ name, host, internal: true, members: [name, ...members] }];
  });
  const published = new Set(openings.map(({ service }) => service));
  const outside = services.filter(
    ({ service, name, host }) =>
      service.sandbox.hostNetwork === undefined &&
      (service.sandbox.egress !== undefined || published.has(name) || connectsOut(name, host, services)),
  );
  const hosts = [...new Set(outside.map(({ host }) => host))];
  return [
    ...own,
    ...hosts.map((host) => ({
      name: outsideNetwork,
      host,
      internal: false,
      members: outside.filter((service) => service.host === host).map(({ name }) => name),
    })),
  ];
}

/** Services that come to a port from within. */
const consumersOf = (port: Port): readonly string[] => ("consumers" in port ? (port.consumers ?? []) : []);

/** Whether a service connects to one on another host. */
const connectsOut = (name: string, host: string, services: readonly ServicePlan[]): boolean =>
  services.some(
    (other) => other.host !== host && other.ports.some((port) => consumersOf(port).includes(name)),
  );

/** Address that an opening is bound to, as people read it. */
export const boundTo = ({ bind }: Opening): string =>
  typeof bind === "string" ? bind : "its private address";

/** Numbers of an opening as people write them. */
export const portNumbers = ({ published, last, protocol }: Opening): string =>
  `${published === last ? published : `${published}-${last}`}/${protocol}`;

/** Every port that a host publishes; nothing else is reachable from outside it. */
export function openingsOf(services: readonly ServicePlan[], settings: Settings): Opening[] {
  return services.flatMap(({ name, host, ports }) =>
    ports.flatMap((port): Opening[] => {
      const forPeers = peerOpening(name, host, port, services);
      // The reverse proxy is on the same host as all sites.
      if (port.exposure === "internal" || port.exposure === "web") return forPeers;
      const { exposure, number, published, protocol, why } = port;
      const bind = bindOf(exposure, settings);
      const from = bind.startsWith("127.")
        ? ("this machine" as const)
        : exposure === "entry" && settings.edge.provider === "cloudflare"
          ? ("Cloudflare" as const)
          : ("everyone" as const);
      const last = port.exposure === "media" ? (port.last ?? published) : published;
      return [
        {
          host,
          service: name,
          port: port.name,
          number,
          published,
          last,
          protocol,
          exposure,
          bind,
          from,
          why,
        },
        ...forPeers,
      ];
    }),
  );
}

/** A port for services on other hosts: on the address between them alone. */
function peerOpening(service: string, host: string, port: Port, services: readonly ServicePlan[]): Opening[] {
  const { name, number, protocol, why } = port;
  const consumers = consumersOf(port);
  const fromHosts = [
    ...new Set(
      services
        .filter((other) => other.host !== host && consumers.includes(other.name))
        .map((other) => other.host),
    ),
  ];
  if (fromHosts.length === 0) return [];
  const bind = { peerAddressOf: host };
  const from = "other hosts" as const;
  const exposure = "internal" as const;
  return [
    {
      host,
      service,
      port: name,
      number,
      published: number,
      last: number,
      protocol,
      exposure,
      bind,
      from,
      fromHosts,
      why,
    },
  ];
}

function bindOf(exposure: Exposure, { host }: Settings): string {
  if (exposure === "admin") return "127.0.0.1";
  return exposure === "entry" && host.provider === "local" ? host.bind : "0.0.0.0";
}
