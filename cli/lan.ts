/** This machine's own address on the LAN, stored once in the stack's file. */
import { networkInterfaces } from "node:os";
import { isMap } from "../stacks/settings/file";
import type { RawSettings } from "../stacks/settings/parse";
import type { Topology } from "../stacks/topology";
import { UserError } from "./errors";
import { capturePulumi } from "./pulumi";

const loopback = "127.0.0.1";
/** Bridges that Docker and virtual machines make: nobody else reaches their addresses. */
const virtual = /^(docker|br-|veth|virbr|lxc|cni|flannel|utun|vmnet|bridge)/;

/** IPv4 addresses at which others may reach this machine, the likeliest first. */
export function lanAddresses(interfaces = networkInterfaces()): string[] {
  return Object.entries(interfaces)
    .filter(([name]) => !virtual.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(
      ({ family, internal, address }) => family === "IPv4" && !internal && !address.startsWith("169.254."),
    )
    .map(({ address }) => address);
}

/** Whether the stack's file says at which address this machine is reached. */
export const addressIsSet = ({ values }: RawSettings): boolean =>
  isMap(values["host"]) && "address" in values["host"];

/** The settings as they will be once the LAN address is stored: for what is checked before. */
export function withLanAddress(raw: RawSettings, addresses = lanAddresses()): RawSettings {
  const { host } = raw.values;
  const [address] = addresses;
  return !isMap(host) || host["provider"] !== "local" || addressIsSet(raw) || address === undefined
    ? raw
    : { ...raw, values: { ...raw.values, host: { ...host, address } } };
}

/**
 * Stores the LAN address on the first start, and says so when it is no longer this machine's.
 * @returns what was done or noticed, in words.
 */
export async function rememberLanAddress({ stack, settings }: Topology, isSet: boolean): Promise<string[]> {
  if (settings.host.provider !== "local") return [];
  const addresses = lanAddresses();
  const { address: advertised, privateAddress } = settings.host;
  // Behind address translation the advertised one was never this machine's.
  const current = privateAddress ?? advertised;
  if (isSet) {
    const gone = current !== loopback && !addresses.includes(current);
    return gone
      ? [
          `muster:host.${privateAddress === undefined ? "address" : "privateAddress"} ${current} is no longer this machine's (now: ${addresses.join(", ") || "none"}); change it in Pulumi.${stack}.yaml`,
        ]
      : [];
  }
  const address = addresses[0] ?? loopback;
  const { code, stderr } = await capturePulumi(stack, [
    "config",
    "set",
    "-s",
    stack,
    "--path",
    "muster:host.address",
    address,
  ]);
  if (code !== 0) throw new UserError(`The LAN address can't be stored.\n${stderr.trim()}`);
  return [`stored this machine's address ${address} as muster:host.address`];
}
