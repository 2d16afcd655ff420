import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { linesOf } from "../../../components/host/engine";
import { bucket, type Stage } from "./stage";

/** What goes wrong with backups, and what is said about it. */
export function breaks(stage: Stage): void {
  const { stack } = stage;
  const backUp = (): ReturnType<typeof stack.run> => stack.run(["backup", stack.name]);

  describe("when something breaks", () => {
    it("a backup that is killed is a failure, and the next one is good", async () => {
      await (await stage.member()).post("large", 20_000_000);
      const running = backUp();
      const end = Date.now() + 30_000;
      let killed = 0;
      while (killed === 0 && Date.now() < end) {
        await pause(20);
        for (const pid of backingUp()) {
          process.kill(pid, "SIGKILL");
          killed += 1;
        }
      }
      expect((await running).code).toBe(1);
      expect(Number((await stage.recorded("backup.failed"))["at"])).toBeGreaterThan(0);
      expect(await backUp()).toMatchObject({ code: 0 });
    });

    it("a network that drops for a while delays a backup", async () => {
      const member = await stage.member();
      for (let index = 0; index < 5; index++) await member.post("before the drop", 200_000);
      await stage.storage.drop("refused");
      const running = backUp();
      await pause(4000);
      await stage.storage.resume();
      expect(await running).toMatchObject({ code: 0 });
    });

    it("a repository made with another key is told apart from a broken one", async () => {
      const key = await stage.volumeFile("backup-files", "repository-key");
      const { code, output } = await stage.withFile(key, "another-key-than-it-was-made-with", backUp);
      expect(code).toBe(1);
      expect(output).toContain("wrong key");
      expect(output).toContain(`npm run secret -- ${stack.name} backupKey`);
      expect(await backUp()).toMatchObject({ code: 0 });
    });

    it("a damaged repository is found by the check, and a mended one is good again", async () => {
      const packs = filesBelow(join(stage.storage.bucketFolder(bucket), stack.name, "data"));
      const kept = packs.map((path) => [path, readFileSync(path)] as const);
      for (const [path, content] of kept) {
        const damaged = Buffer.from(content);
        damaged[10] = (damaged[10] ?? 0) ^ 0xff;
        writeFileSync(path, damaged);
      }
      const { code, output } = await stack.run(["check", stack.name]);
      for (const [path, content] of kept) writeFileSync(path, content);
      expect(code).toBe(1);
      expect(output).toContain("is damaged");
      await stack.must(["check", stack.name]);
    });

    it("a full disk stops a backup before it begins", async () => {
      const { code, output } = await inTightContainer(stage, {
        script: "sh /muster/backup.sh test",
        tight: { "/tmp": "size=4m", "/staging": "size=100k" },
      });
      expect(output).toContain("no room for the dump");
      expect(code).not.toBe(0);
    });

    it("a repository that fills up amid a backup makes it a failure, which is said", async () => {
      const { code, output } = await inTightContainer(stage, {
        // The real settings but for the repository; what it writes down is its own.
        script: `cp -r /own /muster && mkdir -p /cache /staging /scratch /status/www
          echo "export RESTIC_REPOSITORY=/repository" >> /muster/settings.sh
          sh /muster/backup.sh test; code=$?
          echo recorded: /status/backup.*
          exit $code`,
        tight: { "/tmp": "size=4m", "/repository": "size=1m" },
        moved: { "/muster": "/own" },
        without: ["/cache", "/scratch", "/status"],
      });
      expect(output).toContain("no space left on device");
      expect(output).toContain("no backup was taken");
      expect(output).toMatch(/recorded: \/status\/backup\.failed\n/);
      expect(code).not.toBe(0);
    });
  });
}

/** Processes of restic that back up, in whichever container. */
const backingUp = (): number[] =>
  readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const [program, ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return program === "/muster/restic" && args.includes("backup") && args.includes("muster-e2e-data");
      } catch {
        return false;
      }
    })
    .map(Number);

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

/** A script in a container like the backup's own, some of whose disks are small. */
async function inTightContainer(
  stage: Stage,
  {
    script,
    tight,
    moved = {},
    without = [],
  }: {
    script: string;
    /** Folders in memory, with their sizes. */
    tight: Record<string, string>;
    /** Volumes that stand elsewhere than in the backup's own. */
    moved?: Record<string, string>;
    without?: readonly string[];
  },
): Promise<{ code: number; output: string }> {
  const { docker } = stage.stack;
  const like = await docker.getContainer(stage.container("backup")).inspect();
  const [network, ...others] = Object.keys(like.NetworkSettings.Networks);
  const volumes = like.Mounts.filter(
    ({ Destination }) => !(Destination in tight) && !without.includes(Destination),
  );
  const container = await docker.createContainer({
    Image: like.Config.Image,
    Entrypoint: ["sh", "-c"],
    Cmd: [script],
    Env: like.Config.Env,
    User: like.Config.User,
    Labels: like.Config.Labels,
    HostConfig: {
      NetworkMode: network ?? "none",
      Mounts: volumes.map(({ Name, Destination }) => ({
        Type: "volume",
        Source: Name ?? "",
        Target: moved[Destination] ?? Destination,
        ReadOnly: Destination.startsWith("/volumes"),
      })),
      Tmpfs: tight,
    },
  });
  try {
    for (const other of others) await docker.getNetwork(other).connect({ Container: container.id });
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    const said = linesOf(docker, stream);
    const ended = container.wait({ condition: "next-exit" }) as Promise<{ StatusCode: number }>;
    await container.start();
    return { code: (await ended).StatusCode, output: await said };
  } finally {
    await container.remove({ force: true });
  }
}
