/** What all machines have in common that are reached over SSH: they are set up, and then have a Docker provider. */
import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { secretSetting } from "../../stacks/settings/engine";
import type { MachinePlan } from "./bootstrap/plan";
import { bootstrapScript } from "./bootstrap/script";
import { dockerHost, type SshAccess, sshOptions } from "./ssh";

export interface RemoteArgs {
  plan: MachinePlan;
  access: pulumi.Input<SshAccess>;
  /** Public half of the key with which Muster logs in. */
  clientKey: pulumi.Input<string>;
  /** Another value for another machine. */
  machineId: pulumi.Input<string>;
  /** The machine, where we make it. */
  machine?: pulumi.Resource;
  /** The data disk, where we make it. Once it has grown, the machine is told to look again. */
  disk?: { device: pulumi.Input<string>; sizeGiB: pulumi.Input<number> };
  /** What must be there before the machine is asked anything. */
  dependsOn?: readonly pulumi.Resource[];
}

/** Sets a machine up, as often as its plan changes; nothing is made on it before that is done. */
export function setUpMachine(
  name: string,
  args: RemoteArgs,
  parent: pulumi.Resource,
): command.remote.Command {
  const { plan, access, machineId, machine, dependsOn = [] } = args;
  const provider = new command.Provider(name, {}, { parent });
  return new command.remote.Command(
    `bootstrap-${name}`,
    {
      connection: connectionTo(access),
      create: asRoot(plan.user),
      stdin: scriptFor(args),
      // What it changes is shown; its answer is for the program.
      logging: command.remote.Logging.Stderr,
      triggers: [machineId],
      addPreviousOutputInEnv: false,
    },
    {
      parent,
      provider,
      dependsOn: [...dependsOn],
      deleteBeforeReplace: true,
      ...(machine === undefined ? {} : { deletedWith: machine }),
    },
  );
}

/** The bootstrap of the plan and of what is known late. */
function scriptFor({ plan, clientKey, disk }: RemoteArgs): pulumi.Output<string> {
  return pulumi
    .all([clientKey, disk?.device ?? plan.disk.device, disk?.sizeGiB])
    .apply(([key, device, sizeGiB]) => {
      const script = bootstrapScript({
        ...plan,
        authorizedKeys: [...new Set([key, ...plan.authorizedKeys])],
        disk: { ...plan.disk, ...(device === undefined ? {} : { device }) },
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

const asRoot = (user: string): string => (user === "root" ? "sh -s" : "sudo -n sh -s");
