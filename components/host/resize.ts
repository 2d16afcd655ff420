/** A machine whose size changes is switched off by its provider; before that, everything on it ends cleanly. */
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { settled } from "../platform/late";
import type { SshAccess } from "./ssh";
import { runOnHost, SshError } from "./tunnel";

/** Containers may take five minutes to stop, and the machine itself its time. */
const offSeconds = 360;
/** Our unit goes first: it has Docker stop containers, which it would leave running otherwise. */
const stopEverything = "systemctl stop muster-shutdown.service docker.socket docker.service && sync";

/** Called before a machine is updated: shuts it down where its size is about to change. */
export const shutDownBeforeResize = (access: pulumi.Input<SshAccess>, host: string): pulumi.ResourceHook =>
  new pulumi.ResourceHook(`shut-down-before-resize-${host}`, async ({ oldInputs, newInputs }) => {
    // Of the inputs this one alone: what holds a secret is no plain value here.
    if (sizeOf(oldInputs) !== sizeOf(newInputs)) await shutDown(await settled(access));
  });

const sizeOf = (inputs: unknown): unknown => (inputs as { size?: unknown } | undefined)?.size;

/**
 * Stops the containers, then the machine, and waits until nobody answers any more.
 * @throws SshError where the machine answers, but lets nobody in; Error where something on it doesn't stop.
 */
export async function shutDown(access: SshAccess, waitSeconds = offSeconds): Promise<void> {
  const { address, port, user, host } = access;
  const asRoot = (command: string): string => (user === "root" ? command : `sudo -n sh -c '${command}'`);
  if (!(await listens(access))) {
    // A change that was cut short has left it off: it must be possible to end it.
    await pulumi.log.info(`The host ${host} at ${address} doesn't answer, and is taken to be off already.`);
    return;
  }
  const { code, stderr } = await runOnHost(access, asRoot(stopEverything));
  if (code === 255) throw new SshError(access, stderr);
  if (code !== 0)
    throw new Error(
      `the containers on host ${host} don't stop, and its size was not changed: ${stderr.trim()}\n  fix: look at them (systemctl status docker), then run up again`,
    );
  // It may hang up before it answers.
  await runOnHost(access, asRoot("systemctl poweroff"));
  const deadline = Date.now() + waitSeconds * 1000;
  while (await listens(access)) {
    if (Date.now() > deadline)
      throw new Error(
        `the host ${host} still answers at ${address}, port ${port}, ${waitSeconds} seconds after it was told to shut down\n  fix: shut it down yourself (systemctl poweroff), then run up again`,
      );
    await pause(1000);
  }
}

/** Whether anybody answers at the SSH port. */
function listens({ address, port }: SshAccess): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (answers: boolean): void => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(5000, () => end(false));
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
}
