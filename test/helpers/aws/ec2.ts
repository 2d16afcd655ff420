/** EC2's questions, in AWS's double. */
import type { Account, Thing } from "./account";
import { AwsError, type Call, xml } from "./types";

type Question = (call: Call, account: Account) => string;

const tagSet = (tags: Thing["tags"]): string[] =>
  Object.entries(tags).map(([key, value]) => xml`<item><key>${key}</key><value>${value}</value></item>`);

/** The values of a filter; `undefined` where the call hasn't it. */
function filterOf({ params }: Call, name: string): string[] | undefined {
  for (let at = 1; params.has(`Filter.${at}.Name`); at += 1)
    if (params.get(`Filter.${at}.Name`) === name)
      return [...params].flatMap(([key, value]) => (key.startsWith(`Filter.${at}.Value.`) ? value : []));
  return undefined;
}

/** One page of a list, and where the next begins. */
function pageOf<T>(call: Call, account: Account, all: readonly T[]): { items: readonly T[]; next: string } {
  if (account.page === 0) throw new AwsError("InternalFailure", "no page");
  const from = Number(call.params.get("NextToken") ?? 0);
  const size = Math.min(account.page, Number(call.params.get("MaxResults") ?? account.page));
  const to = from + size;
  return { items: all.slice(from, to), next: to < all.length ? xml`<nextToken>${to}</nextToken>` : "" };
}

export const ec2: Readonly<Record<string, Question>> = {
  DescribeRegions: ({ params }, { regions }) => {
    const shown = [...regions].filter(([, enabled]) => enabled || params.get("AllRegions") === "true");
    const items = shown.map(
      ([name, enabled]) =>
        xml`<item><regionName>${name}</regionName><regionEndpoint>ec2.${name}.amazonaws.com</regionEndpoint><optInStatus>${enabled ? "opt-in-not-required" : "not-opted-in"}</optInStatus></item>`,
    );
    return xml`<DescribeRegionsResponse><regionInfo>${items}</regionInfo></DescribeRegionsResponse>`;
  },
  DescribeAvailabilityZones: ({ region }, { zones }) => {
    const items = [...zones].map(
      ([name, state]) =>
        xml`<item><zoneName>${name}</zoneName><zoneState>${state}</zoneState><regionName>${region}</regionName></item>`,
    );
    return xml`<DescribeAvailabilityZonesResponse><availabilityZoneInfo>${items}</availabilityZoneInfo></DescribeAvailabilityZonesResponse>`;
  },
  DescribeInstanceTypeOfferings: (call, { offers }) => {
    if (call.params.get("LocationType") !== "availability-zone")
      throw new AwsError("InvalidParameterValue", "The double knows zones alone");
    const items = [...offers]
      .filter(([size]) => filterOf(call, "instance-type")?.includes(size) !== false)
      .flatMap(([size, zones]) =>
        zones.map(
          (zone) =>
            xml`<item><instanceType>${size}</instanceType><locationType>availability-zone</locationType><location>${zone}</location></item>`,
        ),
      );
    return xml`<DescribeInstanceTypeOfferingsResponse><instanceTypeOfferingSet>${items}</instanceTypeOfferingSet></DescribeInstanceTypeOfferingsResponse>`;
  },
  DescribeImages: ({ params }, { images }) => {
    const id = params.get("ImageId.1") ?? "";
    const architecture = images.get(id);
    if (architecture === undefined)
      throw new AwsError("InvalidAMIID.NotFound", `The image id '[${id}]' does not exist`);
    return xml`<DescribeImagesResponse><imagesSet><item><imageId>${id}</imageId><architecture>${architecture}</architecture></item></imagesSet></DescribeImagesResponse>`;
  },
  DescribeInstances: (call, account) => {
    const states = filterOf(call, "instance-state-name");
    const shown = account.instances.filter(({ state }) => states?.includes(state) !== false);
    const { items, next } = pageOf(call, account, shown);
    const reservations = items.map(
      ({ id, type, cores, threads, state, lifecycle, tags }) =>
        xml`<item><reservationId>r-${id}</reservationId><instancesSet><item><instanceId>${id}</instanceId><instanceType>${type}</instanceType><instanceState><name>${state}</name></instanceState>${lifecycle === undefined ? "" : `<instanceLifecycle>${lifecycle}</instanceLifecycle>`}<cpuOptions><coreCount>${cores}</coreCount><threadsPerCore>${threads}</threadsPerCore></cpuOptions><tagSet>${tagSet(tags)}</tagSet></item></instancesSet></item>`,
    );
    return xml`<DescribeInstancesResponse><reservationSet>${reservations}</reservationSet>${next}</DescribeInstancesResponse>`;
  },
  DescribeVolumes: (call, account) => {
    const stacks = filterOf(call, "tag:muster");
    const shown = account.volumes.filter(({ tags }) => stacks?.includes(tags["muster"] ?? "") !== false);
    const { items, next } = pageOf(call, account, shown);
    const volumes = items.map(
      ({ id, endsWithInstance, tags }) =>
        xml`<item><volumeId>${id}</volumeId><attachmentSet>${endsWithInstance === undefined ? "" : `<item><deleteOnTermination>${endsWithInstance}</deleteOnTermination></item>`}</attachmentSet><tagSet>${tagSet(tags)}</tagSet></item>`,
    );
    return xml`<DescribeVolumesResponse><volumeSet>${volumes}</volumeSet>${next}</DescribeVolumesResponse>`;
  },
  DescribeAddresses: (_, { addresses }) => {
    const items = addresses.map(
      ({ id, tags }) =>
        xml`<item><allocationId>${id}</allocationId><domain>vpc</domain><tagSet>${tagSet(tags)}</tagSet></item>`,
    );
    return xml`<DescribeAddressesResponse><addressesSet>${items}</addressesSet></DescribeAddressesResponse>`;
  },
  DescribeVpcs: (call, account) => {
    const { items, next } = pageOf(call, account, account.vpcs);
    const vpcs = items.map(
      ({ id, tags }) => xml`<item><vpcId>${id}</vpcId><tagSet>${tagSet(tags)}</tagSet></item>`,
    );
    return xml`<DescribeVpcsResponse><vpcSet>${vpcs}</vpcSet>${next}</DescribeVpcsResponse>`;
  },
};
