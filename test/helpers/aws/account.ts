/** An account at AWS, in memory: one region's things. */

export interface Instance {
  id: string;
  type: string;
  cores: number;
  threads: number;
  state: string;
  /** Such as `spot`; on demand where it is left out. */
  lifecycle?: string;
  tags: Record<string, string>;
}
export interface Volume {
  id: string;
  /** Where it is attached: whether it ends with its instance. */
  endsWithInstance?: boolean;
  tags: Record<string, string>;
}
export interface Thing {
  id: string;
  tags: Record<string, string>;
}

export interface Account {
  id: string;
  /** Whether they are enabled. */
  regions: Map<string, boolean>;
  /** Zones with their states. */
  zones: Map<string, string>;
  /** Zones by the sizes that they have. */
  offers: Map<string, string[]>;
  parameters: Map<string, string>;
  /** Architectures. */
  images: Map<string, string>;
  instances: Instance[];
  volumes: Volume[];
  addresses: Thing[];
  vpcs: Thing[];
  /** By service and code; a quota that was never raised has its default alone. */
  quotas: Map<string, number>;
  defaultQuotas: Map<string, number>;
  /** What dry runs are refused with, by their actions. */
  dryRuns: Map<string, string>;
  /** Most things in one answer. */
  page: number;
}

/** As AWS gives it: a default VPC, nothing else. */
export const emptyAccount = (): Account => ({
  id: "123456789012",
  regions: new Map([
    ["us-east-1", true],
    ["eu-central-1", true],
    ["eu-south-1", false],
  ]),
  zones: new Map([
    ["eu-central-1a", "available"],
    ["eu-central-1b", "information"],
    ["eu-central-1c", "unavailable"],
  ]),
  offers: new Map([
    ["t3a.large", ["eu-central-1a", "eu-central-1b"]],
    ["c7i.xlarge", ["eu-central-1b"]],
  ]),
  parameters: new Map([["/aws/service/debian/release/12/latest/amd64", "ami-0debian"]]),
  images: new Map([["ami-0debian", "x86_64"]]),
  instances: [],
  volumes: [],
  addresses: [],
  vpcs: [{ id: "vpc-default", tags: {} }],
  quotas: new Map([["ec2 L-1216C47A", 32]]),
  defaultQuotas: new Map([
    ["ec2 L-1216C47A", 5],
    ["ec2 L-0263D0A3", 5],
    ["vpc L-F678F1CE", 5],
  ]),
  dryRuns: new Map(),
  page: 500,
});
