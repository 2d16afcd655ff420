/**
 * Machine sizes that the plan knows, per provider.
 * Source: DigitalOcean's and AWS's size lists; memory is the provider's figure, in MiB.
 */
export interface Size {
  cpus: number;
  memoryMiB: number;
}

const size = (cpus: number, memoryGiB: number): Size => ({ cpus, memoryMiB: memoryGiB * 1024 });

export const sizes = {
  digitalocean: {
    "s-1vcpu-1gb": size(1, 1),
    "s-1vcpu-2gb": size(1, 2),
    "s-2vcpu-2gb": size(2, 2),
    "s-2vcpu-4gb": size(2, 4),
    "s-2vcpu-8gb-amd": size(2, 8),
    "s-4vcpu-8gb": size(4, 8),
    "s-4vcpu-16gb-amd": size(4, 16),
    "s-8vcpu-16gb": size(8, 16),
    "s-8vcpu-32gb-amd": size(8, 32),
    "g-2vcpu-8gb": size(2, 8),
    "c-4": size(4, 8),
  },
  aws: {
    "t3a.small": size(2, 2),
    "t3a.medium": size(2, 4),
    "t3a.large": size(2, 8),
    "t3.large": size(2, 8),
    "t3a.xlarge": size(4, 16),
    "c7i.xlarge": size(4, 8),
    "c7i.2xlarge": size(8, 16),
  },
} as const satisfies Record<string, Record<string, Size>>;
