/** Removes the backups that the settings don't keep, from a repository that the host can't delete from. */
import { readFileSync } from "node:fs";
import {
  forgetCommand,
  knownHostsLine,
  type Repository,
  repositoryOf,
  repositoryPaths,
} from "../components/services/backup/repository";
import { imageReference } from "../components/services/images";
import type { BackupTarget } from "../stacks/settings/backup";
import type { Topology } from "../stacks/topology";
import { keyFromEnvironment, openStack, repositoryKey, secretOf } from "./backupKeys";
import { UserError } from "./errors";
import { planned } from "./load";
import { rcloneProgram, type RunFile, runRestic } from "./restic";
import type { AccessKey } from "./s3";

/** Files for the container that prunes: a container's environment can be looked at, its files can't so easily. */
const paths = { key: "/muster/repository-key", credentials: "/muster/s3-credentials" } as const;
const sshKeyVariable = "MUSTER_PRUNE_SSH_KEY_FILE";
const defaultEngine = "unix:///var/run/docker.sock";

/** `npm run prune`: forgets and prunes with another key than the host's, in a container on this machine. */
export async function prune(stack: string, { dryRun }: { dryRun: boolean }): Promise<void> {
  const topology = planned(stack);
  const { backup, images } = topology.settings;
  const { target } = backup;
  if (target.kind === "folder") {
    console.log(`The host prunes the backups of stack ${stack} by itself: they lie in a folder of its own.`);
    return;
  }
  const state = await openStack(stack);
  const access =
    target.kind === "s3"
      ? bucketAccess(target, stack, pruningKey(target))
      : sshAccess(target, stack, await pruningSshKey(topology));
  const key = await repositoryKey(topology, state);
  const restic = (...command: string[]): Promise<number> =>
    runRestic({
      engine: engineOnThisMachine(topology),
      image: imageReference("restic", images),
      programs: target.kind === "sftp" ? [rcloneProgram(images, repositoryPaths.rclone)] : [],
      files: [{ path: paths.key, text: key }, ...access.files],
      environment: {
        ...access.environment,
        RESTIC_REPOSITORY: access.address,
        RESTIC_PASSWORD_FILE: paths.key,
      },
      command: [...access.options, ...command],
    });
  // What a killed restore has left half an hour ago or before would be waited for in vain.
  await restic("unlock", "--quiet");
  // A backup or a check that runs just now is waited for.
  const code = await restic(
    ...["--retry-lock", "10m", ...forgetCommand(stack, backup.keep), ...(dryRun ? ["--dry-run"] : [])],
  );
  if (code !== 0)
    throw new UserError(
      `The backups of stack ${stack} aren't pruned: restic ended with ${code}; see above.\n  fix: mend it and run the same command again; nothing that is kept was touched`,
    );
}

interface Access extends Pick<Repository, "address" | "environment" | "options"> {
  files: readonly RunFile[];
}

/** The same repository with another key, which stands in a file. */
export function bucketAccess(
  target: Extract<BackupTarget, { kind: "s3" }>,
  stack: string,
  { id, secret }: AccessKey,
): Access {
  const { address, environment, options } = repositoryOf(target, stack);
  const rest = Object.entries(environment).filter(([name]) => name !== "AWS_ACCESS_KEY_ID");
  const text = `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`;
  return {
    address,
    environment: { ...Object.fromEntries(rest), AWS_SHARED_CREDENTIALS_FILE: paths.credentials },
    options,
    files: [{ path: paths.credentials, text }],
  };
}

export function sshAccess(
  target: Extract<BackupTarget, { kind: "sftp" }>,
  stack: string,
  sshKey: string,
): Access {
  return {
    ...repositoryOf(target, stack),
    files: [
      { path: repositoryPaths.sshKey, text: sshKey },
      { path: repositoryPaths.knownHosts, text: knownHostsLine(target) },
    ],
  };
}

const pruningKey = ({ accessKeyId }: Extract<BackupTarget, { kind: "s3" }>): AccessKey =>
  keyFromEnvironment("MUSTER_PRUNE", "to prune with", accessKeyId);

async function pruningSshKey(topology: Topology): Promise<string> {
  const file = process.env[sshKeyVariable] ?? "";
  if (file === "")
    throw new UserError(
      `There is no key to prune with.\n  missing: ${sshKeyVariable}\n  allowed: the file of a private SSH key of yours, never the host's\n  fix:     set it in the environment of this command; nothing was changed`,
    );
  const key = readKey(file);
  const hostKey = topology.secrets.has("backupSshKey") ? await secretOf(topology, "backupSshKey") : "";
  if (key.trim() === hostKey.trim())
    throw new UserError(
      `The key to prune with is the host's own.\n  given:   ${sshKeyVariable}=${file}\n  allowed: another key than muster:backupSshKey\n  fix:     use a key that the host never sees; nothing was changed`,
    );
  return key;
}

function readKey(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(
      `The key to prune with can't be read.\n  found: ${(error as Error).message}\n  fix:   name a private SSH key's file in ${sshKeyVariable}; nothing was changed`,
    );
  }
}

/** This machine's own engine, wherever the stack runs. */
const engineOnThisMachine = ({ settings: { host } }: Topology): string =>
  host.provider === "local" ? host.engine : defaultEngine;
