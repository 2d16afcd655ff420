/** The settings and the program's own state go into the next backup: their secrets stay encrypted. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { containerName } from "../components/platform/names";
import { backup, statusPath } from "../components/services/backup/backup";
import { stackFile } from "../stacks/settings/file";
import type { Topology } from "../stacks/topology";
import { UserError } from "./errors";
import { projectDir } from "./project";
import { capturePulumi } from "./pulumi";
import { packed } from "./restic";

/** Puts both beside what the backup's container has written down; it takes them from there. */
export async function handStateToBackup(docker: Docker, { stack, services }: Topology): Promise<void> {
  if (!services.some(({ name }) => name === backup.name)) return;
  // Without --show-secrets: what is secret stays encrypted with the passphrase.
  const { code, stdout, stderr } = await capturePulumi(stack, ["stack", "export", "-s", stack]);
  if (code !== 0) throw new UserError(`The state of stack ${stack} can't be exported.\n${stderr.trim()}`);
  const archive = await packed([
    { path: "/state/state.json", text: stdout },
    { path: `/state/Pulumi.${stack}.yaml`, text: readFileSync(join(projectDir, stackFile(stack)), "utf8") },
  ]);
  await docker.getContainer(containerName(stack, backup.name)).putArchive(archive, { path: statusPath });
}
