/** What is to be made of a machine, from the topology. Pure. */
import { createHash } from "node:crypto";
import type { MachineSettings } from "../../stacks/settings/machine";
import { imagesOf, type Topology } from "../../stacks/topology";
import { publishedRules, sshNetworks } from "../../stacks/topology/firewall";
import type { HostPlan } from "../../stacks/topology/types";
import { architecturesOf } from "../services/images";
import type { MachinePlan } from "./bootstrap/plan";

/** Room for images and a first start on the machine's own disk. */
const leastDiskGiB = 5;
const autoSwap = { belowMiB: 8 * 1024, swapMiB: 2048 };

/** What only the adapter knows of a machine. */
export interface MachineFacts extends Pick<MachinePlan, "user" | "sshPort" | "anchor"> {
  device?: string;
  /** Addresses at which the hosts reach each other, by name. */
  peerAddresses: Readonly<Record<string, string>>;
}

/** The plan, but for the tunnel, whose keys come late. */
export function machinePlanOf(topology: Topology, host: string, facts: MachineFacts): MachinePlan {
  const { stack, settings } = topology;
  const { machine } = settings;
  const { sysctls, capacity } = planOf(topology, host);
  const { device, peerAddresses, ...access } = facts;
  const services = topology.services.filter((service) => service.host === host);
  return {
    stack,
    host,
    ...access,
    dockerSource: machine.dockerSource,
    rebootAt: machine.rebootAt as MachinePlan["rebootAt"],
    swapMiB: swapOf(machine, capacity?.memoryMiB),
    architectures: architecturesOf(
      imagesOf({ services, toolsImage: topology.toolsImage }).map(({ name }) => name),
      settings.images,
    ),
    leastMemoryMiB: capacity?.memoryMiB ?? 0,
    leastDiskGiB,
    sysctls,
    authorizedKeys: machine.authorizedKeys,
    disk: {
      ...(device === undefined ? {} : { device }),
      uuid: uuidOf(stack, host),
      encryption: machine.diskEncryption,
    },
    firewall: publishedRules(topology, host).map(({ path, from, fromHosts, ...rule }) => ({
      ...rule,
      from: fromHosts?.map((name) => `${peerAddresses[name] ?? ""}/32`) ?? from,
      path: path === "machine" ? ("input" as const) : ("docker" as const),
    })),
    sshFrom: sshNetworks(machine),
    keepOpen: machine.keepOpen,
  };
}

function planOf({ hosts }: Topology, name: string): HostPlan {
  const plan = hosts.find((host) => host.name === name);
  if (plan === undefined) throw new Error(`no host ${name} in this stack`);
  return plan;
}

const swapOf = ({ swapMiB }: MachineSettings, memoryMiB = 0): number =>
  swapMiB !== "auto" ? swapMiB : memoryMiB < autoSwap.belowMiB ? autoSwap.swapMiB : 0;

/** Identity of a host's data disk: a UUID made of its name, as RFC 9562 makes version 8. */
export function uuidOf(stack: string, host: string): string {
  const bytes = createHash("sha256").update(`muster/${stack}/${host}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
