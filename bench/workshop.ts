/** Where real ups are measured: temporary folders, and stacks of the bench's own on the Docker Engine. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import Docker from "dockerode";
import { labels } from "../components/host/engine";
import { ensureImages } from "../test/e2e/images/build";
import { type ImageOverrides, referencesOf, swappedImages } from "../test/e2e/images/chosen";
import { engineSocket } from "../test/e2e/parts";
import { parseSettings } from "../stacks/settings/parse";
import { topologyOf } from "../stacks/topology";
import { projectDir } from "../test/helpers/stacks";
import { settings } from "./chat";
import { hostStacks } from "./hosts";

export const sizes = [5, 20, 50] as const;
export const growthStack = (services: number): string => `bench-growth-${services}`;

/** All stacks that the bench makes. What carries their label is the bench's, and nothing else is touched. */
const stacks = ["bench", "bench-flat", "bench-media", "bench-data", ...hostStacks, ...sizes.map(growthStack)];

export class Workshop {
  readonly docker = new Docker({ socketPath: engineSocket });
  readonly dir = mkdtempSync(join(tmpdir(), "muster-bench-"));
  /** Images that stand in for others, for `muster:images.overrides`. */
  readonly overrides = swappedImages();

  /** Sees to images, and removes what a bench that was killed has left behind. */
  async open(say: (line: string) => void): Promise<void> {
    const [taken] = stacks.filter((stack) => existsSync(join(projectDir, `Pulumi.${stack}.yaml`)));
    if (taken !== undefined)
      throw new Error(`Pulumi.${taken}.yaml is there: a stack ${taken} isn't the bench's own`);
    const raw = { source: "bench", ...settings("bench", this.overrides) };
    await this.ensureImages(referencesOf(topologyOf("bench", parseSettings(raw))), say);
    await this.removeStacks();
  }

  async ensureImages(images: ImageOverrides, say: (line: string) => void): Promise<void> {
    await ensureImages(images, say, this.docker);
  }

  /** A copy of the project, as it would be committed now. */
  copyProject(name: string): string {
    const dir = join(this.dir, name);
    const listed = spawnSync("git", ["ls-files", "-co", "--exclude-standard"], {
      cwd: projectDir,
      encoding: "utf8",
    });
    for (const file of listed.stdout.split("\n").filter(Boolean)) {
      if (!existsSync(join(projectDir, file))) continue;
      mkdirSync(dirname(join(dir, file)), { recursive: true });
      cpSync(join(projectDir, file), join(dir, file));
    }
    this.linkModules(dir);
    return dir;
  }

  /** Makes the project's packages known to a folder. */
  linkModules(dir: string): void {
    symlinkSync(join(projectDir, "node_modules"), join(dir, "node_modules"));
  }

  /** Removes all that the bench made, containers, networks, volumes and files alike. */
  async remove(): Promise<void> {
    await this.removeStacks();
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async removeStacks(): Promise<void> {
    for (const stack of stacks) await removeStack(this.docker, stack);
  }
}

/** Removes everything on the engine that carries a stack's label. */
async function removeStack(docker: Docker, stack: string): Promise<void> {
  const filters = { label: [`${labels.stack}=${stack}`] };
  for (const { Id } of await docker.listContainers({ all: true, filters }))
    await gone(docker.getContainer(Id).remove({ force: true, v: true }));
  for (const { Id } of await docker.listNetworks({ filters })) await gone(docker.getNetwork(Id).remove());
  for (const { Name } of (await docker.listVolumes({ filters })).Volumes)
    await gone(docker.getVolume(Name).remove());
}

/** Whoever was faster with the removal: what isn't there any more is fine. */
async function gone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
  }
}
