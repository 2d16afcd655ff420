/** Prometheus' configuration: one job for each path at which a service has metrics, and those of the probes. Pure. */
import type { Port, ServiceContext, ServiceFile } from "../service";
import { jsonText } from "../text";
import { probeJobs } from "./probes";

/** Paths at which a port has metrics. */
export const metricsOf = (port: Port): readonly string[] =>
  ("metrics" in port ? port.metrics : undefined) ?? [];

/** Time between two measurements. */
export const scrapeSeconds = 30;

/** A service's job; its further paths have jobs of their own. */
export const jobName = (service: string, path: string, index: number): string =>
  index === 0 ? service : `${service}${path}`;

/** A job for each path with metrics. */
const metricsJobs = ({ running, settings, address }: ServiceContext) =>
  running.flatMap(({ service }) =>
    service.ports(settings).flatMap((port) =>
      metricsOf(port).map((path, index) => ({
        job_name: jobName(service.name, path, index),
        metrics_path: path,
        honor_labels: "measuresOthers" in port && port.measuresOthers,
        static_configs: [{ targets: [address(service.name, port.name)], labels: { service: service.name } }],
      })),
    ),
  );

/** As JSON, which YAML contains. */
export const prometheusFile = (context: ServiceContext): ServiceFile => ({
  name: "prometheus.yml",
  content: jsonText({
    global: {
      scrape_interval: `${scrapeSeconds}s`,
      scrape_timeout: "15s",
      external_labels: { stack: context.stack },
    },
    scrape_configs: [...metricsJobs(context), ...probeJobs(context)],
  }),
});
