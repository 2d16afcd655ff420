/** What is wrong with the settings of the machines that Muster sets up, and what is worth knowing. */
import { isDeepStrictEqual } from "node:util";
import { machineSchema } from "../settings/machine";
import type { Problem } from "../settings/problems";
import type { HostSettings, Settings } from "../settings/schema";
import type { SecretSetting } from "../settings/secrets";
import { blockedMailPorts } from "./providers";
import type { Topology } from "./types";

type Plan = Pick<Topology, "stack" | "settings" | "secrets">;

/** Secret settings that a host of each kind needs. */
export const hostSecrets: Readonly<Record<HostSettings["provider"], readonly SecretSetting[]>> = {
  local: [],
  existing: ["sshKey"],
  digitalocean: ["sshKey", "digitaloceanToken"],
  aws: ["sshKey", "awsSecretAccessKey"],
};

/** What an `up` would fail on, or what would leave the machine out of reach. */
export function machineProblems(plan: Plan): Problem[] {
  return [
    ...unusedSecrets(plan),
    ...diskProblems(plan),
    ...accessProblems(plan),
    ...sshProblems(plan),
    ...placeProblems(plan),
    ...unusedSettings(plan),
  ];
}

/** Secrets without which nothing can be brought up; a plan needs none of them. */
export function missingMachineSecrets({ stack, settings: { host }, secrets }: Plan): Problem[] {
  return hostSecrets[host.provider]
    .filter((secret) => !secrets.has(secret))
    .map((secret) => ({
      key: `muster:${secret}`,
      problem: `an up needs it: muster:host.provider is ${host.provider}`,
      allowed: "an encrypted value",
      fix: `npm run secret -- ${stack} ${secret}${secret === "sshKey" ? " < KEY_FILE; ssh-keygen -t ed25519 -N '' -f KEY_FILE makes one" : ""}`,
    }));
}

function unusedSecrets({ settings: { host }, secrets }: Plan): Problem[] {
  const known = [...new Set(Object.values(hostSecrets).flat())];
  return known
    .filter((secret) => secrets.has(secret) && !hostSecrets[host.provider].includes(secret))
    .map((secret) => ({
      key: `muster:${secret}`,
      problem: `with muster:host.provider ${host.provider} nobody uses it`,
      fix: "set muster:host.provider, or remove the secret",
    }));
}

function placeProblems({ settings: { host } }: Plan): Problem[] {
  if (host.provider !== "existing" || !host.address.startsWith("127.")) return [];
  return [
    {
      key: "muster:host.address",
      problem: "this machine itself: what a server would be set up with would change it",
      given: host.address,
      allowed: "another machine's address, or muster:host.provider local",
      fix: "change muster:host",
    },
  ];
}

const isLuks = ({ machine }: Settings): boolean => machine.diskEncryption.unlock !== "provider";

function diskProblems({ settings, secrets }: Plan): Problem[] {
  const { host, machine } = settings;
  const { unlock } = machine.diskEncryption;
  const problems: Problem[] = [];
  if (unlock === "manual" && machine.rebootAt !== "off")
    problems.push({
      key: "muster:machine.rebootAt",
      problem: "after a reboot by itself, nobody would be there to unlock the data disk",
      given: `${machine.rebootAt} with diskEncryption.unlock: manual`,
      allowed: "off",
      fix: 'set muster:machine.rebootAt to "off", or choose another muster:machine.diskEncryption.unlock',
    });
  if (unlock === "tpm2" && (host.provider === "digitalocean" || host.provider === "aws"))
    problems.push({
      key: "muster:machine.diskEncryption.unlock",
      problem: `machines at ${host.provider} have no TPM that outlives them: a new machine couldn't unlock the disk`,
      given: unlock,
      allowed: "provider, tang, manual",
      fix: "choose one of these",
    });
  if (isLuks(settings) && host.provider === "existing" && host.dataDisk === undefined)
    problems.push({
      key: "muster:host.dataDisk",
      problem: "missing: without a disk of its own for the data there is nothing to encrypt",
      allowed: "a disk by its identity, such as /dev/disk/by-id/...",
      fix: "set muster:host.dataDisk, or muster:machine.diskEncryption.unlock to provider",
    });
  if (!isLuks(settings) && secrets.has("diskKey"))
    problems.push({
      key: "muster:diskKey",
      problem: "with muster:machine.diskEncryption.unlock provider nobody uses it",
      fix: "choose another muster:machine.diskEncryption, or remove the secret",
    });
  return problems;
}

function accessProblems({ settings: { machine } }: Plan): Problem[] {
  const { vpn } = machine;
  if (vpn === undefined || vpn.ssh === "outside" || Object.keys(vpn.peers).length > 0) return [];
  return [
    {
      key: "muster:machine.vpn.ssh",
      problem: "without a peer nobody could reach SSH any more",
      given: `${vpn.ssh}, with peers: {}`,
      allowed: "at least one peer",
      fix: "add yourself to muster:machine.vpn.peers",
    },
  ];
}

/** A network that is everybody hides among others: it is said in words. */
function sshProblems({ settings: { machine } }: Plan): Problem[] {
  const { sshFrom } = machine;
  if (sshFrom === undefined || sshFrom === "everyone" || !sshFrom.some(isEverybody)) return [];
  return [
    {
      key: "muster:machine.sshFrom",
      problem: "one of the networks is the whole internet",
      given: sshFrom.join(", "),
      allowed: "networks of yours, or the word everyone alone",
      fix: "name your networks, or say `sshFrom: everyone`",
    },
  ];
}

const isEverybody = (network: string): boolean => network.endsWith("/0");

/** Without an answer nothing can be brought up: that SSH is open to the whole internet is for somebody to say. */
export function unsaidSsh({ settings: { host, machine } }: Plan): Problem[] {
  const said = machine.sshFrom !== undefined || machine.vpn?.ssh === "tunnel";
  if (host.provider === "local" || said) return [];
  return [
    {
      key: "muster:machine.sshFrom",
      problem: "nobody has said from where SSH is reached",
      allowed: "networks of yours, or the word everyone: keys alone let in",
      fix: "set muster:machine.sshFrom",
    },
  ];
}

function unusedSettings({ settings: { host, machine } }: Plan): Problem[] {
  if (host.provider !== "local" || isDeepStrictEqual(machine, machineSchema.parse(undefined))) return [];
  return [
    {
      key: "muster:machine",
      problem: "with muster:host.provider local nobody uses it: that machine is yours to set up",
      given: JSON.stringify(machine).slice(0, 117),
      fix: "remove muster:machine",
    },
  ];
}

/** Minutes between two times of day, round the clock. */
function minutesBetween(one: string, other: string): number {
  const minutes = (time: string): number => {
    const [hour = 0, minute = 0] = time.split(":").map(Number);
    return hour * 60 + minute;
  };
  const apart = Math.abs(minutes(one) - minutes(other));
  return Math.min(apart, 24 * 60 - apart);
}

const leastMinutesToBackup = 60;

export function machineWarnings({ settings }: Plan): Problem[] {
  const { host, machine, backup, mail } = settings;
  if (host.provider === "local") return [];
  const found: Problem[] = [];
  if (machine.rebootAt !== "off" && minutesBetween(machine.rebootAt, backup.at) < leastMinutesToBackup)
    found.push({
      key: "muster:machine.rebootAt",
      problem: "so near to the nightly backup that a reboot may cut it short",
      given: `${machine.rebootAt}, and the backup at ${backup.at}`,
      allowed: `at least ${leastMinutesToBackup} minutes from muster:backup.at`,
      fix: "change muster:machine.rebootAt",
    });
  if (machine.rebootAt === "off")
    found.push({
      key: "muster:machine.rebootAt",
      problem: "security upgrades of the kernel wait until somebody reboots the machine",
      given: "off",
      fix: "reboot it by hand now and then",
    });
  if (mail !== undefined && blockedMailPorts[host.provider]?.includes(mail.port) === true)
    found.push({
      key: "muster:mail.port",
      problem: "the provider blocks this port on its way out",
      given: String(mail.port),
      allowed: "a port that your mail provider offers beside these, such as 2525",
      fix: "change muster:mail.port",
    });
  return found;
}
