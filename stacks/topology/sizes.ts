/** Machine sizes that the plan knows, per provider, with what they cost. Memory is the provider's figure, in MiB. */
import { hoursPerMonth } from "./prices";

/** What a machine has. */
export interface Size {
  cpus: number;
  memoryMiB: number;
}

/** A size that can be had, in USD a month. */
export interface OfferedSize extends Size {
  monthlyUsd: number;
  /** Traffic out that the price has in it. */
  trafficGB: number;
}

/** Whether a machine is large enough. */
export const fits = (demand: Size, { cpus, memoryMiB }: Size): boolean =>
  demand.cpus <= cpus && demand.memoryMiB <= memoryMiB;

const size = (cpus: number, memoryGiB: number, monthlyUsd: number, trafficGB: number): OfferedSize => ({
  cpus,
  memoryMiB: memoryGiB * 1024,
  monthlyUsd,
  trafficGB,
});
/** By the hour, with traffic paid for apart. */
const hourly = (cpus: number, memoryGiB: number, usd: number): OfferedSize =>
  size(cpus, memoryGiB, Math.round(usd * hoursPerMonth * 100) / 100, 0);

/** Prices: DigitalOcean's list of Droplets; AWS's on-demand prices for Linux in us-east-1. */
export const sizes = {
  digitalocean: {
    "s-1vcpu-1gb": size(1, 1, 6, 1000),
    "s-1vcpu-2gb": size(1, 2, 12, 2000),
    "s-2vcpu-2gb": size(2, 2, 18, 3000),
    "s-2vcpu-4gb": size(2, 4, 24, 4000),
    "s-2vcpu-8gb-amd": size(2, 8, 42, 5000),
    "s-4vcpu-8gb": size(4, 8, 48, 5000),
    "s-4vcpu-16gb-amd": size(4, 16, 84, 8000),
    "s-8vcpu-16gb": size(8, 16, 96, 6000),
    "s-8vcpu-32gb-amd": size(8, 32, 168, 10_000),
    "g-2vcpu-8gb": size(2, 8, 63, 4000),
    "g-4vcpu-16gb": size(4, 16, 126, 5000),
    "g-8vcpu-32gb": size(8, 32, 252, 6000),
    "g-16vcpu-64gb": size(16, 64, 504, 7000),
    "c-4": size(4, 8, 84, 5000),
    "c-8": size(8, 16, 168, 6000),
    "c-16": size(16, 32, 336, 7000),
  },
  aws: {
    "t3a.small": hourly(2, 2, 0.0188),
    "t3a.medium": hourly(2, 4, 0.0376),
    "t3a.large": hourly(2, 8, 0.0752),
    "t3.large": hourly(2, 8, 0.0832),
    "t3a.xlarge": hourly(4, 16, 0.1504),
    "c7i.xlarge": hourly(4, 8, 0.1785),
    "c7i.2xlarge": hourly(8, 16, 0.357),
    "c7i.4xlarge": hourly(16, 32, 0.714),
    "m7i.2xlarge": hourly(8, 32, 0.4032),
    "m7i.4xlarge": hourly(16, 64, 0.8064),
  },
} as const satisfies Record<string, Record<string, OfferedSize>>;

/** All sizes of a provider, the cheapest first. */
export const offeredBy = (provider: keyof typeof sizes): [string, OfferedSize][] =>
  Object.entries<OfferedSize>(sizes[provider]).sort(
    ([, one], [, other]) => one.monthlyUsd - other.monthlyUsd || one.memoryMiB - other.memoryMiB,
  );
