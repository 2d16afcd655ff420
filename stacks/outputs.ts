/**
 * The contract of the stack's outputs: what people and dashboards read. Versioned: keys may be added, never
 * renamed or removed within a version. Plain data from the topology, so a preview shows all of it.
 */
import { z } from "zod";
import { type BackupStatus, type StatusRecord, unknownStatus } from "../components/host/backupStatus";
import { describeRepository } from "../components/services/backup/repository";
import { siteUrl } from "./topology/exposure";
import { scrapeTargets } from "./topology/monitoring";
import { people } from "./plan/schema";
import type { ServicePlan, Topology } from "./topology";

const amount = z.number().min(0);
const needs = z.strictObject({
  memoryMiB: amount.describe("Memory, in MiB."),
  cpus: amount.describe("Virtual CPUs."),
  diskGiB: amount.describe("Room on the data disk, in GiB."),
});
const demand = needs.extend({
  egressMbps: amount.describe("Traffic that leaves the host when busy, in Mbit/s."),
  trafficGB: amount.describe("Traffic that leaves it in a month, in GB."),
});

export const outputsSchema = z.strictObject({
  schemaVersion: z.literal(1).describe("Version of this contract."),
  stack: z.string().describe("Name of the stack."),
  edition: z.enum(["team", "entry", "licensed"]).describe("What the chat server may do."),
  endpoints: z.record(z.string(), z.url()).describe("Address of each site, by its name."),
  services: z
    .record(
      z.string(),
      z.strictObject({
        title: z.string().describe("Name for people."),
        host: z.string().describe("Host it runs on."),
        container: z.string().describe("Name of its container."),
        image: z.string().describe("Whole reference of its image."),
        memoryMiB: amount.describe("Memory limit, in MiB."),
        healthAddress: z
          .string()
          .describe(
            "Address that answers 200 when it is well; docker:NAME where only the container's health tells.",
          ),
      }),
    )
    .describe("Every running service, by its name."),
  sizing: z
    .strictObject({
      people: people.describe("People that the stack is sized for."),
      hosts: z
        .record(
          z.string(),
          z.strictObject({
            demand: demand.describe("What its services and the host itself need."),
            capacity: needs
              .extend({
                diskGiB: amount.nullable().describe("Room on the data disk, in GiB."),
                trafficGB: amount.nullable().describe("Traffic in its price, in GB a month."),
              })
              .nullable()
              .describe("What the machine has; null where only the machine itself can tell."),
            headroomMiB: z.number().nullable().describe("Memory left over, in MiB; null without a capacity."),
          }),
        )
        .describe("Every host, by its name."),
    })
    .describe("Demand, capacity and headroom."),
  cost: z
    .strictObject({
      currency: z.literal("USD").describe("Currency."),
      asOf: z.string().describe("Month of the prices, such as 2026-11."),
      monthly: amount.nullable().describe("Estimate for a month, without taxes; null where nobody knows."),
    })
    .describe("What it costs by the providers' price lists."),
  openPorts: z
    .array(
      z.strictObject({
        host: z.string().describe("Host that publishes it."),
        service: z.string().describe("Service behind it."),
        port: z.int().min(1).max(65535).describe("Number on the host; the first of a range."),
        lastPort: z.int().min(1).max(65535).describe("Last of a range; the same as `port` for a single one."),
        protocol: z.enum(["tcp", "udp"]).describe("Transport protocol."),
        exposure: z.enum(["entry", "media", "admin", "internal"]).describe("What kind of door it is."),
        from: z.enum(["everyone", "this machine", "Cloudflare", "other hosts"]).describe("Who may reach it."),
        why: z.string().describe("Why it exists."),
      }),
    )
    .describe("Every port that a host publishes."),
  backup: z
    .strictObject({
      target: z.enum(["folder", "sftp", "s3"]).describe("Kind of place."),
      repository: z.string().describe("Address of the repository; docker:NAME is a volume of the engine."),
      schedule: z
        .strictObject({
          at: z.string().describe("Time of the nightly backup, UTC."),
          keep: z
            .strictObject({ daily: amount, weekly: amount, monthly: amount, yearly: amount })
            .describe("How many snapshots of each kind stay."),
          checkDays: amount.describe("Days between checks of the repository."),
          drillDays: amount.describe("Days between drills."),
        })
        .describe("When backups run, and what stays."),
      last: z
        .strictObject({
          at: z.iso.datetime().describe("When it ended."),
          bytes: amount.describe("Bytes that it holds."),
          files: amount.describe("Files in it."),
          snapshot: z.string().describe("Its id."),
        })
        .nullable()
        .describe("The last good backup; null where there is none, or where nobody can say."),
      proven: z
        .strictObject({
          at: z.iso.datetime().describe("When the drill ended."),
          taken: z.iso.datetime().describe("When the backup was taken that it restored."),
          bytes: amount.describe("Bytes that it holds."),
        })
        .nullable()
        .describe("The last backup that a drill has restored and compared; null likewise."),
    })
    .describe("Backups, as they were when the program ran last."),
  monitoring: z
    .strictObject({
      kind: z.enum(["off", "stack", "targets"]).describe("How the stack is monitored."),
      targets: z
        .array(
          z.strictObject({
            targets: z.array(z.string()).describe("Address and port, on the host itself."),
            labels: z.record(z.string(), z.string()).describe("What Prometheus is told about it."),
          }),
        )
        .describe(
          "What a Prometheus on the host scrapes, as its service discovery reads it from a file or over HTTP; none unless `kind` is targets.",
        ),
    })
    .describe("Monitoring."),
});

export type Outputs = z.output<typeof outputsSchema>;

/**
 * The outputs of a topology. Pure.
 * @param containerName tells the physical name of a service's container.
 * @param status what the backup's container has written down.
 */
export function outputsOf(
  topology: Topology,
  containerName: (service: string) => string,
  status: BackupStatus = unknownStatus,
): Outputs {
  const { stack, settings, offering, hosts, services, routes, openings } = topology;
  return {
    schemaVersion: 1,
    stack,
    edition: offering,
    endpoints: Object.fromEntries(routes.map(({ site }) => [site, siteUrl(site, settings)])),
    services: Object.fromEntries(
      services.map((plan) => [
        plan.name,
        {
          title: plan.service.title,
          host: plan.host,
          container: containerName(plan.name),
          image: plan.image.reference,
          memoryMiB: plan.needs.memoryMiB,
          healthAddress: healthAddress(plan, topology, containerName),
        },
      ]),
    ),
    sizing: {
      people: settings.people,
      hosts: Object.fromEntries(
        hosts.map(({ name, demand, capacity }) => [
          name,
          {
            demand,
            capacity:
              capacity === undefined
                ? null
                : {
                    ...capacity,
                    diskGiB: capacity.diskGiB ?? null,
                    trafficGB: capacity.trafficGB ?? null,
                  },
            headroomMiB: capacity === undefined ? null : capacity.memoryMiB - demand.memoryMiB,
          },
        ]),
      ),
    },
    cost: { currency: "USD", asOf: topology.cost.asOf, monthly: topology.cost.monthlyUsd ?? null },
    openPorts: openings.map(({ host, service, published, last, protocol, exposure, from, why }) => ({
      host,
      service,
      port: published,
      lastPort: last,
      protocol,
      exposure: exposure as Outputs["openPorts"][number]["exposure"],
      from,
      why,
    })),
    backup: backupOf(topology, status),
    monitoring: {
      kind: settings.monitoring.kind,
      targets: settings.monitoring.kind === "targets" ? scrapeTargets(topology) : [],
    },
  };
}

function backupOf({ stack, settings }: Topology, { backup, drill }: BackupStatus): Outputs["backup"] {
  const { target, at, keep, checkDays, drillDays } = settings.backup;
  const last = numbersIn(backup, ["at", "bytes", "files"]);
  const proven = numbersIn(drill, ["at", "taken", "bytes"]);
  const snapshot = backup?.["snapshot"];
  return {
    target: target.kind,
    repository: describeRepository(target, stack),
    schedule: { at, keep, checkDays, drillDays },
    last: last === undefined || snapshot === undefined ? null : { ...last, at: isoTime(last.at), snapshot },
    proven:
      proven === undefined
        ? null
        : { at: isoTime(proven.at), taken: isoTime(proven.taken), bytes: proven.bytes },
  };
}

/** Numbers of a record; `undefined` where one is missing, or none. */
function numbersIn<K extends string>(
  record: StatusRecord | undefined,
  keys: readonly K[],
): Record<K, number> | undefined {
  const values = keys.map((key) => [key, record?.[key] ?? ""] as const);
  if (!values.every(([, text]) => /^\d{1,15}$/.test(text))) return undefined;
  return Object.fromEntries(values.map(([key, text]) => [key, Number(text)])) as Record<K, number>;
}

const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString();

function healthAddress(
  { name, ports }: ServicePlan,
  { settings }: Topology,
  containerName: (service: string) => string,
): string {
  const web = ports.find((port) => port.exposure === "web");
  return web === undefined
    ? `docker:${containerName(name)}`
    : `${siteUrl(web.site, settings)}${web.healthPath}`;
}
