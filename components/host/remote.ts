/** What all machines have in common that are reached over SSH: they are set up, and then have a Docker provider. */
import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { secretSetting } from "../../stacks/settings/engine";
import type { Topology } from "../../stacks/topology";
import type { MachinePlan, VpnPlan } from "./bootstrap/plan";
import { bootstrapScript, secretsScript } from "./bootstrap/script";
import { diskKeySecret } from "./diskKey";
import { dockerHost, type SshAccess, sshOptions } from "./ssh";

export interface RemoteArgs {
  topology: Topology;
  plan: pulumi.Input<MachinePlan>;
  /** Who logs in. */
  user: string;
  access: pulumi.Input<SshAccess>;
  /** Public half of the key with which Muster logs in. */
  clientKey: pulumi.Input<string>;
  /** Another value for another machine. */
  machineId: pulumi.Input<string>;
  parent: pulumi.Resource;
  /** The machine, where we make it. */
  machine?: pulumi.Resource;
  /** Size of the data disk, where we make it: once it has grown, the machine is told to look again. */
  diskGiB?: pulumi.Input<number>;
  /** Its place in the stack's tunnel, and its private key there. */
  vpn?: { plan: pulumi.Input<VpnPlan>; key: pulumi.Input<string> };
  /** What must be there before the machine is asked anything. */
  dependsOn?: readonly pulumi.Resource[];
}

/** Sets a machine up, as often as its plan changes; nothing is made on it before that is done. */
export function setUpMachine(name: string, args: RemoteArgs): command.remote.Command {
  const { parent, dependsOn = [] } = args;
  const provider = new command.Provider(name, {}, { parent });
  const secrets = bringSecrets(name, args, provider);
  return new command.remote.Command(
    `bootstrap-${name}`,
    {
      ...commandArgs(args),
      stdin: scriptFor(args),
      // What it changes is shown; its answer is for the program.
      logging: command.remote.Logging.Stderr,
    },
    { ...commandOptions(args, provider), dependsOn: [...dependsOn, ...secrets] },
  );
}

/** The bootstrap of the plan and of what is known late. */
function scriptFor({ plan, clientKey, diskGiB, vpn }: RemoteArgs): pulumi.Output<string> {
  return pulumi.all([plan, clientKey, diskGiB, vpn?.plan]).apply(([own, key, sizeGiB, tunnel]) => {
    const script = bootstrapScript({
      ...own,
      authorizedKeys: [...new Set([key, ...own.authorizedKeys])],
      ...(tunnel === undefined ? {} : { vpn: tunnel }),
    });
    return sizeGiB === undefined ? script : `${script}# The data disk has ${sizeGiB} GiB.\n`;
  });
}

/** The address at which what is sent to the machine arrives: another one behind address translation. */
export const ownAddressOf = (
  bootstrap: command.remote.Command,
  publicAddress: pulumi.Input<string>,
): pulumi.Output<string> =>
  pulumi
    .all([bootstrap.stdout, publicAddress])
    .apply(([facts, address]) => /"ownAddress":"([0-9.]+)"/.exec(facts)?.[1] ?? address);

/** Secrets that stay on the machine, where there are any: by a command of their own, which says nothing. */
function bringSecrets(name: string, args: RemoteArgs, provider: command.Provider): command.remote.Command[] {
  const { topology, parent, plan, vpn, dependsOn = [] } = args;
  const diskKey = isLuks(topology) && name === diskHost(topology) ? diskKeyOf(topology, parent) : undefined;
  if (diskKey === undefined && vpn === undefined) return [];
  const stdin = pulumi
    .all([plan, diskKey ?? "", vpn?.plan, vpn?.key ?? ""])
    .apply(([own, disk, tunnel, key]) =>
      secretsScript(
        { ...own, ...(tunnel === undefined ? {} : { vpn: tunnel }) },
        { diskKey: disk, wireguardKey: key },
      ),
    );
  return [
    new command.remote.Command(
      `machine-secrets-${name}`,
      { ...commandArgs(args), stdin: pulumi.secret(stdin), logging: command.remote.Logging.None },
      {
        ...commandOptions(args, provider),
        dependsOn: [...dependsOn],
        additionalSecretOutputs: ["stdout", "stderr"],
      },
    ),
  ];
}

const isLuks = ({ settings }: Topology): boolean => settings.machine.diskEncryption.unlock !== "provider";
/** The data are on the first host's disk. */
const diskHost = ({ hosts }: Topology): string | undefined => hosts[0]?.name;

function diskKeyOf({ secrets, settings }: Topology, parent: pulumi.Resource): pulumi.Output<string> {
  if (secrets.has("diskKey")) return secretSetting("diskKey");
  const provider = new random.Provider(diskKeySecret, {}, { parent });
  const args = { length: 40, special: false };
  return new random.RandomPassword(diskKeySecret, args, { parent, provider, protect: settings.protectData })
    .result;
}

const commandArgs = ({ topology, access, user, machineId }: RemoteArgs) => ({
  connection: connectionTo(access),
  create: user === "root" ? "sh -s" : "sudo -n sh -s",
  // The disk's passphrase is on the machine only until it is set up: another way to unlock it needs it again.
  triggers: [machineId, topology.settings.machine.diskEncryption.unlock],
  addPreviousOutputInEnv: false,
});

const commandOptions = (
  { parent, machine }: RemoteArgs,
  provider: command.Provider,
): pulumi.CustomResourceOptions => ({
  parent,
  provider,
  deleteBeforeReplace: true,
  ...(machine === undefined ? {} : { deletedWith: machine }),
});

/** The key that it shows is checked; nobody's agent is asked. */
function connectionTo(access: pulumi.Input<SshAccess>): command.types.input.remote.ConnectionArgs {
  const known = pulumi.output(access);
  return {
    host: known.address,
    port: known.port,
    user: known.user,
    hostKey: known.hostKey,
    privateKey: secretSetting("sshKey"),
    // A machine that is just being born takes its time.
    dialErrorLimit: 60,
    perDialTimeout: 15,
  };
}

/** The one provider of a remote host. */
export function remoteDocker(
  name: string,
  access: pulumi.Input<SshAccess>,
  ready: pulumi.Resource,
  parent: pulumi.Resource,
): docker.Provider {
  const known = pulumi.output(access);
  return new docker.Provider(
    name,
    {
      host: known.apply(dockerHost),
      sshOpts: known.apply((it) => sshOptions(it)),
      // A stray DOCKER_CONTEXT would win over the host.
      context: "",
    },
    { parent, dependsOn: [ready] },
  );
}
