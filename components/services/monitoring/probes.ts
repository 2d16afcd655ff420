/** What is asked from outside its own container: every site through the reverse proxy, and doors over TCP. Pure. */
import type { Settings } from "../../../stacks/settings/schema";
import type { MediaPort, ServiceContext, ServiceFile } from "../service";
import { jsonText, type PlainText, text } from "../text";
import { tlsMode } from "../tls";

export const blackboxPort = 9115;

/** One thing to ask. */
export interface Probe {
  job: "sites" | "doors";
  module: "site" | "door" | "door-tls";
  /** What people know it by. */
  instance: string;
  target: PlainText;
  /** Name for which a site is asked, whichever address it is asked at. */
  hostname?: string;
  service: string;
}

/** The service that all sites come through. */
const entryOf = ({ running, settings }: ServiceContext) =>
  running.flatMap(({ service }) =>
    service
      .ports(settings)
      .filter(({ name, exposure }) => exposure === "entry" && name === "https")
      .map(({ number }) => ({ name: service.name, number })),
  );

/**
 * Each site at the reverse proxy itself, by its name: on the way there is no DNS, no edge and no address translation,
 * which may keep a machine from its own public address. Those are for `npm run doctor`, from outside.
 */
function siteProbes(context: ServiceContext): Probe[] {
  const { running, settings, hostName, siteUrl, routes } = context;
  return entryOf(context).flatMap((entry) =>
    running.flatMap(({ service }) =>
      service.ports(settings).flatMap((port): Probe[] => {
        if (port.exposure !== "web") return [];
        const { host = "" } = routes.find(({ site }) => site === port.site) ?? {};
        return [
          {
            job: "sites",
            module: "site",
            instance: siteUrl(port.site),
            target: text`https://${hostName(entry.name)}:${entry.number}${port.healthPath}`,
            hostname: host,
            service: service.name,
          },
        ];
      }),
    ),
  );
}

/**
 * Doors over TCP that a container can come to: those on the host's own network, and those of another host. What the
 * engine publishes on the same host it doesn't let its own containers come to; and for UDP there is no prober.
 */
function doorProbes({
  running,
  settings,
  neighbours,
  privateAddress,
  publicAddressOf,
}: ServiceContext): Probe[] {
  return running.flatMap(({ service }) => {
    const here = neighbours.includes(service.name);
    if (here && service.sandbox.hostNetwork === undefined) return [];
    const address = here ? privateAddress : publicAddressOf(service.name);
    return service
      .ports(settings)
      .filter((port): port is MediaPort => port.exposure === "media" && port.protocol === "tcp")
      .map((port) => ({
        job: "doors" as const,
        module: port.name.endsWith("-tls") ? ("door-tls" as const) : ("door" as const),
        instance: `${service.name} ${port.published}/tcp`,
        target: text`${address}:${port.published}`,
        service: service.name,
      }));
  });
}

export const probesOf = (context: ServiceContext): Probe[] => [
  ...siteProbes(context),
  ...doorProbes(context),
];

/** A scrape of the blackbox exporter for each probe: its parameters are labels of the target. */
export const probeJobs = (context: ServiceContext) =>
  (["sites", "doors"] as const).flatMap((job) => {
    const probes = probesOf(context).filter((probe) => probe.job === job);
    if (probes.length === 0) return [];
    return [
      {
        job_name: job,
        metrics_path: "/probe",
        static_configs: probes.map(({ module, instance, target, hostname, service }) => ({
          targets: [context.address("blackbox-exporter", "http")],
          labels: {
            __param_module: module,
            __param_target: target,
            ...(hostname === undefined ? {} : { __param_hostname: hostname }),
            instance,
            service,
          },
        })),
      },
    ];
  });

const authorityFile = "authority.pem";

/** How each kind is asked. A certificate that no browser trusts by itself is looked at for its age alone. */
export function blackboxFiles(settings: Settings): ServiceFile[] {
  const root = settings.edge.authority?.root;
  const trusted = tlsMode(settings) === "acme";
  const untrusted = { insecure_skip_verify: true };
  const authority = root === undefined ? {} : { ca_file: `/muster/${authorityFile}` };
  const configuration = {
    modules: {
      site: {
        prober: "http",
        timeout: "10s",
        http: {
          preferred_ip_protocol: "ip4",
          fail_if_not_ssl: true,
          follow_redirects: false,
          valid_status_codes: [200],
          tls_config: trusted ? authority : untrusted,
        },
      },
      door: { prober: "tcp", timeout: "10s", tcp: { preferred_ip_protocol: "ip4" } },
      // Asked at an address: its name isn't what it is checked against.
      "door-tls": {
        prober: "tcp",
        timeout: "10s",
        tcp: { preferred_ip_protocol: "ip4", tls: true, tls_config: untrusted },
      },
    },
  };
  return [
    { name: "blackbox.yml", content: jsonText(configuration) },
    ...(trusted && root !== undefined ? [{ name: authorityFile, content: text`${root}` }] : []),
  ];
}
