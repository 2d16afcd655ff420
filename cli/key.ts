/** Prints the sheet for the safe: all that reading the backups needs when everything else is lost. */
import { repositoryOf } from "../components/services/backup/repository";
import type { BackupTarget } from "../stacks/settings/backup";
import { accessOf, openStack, repositoryKey } from "./backupKeys";
import { UserError } from "./errors";
import { planned } from "./load";
import { ownPassphrase, passphraseSource } from "./project";

/** `npm run key`: on a terminal only, so that it lands in no log and no pipe. */
export async function key(stack: string): Promise<void> {
  const topology = planned(stack);
  if (!process.stdout.isTTY)
    throw new UserError(
      "The keys are shown on a terminal only.\n  fix: run it in a terminal, without a pipe or a redirect, and copy them into the safe from there",
    );
  const state = await openStack(stack);
  console.log(
    sheet({
      stack,
      target: topology.settings.backup.target,
      repositoryKey: await repositoryKey(topology, state),
      access: await accessOf(topology),
      passphrase: { source: passphraseSource(), value: ownPassphrase() },
    }),
  );
}

export interface Sheet {
  stack: string;
  target: BackupTarget;
  repositoryKey: string;
  /** Secret of the access key, or the SSH key. */
  access: string | undefined;
  /** Passphrase of the state and of the settings' secrets; its value where it is Muster's own. */
  passphrase: { source: string; value: string | undefined };
}

/** The sheet, as it is printed. */
export function sheet({ stack, target, repositoryKey: repository, access, passphrase }: Sheet): string {
  return [
    `Backups of stack ${stack}: for the safe. Who has this sheet can read all of it.`,
    "",
    `repository         ${placeOf(target, stack)}`,
    `repository's key   ${repository}`,
    ...accessLines(target, access),
    `passphrase         ${passphrase.value ?? `not Muster's own: it comes from ${passphrase.source}; put it here too`}`,
    "                   opens the state and the secrets in the settings file",
    "",
    "To recover from nothing:",
    "  1. A machine with Node and Docker, a copy of this program, and this sheet.",
    "  2. Read the repository with the key above: the newest snapshot holds settings, state, database and files.",
    "  3. Go through docs/runbooks/recovery.md, which is in the program.",
  ].join("\n");
}

function placeOf(target: BackupTarget, stack: string): string {
  if (target.kind === "s3") return repositoryOf(target, stack).address;
  if (target.kind === "sftp") return `sftp://${target.user}@${target.host}:${target.port}${target.path}`;
  return target.path === undefined
    ? "a volume of the host's Docker Engine: it is lost with the host"
    : `${target.path} on the host: it is lost with its disk`;
}

/** The secrets too: without them nobody can even fetch what the repository's key would open. */
function accessLines(target: BackupTarget, access = ""): string[] {
  if (target.kind === "s3")
    return [
      `access key         ${target.accessKeyId}`,
      `its secret         ${access}`,
      `region             ${target.region}`,
    ];
  if (target.kind === "sftp")
    return [`host key           ${target.hostKey}`, "SSH key", "", ...access.trimEnd().split("\n"), ""];
  return [];
}
