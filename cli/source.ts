/** Where a stack's backups lie, for a restore into another stack. */
import { repositoryOf, snapshotHost } from "../components/services/backup/repository";
import { quote } from "../components/services/job";
import { physicalPrefix } from "../components/platform/names";
import type { Topology } from "../stacks/topology";
import { openStack, repositoryKey, secretOf } from "./backupKeys";
import { planned } from "./load";
import type { RunFile } from "./restic";

/** What the restoring container is given beyond the target's own settings. */
export interface Source {
  /** Name under which the snapshots stand in the repository. */
  host: string;
  files: readonly RunFile[];
  /** Volumes or folders of the engine, by where the container sees them. */
  mounts: readonly { source: string; target: string; kind: "volume" | "bind" }[];
  /** Shell lines that name the repository. */
  lines: readonly string[];
}

/** Folder for what an order brings along. */
export const orderPath = "/order";

/** The repository of `stack`, as the restoring container of `target` reaches it. */
export async function sourceOf(stack: string, target: Topology): Promise<Source> {
  const host = snapshotHost(stack);
  if (stack === target.stack) return { host, files: [], mounts: [], lines: [] };
  const topology = planned(stack);
  const state = await openStack(stack);
  const place = topology.settings.backup.target;
  const { address, environment, secretEnvironment } = repositoryOf(place, stack);
  const secrets = await Promise.all(
    Object.entries(secretEnvironment).map(async ([name, setting]) => ({
      name,
      value: await secretOf(topology, setting),
    })),
  );
  const folder = `${orderPath}/repository`;
  const exported = { RESTIC_REPOSITORY: place.kind === "folder" ? folder : address, ...environment };
  return {
    host,
    files: [
      { path: `${orderPath}/repository-key`, text: await repositoryKey(topology, state) },
      ...secrets.map(({ name, value }) => ({ path: `${orderPath}/${name}`, text: value })),
    ],
    mounts:
      place.kind !== "folder"
        ? []
        : [
            place.path === undefined
              ? { source: `${physicalPrefix(stack)}-backup-repository`, target: folder, kind: "volume" }
              : { source: place.path, target: folder, kind: "bind" },
          ],
    lines: [
      `export RESTIC_PASSWORD_FILE=${orderPath}/repository-key`,
      ...Object.entries(exported).map(([name, value]) => `export ${name}=${quote(value)}`),
      ...secrets.map(({ name }) => `${name}="$(cat ${orderPath}/${name})"; export ${name}`),
    ],
  };
}
