/**
 * Prices beside those of machines, in USD, without taxes. Sources: the providers' price lists; they change, and AWS's
 * differ by region. Machines have theirs in `sizes.ts`.
 */

/** Month in which the prices were looked up. */
export const pricesAsOf = "2026-11";
/** As providers count a month. */
export const hoursPerMonth = 730;

interface ProviderPrices {
  /** A machine's disk for images and logs, where it is paid for apart. */
  systemDiskGiB: number;
  diskPerGiB: number;
  /** The key by which disks are encrypted, where it is paid for; one for a stack. */
  diskKey: number;
  /** A public address, while a machine has it. */
  address: number;
  /** Traffic beyond what is free. */
  trafficPerGB: number;
  freeTrafficGB: number;
  /** The provider's own copies of a machine's disk, as a part of the machine's price. */
  copies: number;
}

export const providerPrices: Readonly<Record<"digitalocean" | "aws", ProviderPrices>> = {
  digitalocean: {
    systemDiskGiB: 0,
    diskPerGiB: 0.1,
    diskKey: 0,
    address: 0,
    trafficPerGB: 0.01,
    freeTrafficGB: 0,
    copies: 0.2,
  },
  aws: {
    systemDiskGiB: 30,
    diskPerGiB: 0.08,
    diskKey: 1,
    address: 0.005 * hoursPerMonth,
    trafficPerGB: 0.09,
    freeTrafficGB: 100,
    copies: 0,
  },
};

/** Of a bucket: what it costs at least, with what is in that, and each further GB. */
export const bucketPrices: Readonly<Record<string, { base: number; freeGB: number; perGB: number }>> = {
  aws: { base: 0, freeGB: 0, perGB: 0.023 },
  r2: { base: 0, freeGB: 10, perGB: 0.015 },
  spaces: { base: 5, freeGB: 250, perGB: 0.02 },
  b2: { base: 0, freeGB: 10, perGB: 0.006 },
};
