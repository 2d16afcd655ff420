import { type Known, knownIn } from "../../doctor/before/account";
import {
  accountSeen,
  placeSeen,
  quotasSeen,
  rightsSeen,
  tagsSeen,
  type Wanted,
  wantedOf,
} from "../../doctor/before/aws";
import { type AwsFacts, readAws } from "../../doctor/before/awsFacts";
import type { Seen } from "../../doctor/check";
import type { AwsApi } from "../helpers/aws/api";
import { startsAws } from "../helpers/aws/started";
import { remoteTopology } from "../helpers/hosts";
import { localTopology } from "../helpers/stacks";

const start = startsAws();

const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error("there is none");
  return value;
};
const wanted = must(wantedOf(remoteTopology("aws")));
const nothing: Known = () => false;

interface All {
  account: Seen;
  rights: Seen;
  quotas: Seen;
  place: Seen;
  names: Seen;
}
const judge = (facts: AwsFacts, want = wanted, known = nothing): All => ({
  account: accountSeen(facts),
  rights: rightsSeen(facts),
  quotas: quotasSeen(facts, want, known),
  place: placeSeen(facts, want),
  names: tagsSeen(facts, want, known),
});
const look = async (
  api: AwsApi,
  { known = nothing, want = wanted }: { known?: Known; want?: Wanted } = {},
): Promise<All> => judge(await readAws(api.key, want, 5000), want, known);

/** What isn't well, by its check. */
const unwell = (all: All): Record<string, string> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, { ok, saw }]) => (ok === true ? [] : [[name, saw]])),
  );
const thing = (id: string, tags: Record<string, string> = {}) => ({ id, tags });
const machine = (id: string, change: object = {}) => ({
  ...{ id, type: "t3a.large", cores: 1, threads: 2, state: "running", tags: {} },
  ...change,
});
const own = { muster: "test", Name: "muster-test-main" };

describe("AWS before a first up", () => {
  it("is asked for what the stack makes, and for nothing elsewhere", () => {
    expect(wanted).toEqual({
      ...{ stack: "test", region: "eu-central-1", zone: "eu-central-1a" },
      ...{ image: "/aws/service/debian/release/12/latest/amd64", accessKeyId: "AKIAIOSFODNN7EXAMPLE" },
      ...{ sizes: ["t3a.large"], hosts: [{ cpus: 2 }] },
    });
    const { host } = remoteTopology("aws").settings;
    const two = wantedOf(remoteTopology("aws", { host: { ...host, media: { size: "c7i.xlarge" } } }));
    expect(two).toMatchObject({ sizes: ["t3a.large", "c7i.xlarge"], hosts: [{ cpus: 2 }, { cpus: 4 }] });
    const same = wantedOf(remoteTopology("aws", { host: { ...host, media: { size: "t3a.large" } } }));
    expect(same).toMatchObject({ sizes: ["t3a.large"], hosts: [{ cpus: 2 }, { cpus: 2 }] });
    expect(wantedOf(localTopology())).toBeUndefined();
  });

  it("has no fault in an empty account, and is asked by questions and dry runs alone", async () => {
    const api = await start();
    const all = await look(api);
    expect(unwell(all)).toEqual({});
    expect(all.account.saw).toBe("account 123456789012, as arn:aws:iam::123456789012:user/muster");
    expect(all.quotas.saw).toBe(
      "vCPUs of running Standard instances 0 of 32, Elastic IPs 0 of 5, VPCs 1 of 5",
    );
    expect(api.changes).toEqual([]);
    expect(api.calls.filter((call) => !/:(Describe|Get)[A-Za-z]+$/.test(call)).sort()).toEqual([
      "eu-central-1 ec2:AllocateAddress (dry)",
      "eu-central-1 ec2:CreateVolume (dry)",
      "eu-central-1 ec2:CreateVpc (dry)",
      "eu-central-1 ec2:RunInstances (dry)",
    ]);
  });

  it.each<[string, Record<string, string>]>([
    ["ec2:DescribeAvailabilityZones", { place: "ec2:DescribeAvailabilityZones" }],
    ["ec2:DescribeInstanceTypeOfferings", { place: "ec2:DescribeInstanceTypeOfferings" }],
    ["ssm:GetParameter", { place: "ssm:GetParameter" }],
    ["ec2:DescribeImages", { place: "ec2:DescribeImages" }],
    ["ec2:DescribeInstances", { quotas: "ec2:DescribeInstances", names: "ec2:DescribeInstances" }],
    ["ec2:DescribeAddresses", { quotas: "ec2:DescribeAddresses", names: "ec2:DescribeAddresses" }],
    ["ec2:DescribeVpcs", { quotas: "ec2:DescribeVpcs", names: "ec2:DescribeVpcs" }],
    ["ec2:DescribeVolumes", { names: "ec2:DescribeVolumes" }],
    ["servicequotas:GetServiceQuota", { quotas: "servicequotas:GetServiceQuota" }],
    ["servicequotas:GetAWSDefaultServiceQuota", { quotas: "servicequotas:GetAWSDefaultServiceQuota" }],
    // The region answers, so it is there.
    ["ec2:DescribeRegions", {}],
    ["ec2:CreateVpc", {}],
    ["ec2:AllocateAddress", {}],
    ["ec2:CreateVolume", {}],
    ["ec2:RunInstances", {}],
  ])("says that the right %s is missing, and what nobody could look at", async (action, hidden) => {
    const api = await start({ without: [action] });
    const all = await look(api);
    const unseen = Object.fromEntries(
      Object.entries(hidden).map(([check, name]) => [check, `the key may not: ${name}`]),
    );
    expect(unwell(all)).toEqual({ rights: `without ${action}`, ...unseen });
    expect([all.quotas.ok, all.place.ok, all.names.ok]).not.toContain(false);
    const harmless = /^servicequotas:|Describe(Regions|AvailabilityZones|InstanceTypeOfferings)$/.test(
      action,
    );
    expect("severity" in all.rights).toBe(harmless);
    expect(all.rights).toMatchObject({ fix: expect.stringContaining("AmazonEC2FullAccess") });
  });

  it("counts as an error what an up needs, beside what it can do without", async () => {
    const api = await start({ without: ["ec2:DescribeRegions", "ec2:CreateVpc"] });
    const { rights } = await look(api);
    expect(rights).toMatchObject({ ok: false, saw: "without ec2:CreateVpc, ec2:DescribeRegions" });
    expect(rights).not.toHaveProperty("severity");
  });

  it("takes a dry run that is refused for other reasons for no lack of a right", async () => {
    const api = await start();
    api.account.dryRuns.set("CreateVpc", "VpcLimitExceeded").set("RunInstances", "VPCIdNotSpecified");
    expect(unwell(await look(api))).toEqual({});
  });

  it("finds quotas that others have used up, and doesn't count the stack's own", async () => {
    const api = await start();
    Object.assign(api.account, {
      instances: [
        machine("i-1", { cores: 15 }),
        machine("i-2", { state: "pending", type: "im4gn.large" }),
        // These don't count: stopped, ended, spot, and of a family with a quota of its own.
        machine("i-3", { state: "stopped" }),
        machine("i-4", { state: "terminated" }),
        machine("i-5", { lifecycle: "spot" }),
        machine("i-6", { type: "inf1.xlarge" }),
        machine("i-7", { type: "g5.xlarge" }),
      ],
      addresses: [1, 2, 3, 4, 5].map((n) => thing(`eipalloc-${n}`)),
      vpcs: [1, 2, 3, 4, 5].map((n) => thing(`vpc-${n}`)),
    });
    const full = await look(api);
    expect(unwell(full)).toEqual({
      quotas:
        "vCPUs of running Standard instances: 2 needed, 32 there, at most 32; Elastic IPs: 1 needed, 5 there, at most 5; VPCs: 1 needed, 5 there, at most 5",
    });
    expect(full.quotas).toMatchObject({ fix: expect.stringContaining("Service Quotas, in eu-central-1") });
    const known = knownIn({
      resources: [
        { type: "aws:ec2/instance:Instance", id: "i-2" },
        { type: "aws:ec2/eip:Eip", id: "eipalloc-3" },
        { type: "aws:ec2/vpc:Vpc", id: "vpc-5" },
      ],
    });
    expect(unwell(await look(api, { known }))).toEqual({});
    const two = { ...wanted, hosts: [{ cpus: 2 }, { cpus: 4 }] };
    expect(unwell(await look(api, { known, want: two }))["quotas"]).toBe(
      "vCPUs of running Standard instances: 6 needed, 30 there, at most 32; Elastic IPs: 2 needed, 4 there, at most 5",
    );
  });

  it("takes an account's own quota before the default, and leaves out one that nobody knows", async () => {
    const api = await start();
    api.account.quotas.set("ec2 L-0263D0A3", 0);
    expect(unwell(await look(api))["quotas"]).toBe("Elastic IPs: 1 needed, 0 there, at most 0");
    api.account.quotas.clear();
    api.account.defaultQuotas.delete("vpc L-F678F1CE");
    await expect(look(api)).resolves.toMatchObject({
      quotas: { ok: true, saw: "vCPUs of running Standard instances 0 of 5, Elastic IPs 0 of 5" },
    });
  });

  it("counts what is on later pages", async () => {
    const api = await start();
    Object.assign(api.account, {
      page: 1,
      instances: [machine("i-1"), machine("i-2"), machine("i-3")],
      vpcs: [thing("vpc-1"), thing("vpc-2")],
      volumes: [thing("vol-1", own), thing("vol-2", own)],
    });
    const all = await look(api);
    expect(all.quotas.saw).toContain("instances 6 of 32");
    expect(all.quotas.saw).toContain("VPCs 2 of 5");
    expect(all.names.saw).toMatch(/vol-1.*vol-2/);
  });

  it.each<[string, Partial<Wanted>, string, string]>([
    [
      "a region",
      { region: "eu-nowhere-1" },
      "there is no region eu-nowhere-1",
      "host.region to one of eu-central-1, us-east-1",
    ],
    [
      "an enabled region",
      { region: "eu-south-1" },
      "region eu-south-1 isn't enabled for this account",
      "Account, AWS Regions",
    ],
    [
      "a zone",
      { zone: "eu-central-1d" },
      "there is no zone eu-central-1d for this account",
      "host.zone to one of a, b",
    ],
    [
      "an open zone",
      { zone: "eu-central-1c", sizes: [] },
      "zone eu-central-1c takes nothing new",
      "host.zone to one of a, b",
    ],
    [
      "a size",
      { sizes: ["t3a.large", "c7i.xlarge"] },
      "size c7i.xlarge isn't to be had in eu-central-1a",
      "a zone that has it: b",
    ],
    [
      "a size anywhere",
      { sizes: ["m7i.2xlarge"] },
      "size m7i.2xlarge isn't to be had in eu-central-1a",
      "a zone that has it: none",
    ],
    [
      "an image",
      { image: "/debian" },
      "/debian names no image in eu-central-1",
      "leave muster:host.image out",
    ],
  ])("finds that %s can't be had", async (_what, change, words, fix) => {
    const api = await start();
    const { place } = await look(api, { want: { ...wanted, ...change } });
    expect(place).toMatchObject({ ok: false, saw: words, fix: expect.stringContaining(fix) });
  });

  it("finds a parameter that names no image, or one for another processor", async () => {
    const api = await start();
    api.account.images.set("ami-0debian", "arm64");
    expect(unwell(await look(api))).toEqual({
      place: `${wanted.image} names an image for arm64, not x86_64`,
    });
    api.account.images.clear();
    expect(unwell(await look(api))).toEqual({ place: `${wanted.image} names no image in eu-central-1` });
  });

  it("asks nothing in a region that the account can't use, and says so", async () => {
    const api = await start();
    const closed = await look(api, { want: { ...wanted, region: "eu-south-1" } });
    const unseen = { rights: "its region can't be asked", quotas: "the region can't be asked" };
    expect(unwell(closed)).toMatchObject({ ...unseen, names: "the region can't be asked" });
    expect([closed.rights.ok, closed.quotas.ok, closed.names.ok]).toEqual(Array(3).fill("unchecked"));
    expect(api.calls.filter((call) => call.startsWith("eu-south-1"))).toEqual([]);
  });

  it("takes a region that knows no key for one that isn't enabled, where it may not list them", async () => {
    const api = await start({ without: ["ec2:DescribeRegions"] });
    const { place } = await look(api, { want: { ...wanted, region: "eu-south-1" } });
    expect(place).toEqual({
      ok: false,
      saw: "region eu-south-1 isn't enabled for this account",
      fix: "enable it in the console (Account, AWS Regions), and wait some minutes",
    });
  });

  it.each<[string, object, string]>([
    [
      "an instance",
      { instances: [machine("i-1", { state: "stopped", tags: own })] },
      "instance i-1 (muster-test-main)",
    ],
    ["a volume", { volumes: [thing("vol-1", { muster: "test" })] }, "volume vol-1"],
    [
      "a volume at a machine",
      { volumes: [{ ...thing("vol-1", own), endsWithInstance: false }] },
      "volume vol-1 (muster-test-main)",
    ],
    ["an address", { addresses: [thing("eipalloc-1", own)] }, "address eipalloc-1 (muster-test-main)"],
    ["a network", { vpcs: [thing("vpc-1", own)] }, "VPC vpc-1 (muster-test-main)"],
  ])("finds %s that has the stack's tag", async (_what, there, words) => {
    const api = await start();
    Object.assign(api.account, there);
    expect(unwell(await look(api))).toEqual({
      names: `there already with the tag muster: test, and not in this stack's state: ${words}`,
    });
  });

  it("minds neither other stacks' things, nor what ends with its machine, nor what is in the state", async () => {
    const api = await start();
    const other = { muster: "tests", Name: "muster-test-main" };
    Object.assign(api.account, {
      instances: [
        machine("i-1", { tags: own }),
        machine("i-2", { tags: other }),
        machine("i-3", { state: "terminated", tags: own }),
      ],
      volumes: [
        thing("vol-1", own),
        { ...thing("vol-2", own), endsWithInstance: true },
        thing("vol-3", other),
      ],
      addresses: [thing("eipalloc-1", own), thing("eipalloc-2", other)],
      vpcs: [thing("vpc-1", own), thing("vpc-2")],
    });
    const known = knownIn({
      resources: [
        { type: "aws:ec2/instance:Instance", id: "i-1" },
        { type: "aws:ebs/volume:Volume", id: "vol-1" },
        { type: "aws:ec2/eip:Eip", id: "eipalloc-1" },
        { type: "aws:ec2/vpc:Vpc", id: "vpc-1" },
      ],
    });
    expect(unwell(await look(api, { known }))).toEqual({});
    expect(Object.keys(unwell(await look(api)))).toEqual(["names"]);
    // Others' disks, of which there may be thousands, aren't even read.
    const { region } = await readAws(api.key, wanted);
    expect(region?.volumes).toEqual([thing("vol-1", own)]);
  });
});
