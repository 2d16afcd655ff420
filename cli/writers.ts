/** Stops and starts containers from outside the engine, for a restore. */
import type Docker from "dockerode";
import type { Topology } from "../stacks/topology";
import { UserError } from "./errors";

/** Whether a container doesn't run, or isn't there. */
export const stopped = (docker: Docker, container: string): Promise<boolean> =>
  docker
    .getContainer(container)
    .inspect()
    .then(
      ({ State }) => !State.Running,
      () => true,
    );

/** Starts a container; one that runs already is left alone. */
export async function startContainer(docker: Docker, container: string): Promise<void> {
  await docker
    .getContainer(container)
    .start()
    .catch((error: unknown) => {
      if ((error as { statusCode?: number }).statusCode !== 304) throw error;
    });
}

/** Waits until containers are healthy, for as long as their services may take. */
export async function waitUntilHealthy(
  docker: Docker,
  { services }: Topology,
  containers: readonly string[],
): Promise<void> {
  const end = Date.now() + Math.max(...services.map(({ service }) => service.health.startSeconds)) * 1000;
  for (const name of containers) {
    const container = docker.getContainer(name);
    while ((await container.inspect()).State.Health?.Status !== "healthy") {
      if (Date.now() > end)
        throw new UserError(
          `${name} isn't healthy after the restore.\n  fix: look into its log, npm run logs`,
        );
      await new Promise((done) => setTimeout(done, 500));
    }
  }
}
