/** Unlocks the encrypted data disk of a machine that has rebooted, and lets its Docker start. */
import { unlockScript } from "../components/host/bootstrap/script";
import { diskKeySecret } from "../components/host/diskKey";
import { mainHost } from "../stacks/topology/hosts";
import { ask, prepareAccess, sshOf } from "./access";
import { openStack, secretOf } from "./backupKeys";
import { UserError } from "./errors";
import { runnable } from "./load";
import { outputOf } from "./state";

/** `npm run unlock`: the passphrase goes to the machine over SSH, on standard input alone. */
export async function unlock(stack: string): Promise<void> {
  const topology = runnable(stack);
  const { diskEncryption } = topology.settings.machine;
  if (topology.settings.host.provider === "local" || diskEncryption.unlock === "provider")
    throw new UserError(
      `The data disk of stack ${stack} isn't encrypted by Muster.\n  given: muster:machine.diskEncryption.unlock ${diskEncryption.unlock}\n  fix:   nothing`,
    );
  const state = await openStack(stack);
  const access = sshOf(topology, state, mainHost);
  const passphrase = topology.secrets.has("diskKey")
    ? await secretOf(topology, "diskKey")
    : outputOf(state, diskKeySecret, "result");
  // As the machine itself was told.
  const device = /^disk_device='([^']*)'$/m.exec(
    outputOf(state, `bootstrap-${mainHost}`, "stdin") ?? "",
  )?.[1];
  if (access === undefined || passphrase === undefined || device === undefined)
    throw new UserError(`Stack ${stack} has no machine yet.\n  fix: npm run up -- ${stack}`);
  await prepareAccess(topology);
  const script = unlockScript({ disk: { device } }).replaceAll("'", `'\\''`);
  await ask(access, `${access.user === "root" ? "" : "sudo -n "}sh -c '${script}'`, passphrase);
  console.log(`The data disk of stack ${stack} is unlocked; its services start by themselves.`);
}
