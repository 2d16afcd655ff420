/** What there is in one region of AWS, by questions alone, and by dry runs of what an `up` makes. */
import type * as Ec2 from "@aws-sdk/client-ec2";
import type * as Quotas from "@aws-sdk/client-service-quotas";
import type * as Ssm from "@aws-sdk/client-ssm";
import type { Questions } from "./awsApi";

/** Where a stack will be, and what it needs there. */
export interface Place {
  stack: string;
  region: string;
  zone: string;
  sizes: readonly string[];
  /** Parameter of the Systems Manager that names the image. */
  image: string;
}

/** A region or zone; one that the account can use is `open`. */
export interface Open {
  name: string;
  open: boolean;
}
export interface Tagged {
  id: string;
  tags: Readonly<Record<string, string>>;
}
export interface Machine extends Tagged {
  type: string;
  cpus: number;
  /** It runs on demand: the others have quotas of their own. */
  counts: boolean;
}

/** What the key may not read is left out. */
export interface RegionFacts {
  zones: readonly Open[] | undefined;
  /** The zones of each of the stack's sizes. */
  offers: readonly { size: string; zone: string }[] | undefined;
  image: { architecture: string } | "absent" | undefined;
  /** Also those that are stopped. */
  machines: readonly Machine[] | undefined;
  /** Those with the stack's tag that don't end with their machine. */
  volumes: readonly Tagged[] | undefined;
  addresses: readonly Tagged[] | undefined;
  vpcs: readonly Tagged[] | undefined;
  quotas: Readonly<Record<keyof typeof quotaCodes, number | undefined>>;
}

const quotaCodes = {
  /** Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances. */
  cpus: { ServiceCode: "ec2", QuotaCode: "L-1216C47A" },
  /** EC2-VPC Elastic IPs. */
  addresses: { ServiceCode: "ec2", QuotaCode: "L-0263D0A3" },
  /** VPCs per Region. */
  vpcs: { ServiceCode: "vpc", QuotaCode: "L-F678F1CE" },
} as const;

export interface Region {
  sdk: { ec2: typeof Ec2; ssm: typeof Ssm; quotas: typeof Quotas };
  clients: { ec2: Ec2.EC2Client; ssm: Ssm.SSMClient; quotas: Quotas.ServiceQuotasClient };
  questions: Questions;
  place: Place;
}

/** @throws KeyRefused; Error where it can't be asked. */
export async function readRegion(region: Region): Promise<RegionFacts> {
  const [zones, offers, image, machines, volumes, addresses, vpcs, cpuQuota, addressQuota, vpcQuota] =
    await Promise.all([
      readZones(region),
      readOffers(region),
      readImage(region),
      readMachines(region),
      readVolumes(region),
      readAddresses(region),
      readVpcs(region),
      readQuota(region, "cpus"),
      readQuota(region, "addresses"),
      readQuota(region, "vpcs"),
      rehearse(region),
    ]);
  return {
    ...{ zones, offers, image, machines, volumes, addresses, vpcs },
    quotas: { cpus: cpuQuota, addresses: addressQuota, vpcs: vpcQuota },
  };
}

async function readZones({ sdk, clients, questions }: Region): Promise<RegionFacts["zones"]> {
  const answer = await questions.read("ec2:DescribeAvailabilityZones", (by) =>
    clients.ec2.send(new sdk.ec2.DescribeAvailabilityZonesCommand({}), by),
  );
  return listed(answer, ({ AvailabilityZones }) => AvailabilityZones)?.map(({ ZoneName = "", State }) => ({
    name: ZoneName,
    open: State === "available" || State === "information",
  }));
}

async function readOffers({ sdk, clients, questions, place }: Region): Promise<RegionFacts["offers"]> {
  const Filters = [{ Name: "instance-type", Values: [...place.sizes] }];
  const answer = await questions.read("ec2:DescribeInstanceTypeOfferings", (by) =>
    clients.ec2.send(
      new sdk.ec2.DescribeInstanceTypeOfferingsCommand({ LocationType: "availability-zone", Filters }),
      by,
    ),
  );
  return listed(answer, ({ InstanceTypeOfferings }) => InstanceTypeOfferings)?.map(
    ({ InstanceType = "", Location = "" }) => ({ size: InstanceType, zone: Location }),
  );
}

/** As the program finds it; then whether it is there, and whether a machine may be made of it. */
async function readImage(region: Region): Promise<RegionFacts["image"]> {
  const { sdk, clients, questions, place } = region;
  const named = await questions.ask(
    "ssm:GetParameter",
    (by) => clients.ssm.send(new sdk.ssm.GetParameterCommand({ Name: place.image }), by),
    /^ParameterNotFound$/,
  );
  if (named === undefined || named === "absent") return named;
  const ImageId = named.Parameter?.Value ?? "";
  const [found] = await Promise.all([
    questions.ask(
      "ec2:DescribeImages",
      (by) => clients.ec2.send(new sdk.ec2.DescribeImagesCommand({ ImageIds: [ImageId] }), by),
      /^InvalidAMIID\./,
    ),
    ...place.sizes.map((size) => {
      const InstanceType = size as Ec2._InstanceType;
      const one = { ImageId, InstanceType, MinCount: 1, MaxCount: 1 };
      return questions.rehearse("ec2:RunInstances", (by) =>
        clients.ec2.send(new sdk.ec2.RunInstancesCommand({ ...one, DryRun: true }), by),
      );
    }),
  ]);
  if (found === undefined || found === "absent") return found;
  const [image] = found.Images ?? [];
  return image === undefined ? "absent" : { architecture: image.Architecture ?? "" };
}

/** Dry runs of what an up makes beside machines. In no zone, EC2 says that instead. */
async function rehearse({ sdk, clients: { ec2 }, questions, place }: Region): Promise<void> {
  const DryRun = true;
  const volume = { AvailabilityZone: place.zone, Size: 10, VolumeType: "gp3" } as const;
  await Promise.all([
    questions.rehearse("ec2:CreateVpc", (by) =>
      ec2.send(new sdk.ec2.CreateVpcCommand({ CidrBlock: "10.212.0.0/24", DryRun }), by),
    ),
    questions.rehearse("ec2:AllocateAddress", (by) =>
      ec2.send(new sdk.ec2.AllocateAddressCommand({ Domain: "vpc", DryRun }), by),
    ),
    questions.rehearse("ec2:CreateVolume", (by) =>
      ec2.send(new sdk.ec2.CreateVolumeCommand({ ...volume, DryRun }), by),
    ),
  ]);
}

const pageSize = 500;

async function readMachines({ sdk, clients, questions }: Region): Promise<Machine[] | undefined> {
  // Those that have ended are listed for an hour more.
  const alive = { Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] };
  const config = { client: clients.ec2, pageSize };
  const all = await questions.read("ec2:DescribeInstances", (by) =>
    pagesOf(sdk.ec2.paginateDescribeInstances(config, { Filters: [alive] }, by), ({ Reservations }) =>
      Reservations?.flatMap(({ Instances }) => Instances ?? []),
    ),
  );
  return all?.map(({ InstanceId, InstanceType, InstanceLifecycle, CpuOptions, State, Tags }) => ({
    ...tagged(InstanceId, Tags),
    type: InstanceType ?? "",
    cpus: (CpuOptions?.CoreCount ?? 1) * (CpuOptions?.ThreadsPerCore ?? 1),
    // Spot instances and the like say what they are.
    counts: InstanceLifecycle === undefined && ["pending", "running"].includes(State?.Name ?? ""),
  }));
}

async function readVolumes({ sdk, clients, questions, place }: Region): Promise<Tagged[] | undefined> {
  const Filters = [{ Name: "tag:muster", Values: [place.stack] }];
  const config = { client: clients.ec2, pageSize };
  const all = await questions.read("ec2:DescribeVolumes", (by) =>
    pagesOf(sdk.ec2.paginateDescribeVolumes(config, { Filters }, by), ({ Volumes }) => Volumes),
  );
  return all
    ?.filter(({ Attachments = [] }) => !Attachments.some((one) => one.DeleteOnTermination === true))
    .map(({ VolumeId, Tags }) => tagged(VolumeId, Tags));
}

async function readAddresses({ sdk, clients, questions }: Region): Promise<RegionFacts["addresses"]> {
  const answer = await questions.read("ec2:DescribeAddresses", (by) =>
    clients.ec2.send(new sdk.ec2.DescribeAddressesCommand({}), by),
  );
  return listed(answer, ({ Addresses }) => Addresses)?.map(({ AllocationId, Tags }) =>
    tagged(AllocationId, Tags),
  );
}

async function readVpcs({ sdk, clients, questions }: Region): Promise<Tagged[] | undefined> {
  const config = { client: clients.ec2, pageSize };
  const all = await questions.read("ec2:DescribeVpcs", (by) =>
    pagesOf(sdk.ec2.paginateDescribeVpcs(config, {}, by), ({ Vpcs }) => Vpcs),
  );
  return all?.map(({ VpcId, Tags }) => tagged(VpcId, Tags));
}

/** An account has a quota of its own once it has asked for one; until then the default holds. */
async function readQuota(
  { sdk, clients, questions }: Region,
  quota: keyof typeof quotaCodes,
): Promise<number | undefined> {
  const absent = /^NoSuchResourceException$/;
  const own = await questions.ask(
    "servicequotas:GetServiceQuota",
    (by) => clients.quotas.send(new sdk.quotas.GetServiceQuotaCommand(quotaCodes[quota]), by),
    absent,
  );
  if (own !== "absent") return own?.Quota?.Value;
  const usual = await questions.ask(
    "servicequotas:GetAWSDefaultServiceQuota",
    (by) => clients.quotas.send(new sdk.quotas.GetAWSDefaultServiceQuotaCommand(quotaCodes[quota]), by),
    absent,
  );
  return usual === "absent" ? undefined : usual?.Quota?.Value;
}

const tagged = (id: string | undefined, tags: readonly Ec2.Tag[] | undefined): Tagged => ({
  id: id ?? "",
  tags: Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""])),
});

/** An answer's list; an empty one may be left out. */
const listed = <A, T>(
  answer: A | undefined,
  itemsOf: (answer: A) => readonly T[] | undefined,
): readonly T[] | undefined => (answer === undefined ? undefined : (itemsOf(answer) ?? []));

async function pagesOf<P, T>(
  pages: AsyncIterable<P>,
  itemsOf: (page: P) => readonly T[] | undefined,
): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...(itemsOf(page) ?? []));
  return all;
}
