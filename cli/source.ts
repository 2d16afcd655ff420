/** Where a stack's backups lie, for a restore into another stack. */
import { knownHostsLine, repositoryOf, snapshotHost } from "../components/services/backup/repository";
import type { ImageSettings } from "../components/services/images";
import { quote } from "../components/services/job";
import { physicalPrefix } from "../components/platform/names";
import type { BackupTarget } from "../stacks/settings/backup";
import type { Topology } from "../stacks/topology";
import { accessOf, openStack, repositoryKey } from "./backupKeys";
import { planned } from "./load";
import { type Program, rcloneProgram, type RunFile } from "./restic";

/** What the restoring container is given beyond the target's own settings. */
export interface Source {
  /** Name under which the snapshots stand in the repository. */
  host: string;
  files: readonly RunFile[];
  /** Into the files' folder. */
  programs: readonly Program[];
  /** Volumes or folders of the engine, by where the container sees them. */
  mounts: readonly { source: string; target: string; kind: "volume" | "bind" }[];
  /** Shell lines that name the repository. */
  lines: readonly string[];
}

/** Folder for what an order brings along. */
export const orderPath = "/order";

/** The target's own folder of files has only what the target's own repository needs. */
const paths = {
  key: `${orderPath}/repository-key`,
  folder: `${orderPath}/repository`,
  rclone: `${orderPath}/rclone`,
  sshKey: `${orderPath}/ssh-key`,
  knownHosts: `${orderPath}/known-hosts`,
} as const;

/** The repository of `stack`, as the restoring container of `target` reaches it. */
export async function sourceOf(stack: string, target: Topology): Promise<Source> {
  if (stack === target.stack)
    return { host: snapshotHost(stack), files: [], programs: [], mounts: [], lines: [] };
  const topology = planned(stack);
  const state = await openStack(stack);
  return foreignSource({
    stack,
    place: topology.settings.backup.target,
    key: await repositoryKey(topology, state),
    access: await accessOf(topology),
    images: target.settings.images,
  });
}

interface Opened {
  stack: string;
  place: BackupTarget;
  /** The repository's. */
  key: string;
  /** Secret of the access key, or the SSH key. */
  access: string | undefined;
  /** Those of the target: its engine may know no other registry. */
  images: ImageSettings;
}

/** Pure: another stack's repository, with all that it needs. */
export function foreignSource({ stack, place, key, access = "", images }: Opened): Source {
  const { address, environment, secretEnvironment, options } = repositoryOf(place, stack, paths);
  const secrets = Object.keys(secretEnvironment).map((name) => ({ name, path: `${orderPath}/${name}` }));
  const exported = {
    RESTIC_REPOSITORY: address,
    RESTIC_PASSWORD_FILE: paths.key,
    ...environment,
  };
  return {
    host: snapshotHost(stack),
    files: [
      { path: paths.key, text: key },
      ...secrets.map(({ path }) => ({ path, text: access })),
      ...(place.kind === "sftp"
        ? [
            { path: paths.sshKey, text: `${access}\n` },
            { path: paths.knownHosts, text: knownHostsLine(place) },
          ]
        : []),
    ],
    programs: place.kind === "sftp" ? [rcloneProgram(images, paths.rclone)] : [],
    mounts:
      place.kind !== "folder"
        ? []
        : [
            place.path === undefined
              ? { source: `${physicalPrefix(stack)}-backup-repository`, target: paths.folder, kind: "volume" }
              : { source: place.path, target: paths.folder, kind: "bind" },
          ],
    lines: [
      ...Object.entries(exported).map(([name, value]) => `export ${name}=${quote(value)}`),
      ...secrets.map(({ name, path }) => `${name}="$(cat ${path})"; export ${name}`),
      // In place of the target's own.
      `repository_options=${quote(options.join(" "))}`,
    ],
  };
}
