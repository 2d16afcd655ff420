/** What follows from monitoring: who comes to which port, what is published for a Prometheus elsewhere, what is wrong. */
import { blackboxName, prometheusName } from "../../components/services/monitoring/names";
import { jobName, metricsOf } from "../../components/services/monitoring/scrape";
import type { Port, Service } from "../../components/services/service";
import type { Problem } from "../settings/problems";
import type { Settings } from "../settings/schema";
import type { Opening, ServicePlan, Topology } from "./types";

/**
 * Every service's ports, with those who come to them for monitoring. For a Prometheus of somebody's own, a port with
 * metrics is an administrator's door as well; its number follows from the services' order.
 */
export function monitoredPorts(
  running: readonly Service[],
  settings: Settings,
): ReadonlyMap<Service, readonly Port[]> {
  const { monitoring } = settings;
  const declared = running.map((service) => [service, service.ports(settings)] as const);
  const exporting = declared.flatMap(([, ports]) => ports.filter(hasMetrics));
  const watched = ({ name }: Service, port: Port): Port => {
    switch (monitoring.kind) {
      case "off":
        return port;
      case "stack":
        if (port.exposure === "entry") return joined(port, blackboxName);
        return hasMetrics(port) && name !== prometheusName ? joined(port, prometheusName) : port;
      case "targets":
        return port.exposure === "internal" && hasMetrics(port)
          ? { ...port, exposure: "admin", published: monitoring.firstPort + exporting.indexOf(port) }
          : port;
    }
  };
  return new Map(declared.map(([service, ports]) => [service, ports.map((port) => watched(service, port))]));
}

const hasMetrics = (port: Port): boolean => metricsOf(port).length > 0;

const joined = (port: Port, consumer: string): Port =>
  port.exposure === "web" || port.exposure === "media"
    ? port
    : { ...port, consumers: [...(port.consumers ?? []), consumer] };

/** One target of a scrape, as Prometheus' service discovery takes it from a file or over HTTP. */
export interface ScrapeTarget {
  targets: string[];
  labels: Record<string, string>;
}

/** What a Prometheus of somebody's own scrapes. */
export function scrapeTargets({
  stack,
  services,
  openings,
}: Pick<Topology, "stack" | "services" | "openings">): ScrapeTarget[] {
  return services.flatMap((plan) =>
    plan.ports.flatMap((port) => {
      const opening = openings.find((open) => isDoor(open, plan, port));
      if (opening === undefined || typeof opening.bind !== "string") return [];
      const target = `${opening.bind}:${opening.published}`;
      return metricsOf(port).map((path, index) => ({
        targets: [target],
        labels: {
          __metrics_path__: path,
          job: jobName(plan.name, path, index),
          service: plan.name,
          stack,
          host: plan.host,
        },
      }));
    }),
  );
}

const isDoor = (open: Opening, { name }: ServicePlan, port: Port): boolean =>
  open.service === name && open.port === port.name && open.exposure === "admin";

type Plan = Pick<Topology, "stack" | "settings" | "secrets">;

/** Alerts that would reach nobody. */
export function monitoringProblems({ stack, settings: { monitoring, mail }, secrets }: Plan): Problem[] {
  const { alerts, alertsTo } =
    monitoring.kind === "stack" ? monitoring : { alerts: "none" as const, alertsTo: undefined };
  const found: Problem[] = [];
  if (alerts === "mail" && mail === undefined)
    found.push({
      key: "muster:monitoring.alerts",
      problem: "by mail, but there is no outgoing mail",
      given: "mail, without muster:mail",
      allowed: "mail with muster:mail, or webhook",
      fix: "set muster:mail, or choose webhook",
    });
  if (alerts === "mail" && alertsTo === undefined)
    found.push({
      key: "muster:monitoring.alertsTo",
      problem: "missing, but muster:monitoring.alerts is mail",
      allowed: "an address such as ops@example.org",
      fix: "say who gets alerts",
    });
  if (alerts !== "mail" && alertsTo !== undefined)
    found.push({
      key: "muster:monitoring.alertsTo",
      problem: "without muster:monitoring.alerts: mail nobody uses it",
      given: alertsTo,
      fix: "set muster:monitoring.alerts to mail, or remove the address",
    });
  // Its mail library speaks TLS from the start on this port alone.
  if (alerts === "mail" && mail?.security === "tls" && mail.port !== 465)
    found.push({
      key: "muster:mail.port",
      problem: "Grafana speaks TLS from the start on port 465 alone: its alerts would not get out",
      given: `security: tls on port ${mail.port}`,
      allowed: "security: tls on port 465, or security: starttls",
      fix: "take the server's other port, or choose monitoring.alerts: webhook",
    });
  if (alerts === "webhook" && !secrets.has("alertWebhook"))
    found.push({
      key: "muster:alertWebhook",
      problem: "missing, but muster:monitoring.alerts is webhook",
      allowed: "an encrypted value",
      fix: `npm run secret -- ${stack} alertWebhook, or choose mail`,
    });
  if (alerts !== "webhook" && secrets.has("alertWebhook"))
    found.push({
      key: "muster:alertWebhook",
      problem: "without muster:monitoring.alerts: webhook nobody uses it",
      fix: "set muster:monitoring.alerts to webhook, or remove the secret",
    });
  return found;
}

/** Alerts that nobody hears. */
export const monitoringWarnings = ({ settings: { monitoring } }: Plan): Problem[] =>
  monitoring.kind === "stack" && monitoring.alerts === "none"
    ? [
        {
          key: "muster:monitoring.alerts",
          problem: "Grafana shows alerts and tells nobody",
          given: "none",
          allowed: "mail, webhook",
          fix: "set muster:monitoring.alerts",
        },
      ]
    : [];
