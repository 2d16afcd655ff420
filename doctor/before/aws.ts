/** What speaks against a first `up` at AWS: the key, its rights, quotas, the place, another stack's things. Pure. */
import type { Topology } from "../../stacks/topology";
import { awsPolicies } from "../../stacks/topology/providers";
import type { Seen } from "../check";
import { judged, type Known, roomFor, roomText, tightIn } from "./account";
import type { KeyRefused } from "./awsApi";
import type { AwsFacts } from "./awsFacts";
import type { Open, Place, RegionFacts, Tagged } from "./awsRegion";
import type { Fault } from "./faults";

/** What a stack makes there: each host is a machine with an address. */
export interface Wanted extends Place {
  accessKeyId: string;
  hosts: readonly { cpus: number }[];
}

/** `undefined` for a stack that is elsewhere. */
export function wantedOf({ stack, hosts, settings: { host } }: Topology): Wanted | undefined {
  if (host.provider !== "aws") return undefined;
  const { region, zone, image, accessKeyId } = host;
  return {
    ...{ stack, region, zone: `${region}${zone}`, image, accessKeyId },
    sizes: [...new Set(hosts.flatMap(({ size }) => size ?? []))],
    hosts: hosts.map(({ capacity }) => ({ cpus: capacity?.cpus ?? 0 })),
  };
}

export const accountSeen = ({ account }: AwsFacts): Seen => ({
  ok: true,
  saw: account === undefined ? "the key is taken" : `account ${account.id}, as ${account.arn}`,
});

/** Where the id is right, and the secret isn't. */
const wrongSecret = new Set(["SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"]);

export function refusedSeen({ code, message }: KeyRefused, { accessKeyId }: Wanted): Seen {
  const another = "make another in IAM (Users, the user, Security credentials)";
  const store = "store its secret with npm run secret -- STACK awsSecretAccessKey";
  if (wrongSecret.has(code))
    return {
      ok: false,
      saw: message,
      fix: `look at this machine's clock; where it is right, the secret isn't that of ${accessKeyId}: ${store}, or ${another}`,
    };
  const temporary = accessKeyId.startsWith("ASIA");
  return {
    ok: false,
    saw: message,
    fix: `${temporary ? "a key that begins with ASIA is for some hours, and isn't taken" : `look whether ${accessKeyId} is there and active`}: ${another}, set muster:host.accessKeyId, and ${store}`,
  };
}

/** What this check alone asks: an up goes well without. */
const askedHereAlone = /^(servicequotas:.*|ec2:Describe(Regions|AvailabilityZones|InstanceTypeOfferings))$/;

export function rightsSeen({ denied, region }: AwsFacts): Seen {
  if (denied.length > 0) {
    const harmless = denied.every((action) => askedHereAlone.test(action));
    return {
      ok: false,
      saw: `without ${denied.join(", ")}`,
      fix: `give the key's user these policies: ${awsPolicies.join("; ")}`,
      ...(harmless ? { severity: "warning", means: "nobody knows beforehand whether an up goes well" } : {}),
    };
  }
  if (region === undefined) return { ok: "unchecked", saw: "its region can't be asked" };
  return {
    ok: true,
    saw: "it reads all that it must, and may make machines, disks, addresses and networks; whether it may make roles and keys for disks, only the up shows",
  };
}

/** Why nobody could look at what these actions read. */
function unread({ denied, region }: AwsFacts, actions: RegExp): string | undefined {
  if (region === undefined) return "the region can't be asked";
  const hidden = denied.filter((action) => actions.test(action));
  return hidden.length === 0 ? undefined : `the key may not: ${hidden.join(", ")}`;
}

/** Those that count against the quota of Standard instances. Every size that Muster knows is one. */
const standard = /^([acdhimrtz]|im|is)\d/;

export function quotasSeen(facts: AwsFacts, wanted: Wanted, known: Known): Seen {
  const { machines, addresses, vpcs, quotas } = facts.region ?? {};
  const running = machines?.filter(
    ({ id, type, counts }) => counts && standard.test(type) && !known("Instance", id),
  );
  const rooms = [
    roomFor(
      "vCPUs of running Standard instances",
      running === undefined ? undefined : sum(running),
      sum(wanted.hosts),
      quotas?.cpus,
    ),
    roomFor(
      "Elastic IPs",
      addresses?.filter(({ id }) => !known("Eip", id)).length,
      wanted.hosts.length,
      quotas?.addresses,
    ),
    roomFor("VPCs", vpcs?.filter(({ id }) => !known("Vpc", id)).length, 1, quotas?.vpcs),
  ].flatMap((one) => one ?? []);
  return judged(
    tightIn(
      rooms,
      `ask for more in the console (Service Quotas, in ${wanted.region}), which may take days, or remove what nobody needs`,
    ),
    unread(facts, /^(servicequotas:.*|ec2:Describe(Instances|Addresses|Vpcs))$/),
    roomText(rooms),
  );
}

const sum = (all: readonly { cpus: number }[]): number => all.reduce((total, { cpus }) => total + cpus, 0);

/** Region, zone, sizes and image. */
export function placeSeen(facts: AwsFacts, wanted: Wanted): Seen {
  const { region } = facts;
  return judged(
    region === undefined
      ? [closedFault(facts.regions, wanted)]
      : [...zoneFaults(region, wanted), ...sizeFaults(region, wanted), ...imageFaults(region, wanted)],
    unread(facts, /^(ssm:GetParameter|ec2:Describe(AvailabilityZones|InstanceTypeOfferings|Images))$/),
    `${wanted.sizes.join(", ")} in ${wanted.zone}, ${wanted.image}`,
  );
}

const openIn = (all: readonly Open[]): string =>
  all
    .flatMap(({ name, open }) => (open ? name : []))
    .sort()
    .join(", ") || "none";

function closedFault(regions: readonly Open[] | undefined, { region }: Wanted): Fault {
  const another = `set muster:host.region to one of ${openIn(regions ?? [])}`;
  if (regions?.every(({ name }) => name !== region) === true)
    return { what: `there is no region ${region}`, fix: another };
  const enable = "enable it in the console (Account, AWS Regions), and wait some minutes";
  return {
    what: `region ${region} isn't enabled for this account`,
    fix: regions === undefined ? enable : `${enable}; or ${another}`,
  };
}

function zoneFaults({ zones }: RegionFacts, { zone: own, region }: Wanted): Fault[] {
  const zone = zones?.find(({ name }) => name === own);
  if (zones === undefined || zone?.open === true) return [];
  const letters = openIn(zones).replaceAll(region, "");
  return [
    {
      what: zone === undefined ? `there is no zone ${own} for this account` : `zone ${own} takes nothing new`,
      fix: `set muster:host.zone to one of ${letters}`,
    },
  ];
}

function sizeFaults({ offers, zones }: RegionFacts, { sizes, zone, region }: Wanted): Fault[] {
  // Where there is no such zone, that is the fault.
  if (offers === undefined || zones?.every(({ name }) => name !== zone) === true) return [];
  const zonesOf = (size: string): string[] =>
    offers.flatMap((offer) => (offer.size === size ? offer.zone : [])).sort();
  return sizes
    .filter((size) => !zonesOf(size).includes(zone))
    .map((size) => ({
      what: `size ${size} isn't to be had in ${zone}`,
      fix: `choose another muster:host.size, or a zone that has it: ${zonesOf(size).join(", ").replaceAll(region, "") || "none"}`,
    }));
}

function imageFaults({ image }: RegionFacts, { image: name, region }: Wanted): Fault[] {
  // What Mattermost's image is for.
  if (image === undefined || (image !== "absent" && image.architecture === "x86_64")) return [];
  return [
    {
      what:
        image === "absent"
          ? `${name} names no image in ${region}`
          : `${name} names an image for ${image.architecture}, not x86_64`,
      fix: "leave muster:host.image out, or name a parameter that names Debian 12",
    },
  ];
}

/** What has the stack's tag already, and isn't in its state. Nothing there must have a name that nobody else has. */
export function tagsSeen(facts: AwsFacts, { stack, region }: Wanted, known: Known): Seen {
  const { machines, volumes, addresses, vpcs } = facts.region ?? {};
  const strange = (what: string, kind: string, all: readonly Tagged[] = []): string[] =>
    all
      .filter(({ id, tags }) => tags["muster"] === stack && !known(kind, id))
      .map(({ id, tags }) => `${what} ${id}${tags["Name"] === undefined ? "" : ` (${tags["Name"]})`}`);
  const taken = [
    ...strange("instance", "Instance", machines),
    ...strange("volume", "Volume", volumes),
    ...strange("address", "Eip", addresses),
    ...strange("VPC", "Vpc", vpcs),
  ];
  return judged(
    taken.length === 0
      ? []
      : [
          {
            what: `there already with the tag muster: ${stack}, and not in this stack's state: ${taken.join(", ")}`,
            fix: "run it from where that state is; to give them up for good, remove them in the console; or take another name for the stack",
          },
        ],
    unread(facts, /^ec2:Describe(Instances|Volumes|Addresses|Vpcs)$/),
    `nothing in ${region} has the tag muster: ${stack}, but for what is the stack's own`,
  );
}
