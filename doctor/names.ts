/** Names: whether they lead to the stack's machines, and where those are asked whose names don't. */
import { lookup } from "node:dns/promises";
import { BlockList, isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import type { Site } from "../components/services/service";
import { isLocalDomain } from "../components/services/tls";
import type { Trust } from "../probe/net/trust";
import { cloudflareNetworks } from "../stacks/topology/cloudflareNetworks";
import { siteHost } from "../stacks/topology/exposure";
import { mainHost } from "../stacks/topology/hosts";
import type { Check, Seen } from "./check";
import type { Patient } from "./patient";

type Named = Pick<Patient, "topology" | "addressOf">;

/** Where a name should lead. */
export interface Destination {
  /** The machine's address for clients; `undefined` where nobody knows it. */
  address: string | undefined;
  /** Its own address, where that differs: names may lead there from within its network. */
  privateAddress?: string | undefined;
  /** Whether it is the machine on which the doctor runs. */
  here: boolean;
  /** Whether Cloudflare's addresses stand there instead. */
  proxied: boolean;
}

/** A check of a name. */
export function nameCheck(
  patient: Named,
  name: string,
  destination: Destination,
  words: Pick<Check, "id" | "group" | "means">,
): Check {
  const list = `npm run plan -- ${patient.topology.stack} lists all records`;
  return {
    ...words,
    title: `DNS of ${name}`,
    fix: `let its A record say ${destination.address ?? "the machine's address"}; ${list}`,
    run: async () => {
      const seen = nameVerdict(await addressesOf(name), destination);
      return "fix" in seen ? { ...seen, fix: `${seen.fix}; ${list}` } : seen;
    },
  };
}

/** @throws Error where the name isn't there. */
const addressesOf = async (name: string): Promise<string[]> =>
  (await lookup(name, { all: true })).map(({ address }) => address);

/** Pure. @param told addresses that the resolver knows. */
export function nameVerdict(told: readonly string[], destination: Destination): Seen {
  const { address, privateAddress, here, proxied } = destination;
  const found = [...new Set(told.map(untranslated))];
  const saw = found.join(", ");
  const isInside = (one: string): boolean => one === privateAddress || (here && isLoopback(one));
  if (proxied) {
    const strangers = found.filter((one) => isIPv4(one) && !isInside(one) && !cloudflare.check(one));
    return strangers.length === 0
      ? { ok: true, saw: "Cloudflare's" }
      : {
          ok: false,
          saw: `${strangers.join(", ")}: not Cloudflare's`,
          means: "nothing stands before the site, and the machine lets only Cloudflare in",
        };
  }
  const strangers = found.filter((one) => one !== address && !isInside(one));
  if (found.length > 0 && strangers.length === 0) return { ok: true, saw };
  if (found.length === 0 || address === undefined) return { ok: false, saw };
  const isWrong = strangers.some(isIPv4) || strangers.length === found.length;
  const fixes = [
    ...(isWrong ? [`let its A record say ${address} alone`] : []),
    ...strangers.filter((one) => !isIPv4(one)).map((one) => `remove its AAAA record ${one}`),
  ];
  return { ok: false, saw, apart: true, fix: fixes.join("; ") };
}

/** Networks of IPv6 alone know IPv4 addresses within this prefix (RFC 6052). */
const nat64 = "64:ff9b::";

function untranslated(address: string): string {
  if (!address.startsWith(nat64)) return address;
  const [high = 0, low = 0] = address
    .slice(nat64.length)
    .split(":")
    .map((group) => parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";

/** Whether an address is one of this machine's own. */
export const isThisMachine = (address: string, interfaces = networkInterfaces()): boolean =>
  Object.values(interfaces).some((own) => own?.some((one) => one.address === address) === true);

const cloudflare = new BlockList();
for (const network of cloudflareNetworks) {
  const [address = "", prefix] = network.split("/");
  cloudflare.addSubnet(address, Number(prefix));
}

/** A host, as names should lead there. */
export function destinationOf({ topology, addressOf }: Named, host: string, proxied = false): Destination {
  const address = addressOf(host);
  const { host: main } = topology.settings;
  const own = host !== mainHost && main.provider === "existing" ? main.media : main;
  const privateAddress = own !== undefined && "privateAddress" in own ? own.privateAddress : undefined;
  const here = [address, privateAddress].some((one) => one !== undefined && isThisMachine(one));
  return { address, privateAddress, here, proxied };
}

export const siteDestination = (patient: Named, site: Site): Destination => {
  const { settings, edge } = patient.topology;
  const name = siteHost(site, settings);
  const proxied = edge.records.some(
    (record) => record.kind === "site" && record.name === name && record.proxied,
  );
  return destinationOf(patient, mainHost, proxied);
};

/**
 * By what a site is trusted, and where it is asked: where its name leads, as browsers do. Where that is another machine,
 * the stack's own is asked, so that the name isn't all that is found.
 */
export async function siteTrust(
  patient: Named & Pick<Patient, "trust">,
  site: Site,
  addresses = addressesOf,
): Promise<Trust> {
  const { topology, trust } = patient;
  if (isLocalDomain(topology.settings.domain)) return trust;
  const destination = siteDestination(patient, site);
  const found = await addresses(siteHost(site, topology.settings)).catch(() => []);
  const seen = nameVerdict(found, destination);
  return "apart" in seen ? { ...trust, address: destination.address } : trust;
}
