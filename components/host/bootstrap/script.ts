/** The scripts that make a machine ready: text for the standard input of `sh -s`, run there as root. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../../services/job";
import { firewallV4, firewallV6 } from "./firewall";
import type { MachinePlan } from "./plan";
import { vpnFile } from "./vpn";

/** What the bootstrap does, in this order; each is a file of the same name with a function `topic_…`. */
export const topics = [
  "check",
  "wait",
  "packages",
  "time",
  "kernel",
  "sshd",
  "disk",
  "swap",
  "firewall",
  "vpn",
  "docker",
  "shutdown",
  "upgrades",
  "anchor",
  "leftovers",
] as const;

/** Of the key that signs Docker's own packages. */
const dockerFingerprint = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88";
/** Major version of Docker's own packages. */
const dockerMajor = 28;

const shellFile = (name: string): string => readFileSync(join(__dirname, `${name}.sh`), "utf8");
const variables = (values: Record<string, string | number | boolean>): string =>
  Object.entries(values)
    .map(
      ([name, value]) =>
        `${name}=${quote(typeof value === "boolean" ? (value ? "yes" : "no") : String(value))}\n`,
    )
    .join("");
const span = (first: number, last: number): string => (first === last ? String(first) : `${first}-${last}`);

/** What the topics know of the plan. */
const header = (plan: MachinePlan): string => {
  const { disk, vpn } = plan;
  const tang = disk.encryption.unlock === "tang" ? disk.encryption : undefined;
  const openings = [
    ...plan.firewall.map(({ protocol, first, last }) => `${protocol}/${span(first, last)}`),
    ...(vpn === undefined ? [] : [`udp/${vpn.port}`]),
  ];
  return variables({
    stack: plan.stack,
    user: plan.user,
    architectures: plan.architectures.join(" "),
    least_memory_mib: plan.leastMemoryMiB,
    least_disk_gib: plan.leastDiskGiB,
    docker_source: plan.dockerSource,
    docker_fingerprint: dockerFingerprint,
    docker_major: dockerMajor,
    reboot_at: plan.rebootAt,
    swap_mib: plan.swapMiB,
    sysctls: Object.entries(plan.sysctls)
      .map(([name, value]) => `${name}=${value}`)
      .sort()
      .join(" "),
    authorized_keys: plan.authorizedKeys.join("\n"),
    disk_device: disk.device ?? "",
    disk_uuid: disk.uuid,
    unlock: disk.encryption.unlock,
    tang_url: tang?.url ?? "",
    tang_thumbprint: tang?.thumbprint ?? "",
    ssh_port: plan.sshPort,
    ssh_from: plan.sshFrom.join(" "),
    ssh_only_vpn: vpn?.sshOnly ?? false,
    vpn_network: vpn?.network ?? "",
    vpn: vpn === undefined ? "" : vpnFile(vpn),
    openings: openings.join(" "),
    keep_open: plan.keepOpen.map((port) => `tcp/${port}`).join(" "),
    anchor: plan.anchor,
    firewall_v4: firewallV4(plan),
    firewall_v6: firewallV6(plan),
  });
};

/**
 * A script that knows all that the bootstrap knows, and runs these lines.
 * @param first what it begins with. Default: it waits until no other one is at work, and has others wait.
 */
export function machineScript(plan: MachinePlan, lines: readonly string[], first = ["alone"]): string {
  // All is read before any of it runs: a connection that is cut while it sends leaves nothing half done, and no
  // program finds the rest of the script on its standard input.
  return `${header(plan)}
${["lib", ...topics].map(shellFile).join("\n")}
${shellFile("luks")}
bootstrap() {
  exec 3>&1 1>&2
${[...first, "know_machine", ...lines].map((line) => `  ${line}\n`).join("")}}
bootstrap < /dev/null
`;
}

/**
 * Makes a bare machine ready for the stack, or mends one; idempotent, without secrets.
 * Says on stderr what it changes, and on stdout its facts, one line of JSON (`MachineFacts`).
 * Exit code 3: what is asked for can't be done here, and one line for each reason says why.
 */
export const bootstrapScript = (plan: MachinePlan): string =>
  machineScript(
    plan,
    topics.map((topic) => `topic_${topic}`),
  );

/**
 * What speaks against the bootstrap, by its own first topic, on a machine that nothing is to be changed on yet: as
 * root. Exit code 3 with one line for each reason, as above.
 */
export const checkScript = (plan: MachinePlan): string =>
  machineScript(
    plan,
    [
      // The first up brings it before it asks for it.
      "needs_key() { :; }",
      // A disk that isn't there isn't waited for.
      "sleep() { waited=120; }",
      "topic_check",
    ],
    [],
  );

/** Secrets that a machine holds: for the second script alone. */
export interface MachineSecrets {
  /** Passphrase of the data disk; without a line break. */
  diskKey?: string;
  /** The machine's own WireGuard key, as `wg genkey` writes it. */
  wireguardKey?: string;
}

/** Brings secrets to the machine, before the bootstrap; it says nothing. Give it as a secret on standard input. */
export function secretsScript(plan: MachinePlan, { diskKey, wireguardKey }: MachineSecrets): string {
  const wanted = {
    disk_key: plan.disk.encryption.unlock === "provider" ? "" : (diskKey ?? ""),
    wireguard_key: plan.vpn === undefined ? "" : (wireguardKey ?? ""),
  };
  return `${variables(wanted)}
${shellFile("secrets")}`;
}

/** Opens a data disk that waits for a person, and starts Docker; the passphrase comes on standard input. For `sh -c`. */
export const unlockScript = ({ disk }: { disk: Pick<MachinePlan["disk"], "device"> }): string =>
  `${variables({ disk_device: disk.device ?? "" })}
${shellFile("unlock")}`;
