/** What a stack costs in a month, by the providers' price lists. Pure. */
import { mibPerGiB, model } from "../../components/services/model";
import type { Settings } from "../settings/schema";
import { bucketPrices, pricesAsOf, providerPrices } from "./prices";
import { type OfferedSize, sizes } from "./sizes";
import { storageOf } from "./storage";
import type { HostPlan } from "./types";

/** One thing that is paid for. */
export interface CostPart {
  kind: "machine" | "disk" | "address" | "traffic" | "copies" | "bucket";
  /** Host it is for; absent for the stack as a whole. */
  host?: string;
  what: string;
  /** `undefined` where nobody knows. */
  monthlyUsd: number | undefined;
}

export interface Cost {
  /** Month of the prices. */
  asOf: string;
  parts: readonly CostPart[];
  /** Sum of the known parts; `undefined` where none is known. */
  monthlyUsd: number | undefined;
}

export function costOf(settings: Settings, hosts: readonly HostPlan[]): Cost {
  const parts = [
    ...hosts.flatMap((host) => machineParts(settings, host)),
    ...keyPart(settings),
    ...trafficPart(settings, hosts),
    ...bucketPart(settings),
  ];
  const known = parts.flatMap(({ monthlyUsd }) => (monthlyUsd === undefined ? [] : [monthlyUsd]));
  return {
    asOf: pricesAsOf,
    parts,
    monthlyUsd: known.length === 0 ? undefined : cents(known.reduce((sum, next) => sum + next, 0)),
  };
}

const cents = (usd: number): number => Math.round(usd * 100) / 100;

function machineParts({ host }: Settings, { name, size, capacity }: HostPlan): CostPart[] {
  if (host.provider === "local") return [];
  if (host.provider === "existing" || size === undefined)
    return [{ kind: "machine", host: name, what: "a server of your own", monthlyUsd: undefined }];
  const prices = providerPrices[host.provider];
  const { monthlyUsd } = (sizes[host.provider] as Record<string, OfferedSize>)[size] ?? { monthlyUsd: 0 };
  const diskGiB = (capacity?.diskGiB ?? 0) + prices.systemDiskGiB;
  const copies = "backups" in host && host.backups;
  return [
    { kind: "machine", host: name, what: size, monthlyUsd },
    ...(diskGiB === 0
      ? []
      : [
          {
            kind: "disk" as const,
            host: name,
            what: `${diskGiB} GiB of disk`,
            monthlyUsd: cents(diskGiB * prices.diskPerGiB),
          },
        ]),
    { kind: "address", host: name, what: "a public address of its own", monthlyUsd: cents(prices.address) },
    ...(copies
      ? [
          {
            kind: "copies" as const,
            host: name,
            what: "the provider's weekly copies of the machine",
            monthlyUsd: cents(monthlyUsd * prices.copies),
          },
        ]
      : []),
  ];
}

function keyPart({ host }: Settings): CostPart[] {
  const monthlyUsd =
    host.provider === "aws" || host.provider === "digitalocean" ? providerPrices[host.provider].diskKey : 0;
  return monthlyUsd === 0
    ? []
    : [{ kind: "disk", what: "the key by which the disks are encrypted", monthlyUsd }];
}

/** Traffic of a month: what leaves the machines, what their prices have in them, and what is paid for apart. */
export interface TrafficBalance {
  sentGB: number;
  freeGB: number;
  paidGB: number;
  usdPerGB: number;
}

/** A provider counts all machines together. `undefined` where traffic isn't paid for by the GB. */
export function trafficBalance({ host }: Settings, hosts: readonly HostPlan[]): TrafficBalance | undefined {
  if (host.provider === "local" || host.provider === "existing") return undefined;
  const { freeTrafficGB, trafficPerGB } = providerPrices[host.provider];
  const sentGB = hosts.reduce((sum, { demand }) => sum + demand.trafficGB, 0);
  const freeGB = hosts.reduce((sum, { capacity }) => sum + (capacity?.trafficGB ?? 0), freeTrafficGB);
  return { sentGB, freeGB, paidGB: Math.max(0, sentGB - freeGB), usdPerGB: trafficPerGB };
}

function trafficPart(settings: Settings, hosts: readonly HostPlan[]): CostPart[] {
  const balance = trafficBalance(settings, hosts);
  if (balance === undefined) return [];
  const { sentGB, freeGB, paidGB, usdPerGB } = balance;
  return [
    {
      kind: "traffic",
      what: `${sentGB} GB out, with ${settings.people.busyHours} busy hours; ${freeGB} GB are in the price`,
      monthlyUsd: cents(paidGB * usdPerGB),
    },
  ];
}

/** All data and their history, where backups go into a bucket. */
function bucketPart({ backup: { target }, people }: Settings): CostPart[] {
  if (target.kind !== "s3") return [];
  const gb = Math.ceil(
    (model.backup.repositoryPerAccount * people.accounts * people.historyMonths) / mibPerGiB,
  );
  const prices = bucketPrices[storageOf(target.endpoint)];
  const what = `about ${gb} GB of backups in the bucket ${target.bucket}, once it is full`;
  return [
    {
      kind: "bucket",
      what,
      monthlyUsd:
        prices === undefined
          ? undefined
          : cents(prices.base + Math.max(0, gb - prices.freeGB) * prices.perGB),
    },
  ];
}
