/** Mattermost's own command line, for verbs that need what it says. */
import type Docker from "dockerode";
import { execute } from "../components/host/engine";
import { containerName } from "../components/platform/names";
import { mattermost } from "../components/services/mattermost";
import { filesPath } from "../components/services/service";
import type { Topology } from "../stacks/topology";

/** Runs it over the server's local socket. */
export const mmctlIn = (
  docker: Docker,
  { stack }: Topology,
  args: readonly string[],
): Promise<{ code: number; output: string }> =>
  execute(docker, containerName(stack, mattermost.name), [
    "/mattermost/bin/mmctl",
    "--local",
    "--suppress-warnings",
    ...args,
  ]);

/** Removes a file out of the server's container, whose image has no tools. */
export async function removeIn(docker: Docker, { stack }: Topology, path: string): Promise<void> {
  await execute(docker, containerName(stack, mattermost.name), [`${filesPath}/busybox`, "rm", "-f", path]);
}
