/** What speaks against a first `up` at DigitalOcean: the account, its limits, the place, names that are taken. Pure. */
import { hostResourceName, physicalPrefix } from "../../components/platform/names";
import type { Topology } from "../../stacks/topology";
import { mainHost, mediaSettings } from "../../stacks/topology/hosts";
import { digitaloceanScopes } from "../../stacks/topology/providers";
import type { Seen } from "../check";
import { judged, type Known, roomFor, roomText, tightIn } from "./account";
import type { DigitaloceanFacts, Scope } from "./digitaloceanFacts";
import type { Fault } from "./faults";

/** What a stack makes there. */
export interface Wanted {
  region: string;
  sizes: readonly string[];
  image: string;
  /** Droplets, their firewalls and their tags have the same names. */
  hosts: readonly string[];
  volume: string;
  project: string;
}

/** `undefined` for a stack that is elsewhere. */
export function wantedOf({ stack, hosts, settings: { host } }: Topology): Wanted | undefined {
  if (host.provider !== "digitalocean") return undefined;
  const media = mediaSettings(host);
  const second = media !== undefined && "size" in media ? [media.size] : [];
  return {
    region: host.region,
    sizes: [...new Set([host.size, ...second])],
    image: host.image,
    hosts: hosts.map(({ name }) => hostResourceName(stack, name)),
    volume: hostResourceName(stack, mainHost),
    project: physicalPrefix(stack),
  };
}

export function accountSeen({ account }: DigitaloceanFacts): Seen {
  if (account === undefined) return { ok: true, saw: "the token is taken" };
  const saw = [account.status, account.status_message].filter((words) => words !== "").join(": ");
  if (account.status === "active") return { ok: true, saw };
  return account.status === "locked"
    ? { ok: false, saw, means: "nothing can be made in this account" }
    : { ok: false, severity: "warning", saw };
}

/** Rights to read alone: whether a token may write can't be asked without writing. */
export const scopesSeen = ({ denied }: DigitaloceanFacts): Seen =>
  denied.length === 0
    ? { ok: true, saw: "it reads all that it must; whether it may write, only the up shows" }
    : {
        ok: false,
        saw: `without ${denied.map((scope) => `${scope}:read`).join(", ")}`,
        fix: `make a token with these scopes, and store it with npm run secret -- STACK digitaloceanToken: ${digitaloceanScopes.join("; ")}`,
      };

/** What can't be judged because the token may not read it. */
function unread({ denied }: DigitaloceanFacts, scopes: readonly Scope[]): string | undefined {
  const hidden = scopes.filter((scope) => denied.includes(scope));
  return hidden.length === 0 ? undefined : `the token may not read: ${hidden.join(", ")}`;
}

export function limitsSeen(facts: DigitaloceanFacts, wanted: Wanted, known: Known): Seen {
  const { account, droplets, volumes, addresses } = facts;
  const room = [
    roomFor(
      "Droplets",
      droplets?.filter(({ id }) => !known("Droplet", id)).length,
      wanted.hosts.length,
      account?.droplet_limit,
    ),
    roomFor("volumes", volumes?.filter(({ id }) => !known("Volume", id)).length, 1, account?.volume_limit),
    roomFor(
      "reserved addresses",
      addresses?.filter(({ ip }) => !known("ReservedIp", ip)).length,
      wanted.hosts.length,
      account?.reserved_ip_limit ?? account?.floating_ip_limit,
    ),
  ].flatMap((one) => one ?? []);
  return judged(
    tightIn(room, "ask for more in the console (Settings, Team: limits), or remove what nobody needs"),
    unread(facts, ["account", "droplet", "block_storage", "reserved_ip"]),
    roomText(room),
  );
}

/** Region, sizes and image. */
export function placeSeen(facts: DigitaloceanFacts, wanted: Wanted): Seen {
  const { regions, imageRegions } = facts;
  return judged(
    [...(regions === undefined ? [] : regionFaults(wanted, regions)), ...imageFaults(wanted, imageRegions)],
    unread(facts, ["regions", "image"]),
    `${wanted.sizes.join(", ")} in ${wanted.region}, ${wanted.image}`,
  );
}

function regionFaults(
  { region: slug, sizes }: Wanted,
  regions: NonNullable<DigitaloceanFacts["regions"]>,
): Fault[] {
  const open = regions.filter(({ available, features }) => available && features.includes("storage"));
  const others = (of: typeof open): string =>
    of
      .map((one) => one.slug)
      .sort()
      .join(", ") || "none";
  const region = regions.find((one) => one.slug === slug);
  if (region === undefined)
    return [{ what: `there is no region ${slug}`, fix: `set muster:host.region to one of ${others(open)}` }];
  const closed: Fault[] = open.includes(region)
    ? []
    : [
        {
          what: region.available ? `region ${slug} has no volumes` : `region ${slug} takes no new Droplets`,
          fix: `set muster:host.region to one of ${others(open)}`,
        },
      ];
  const lacking = sizes.filter((size) => !region.sizes.includes(size));
  return [
    ...closed,
    ...lacking.map((size) => ({
      what: `size ${size} isn't to be had in ${slug}, for this account`,
      fix: `choose another muster:host.size, or a region that has it: ${others(open.filter((one) => one.sizes.includes(size)))}`,
    })),
  ];
}

function imageFaults({ image, region }: Wanted, there: readonly string[] | undefined): Fault[] {
  if (there === undefined || there.includes(region)) return [];
  return [
    {
      what: there.length === 0 ? `there is no image ${image}` : `image ${image} isn't in ${region}`,
      fix: "leave muster:host.image out, or name an image that the region has",
    },
  ];
}

/**
 * What has the stack's names already, and isn't in its state.
 * @param fingerprint of the stack's SSH key; `undefined` where it can't be read.
 */
export function namesSeen(
  facts: DigitaloceanFacts,
  wanted: Wanted,
  known: Known,
  fingerprint: string | undefined,
): Seen {
  const { droplets = [], volumes = [], firewalls = [], projects = [], keys = [] } = facts;
  const strange = <T extends { id: string }>(kind: string, all: readonly T[]): T[] =>
    all.filter(({ id }) => !known(kind, id));
  const [otherDroplets, otherVolumes] = [strange("Droplet", droplets), strange("Volume", volumes)];
  const taken = [
    ...otherDroplets.filter(({ name }) => wanted.hosts.includes(name)).map(({ name }) => `Droplet ${name}`),
    ...otherVolumes
      .filter(({ name, region }) => name === wanted.volume && region.slug === wanted.region)
      .map(({ name }) => `volume ${name}`),
    ...strange("Firewall", firewalls)
      .filter(({ name }) => wanted.hosts.includes(name))
      .map(({ name }) => `firewall ${name}`),
    ...strange("Project", projects)
      .filter(({ name }) => name === wanted.project)
      .map(({ name }) => `project ${name}`),
    // The stack's firewall would hold for them as well.
    ...[...otherDroplets, ...otherVolumes]
      .filter(({ name }) => !wanted.hosts.includes(name))
      .flatMap(({ name, tags }) =>
        (tags ?? []).filter((tag) => wanted.hosts.includes(tag)).map((tag) => `tag ${tag} on ${name}`),
      ),
  ];
  const sameKey = strange("SshKey", keys).filter((key) => key.fingerprint === fingerprint);
  return judged(
    [
      ...(taken.length === 0
        ? []
        : [
            {
              what: `taken already, and not in this stack's state: ${taken.join(", ")}`,
              fix: "run it from where that state is; to give them up for good, remove them in the console; or take another name for the stack",
            },
          ]),
      ...sameKey.map(({ name }) => ({
        what: `the account has the stack's SSH key already, as ${name}`,
        fix: "a key is there only once: remove it in the console (Settings, Security), or store another one with npm run secret -- STACK sshKey",
      })),
    ],
    unread(facts, ["droplet", "block_storage", "firewall", "project", "ssh_key"]),
    `${wanted.project} is free`,
  );
}
