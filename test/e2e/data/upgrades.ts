import { setTimeout as pause } from "node:timers/promises";
import { execute } from "../client";
import { referencesOf } from "../images/chosen";
import type { Stack } from "../stack";
import { fingerprint, unsteady } from "./fingerprint";
import type { Stage } from "./stage";

const mattermost = (tag: string): string => `mattermost/mattermost-team-edition:${tag}`;

/** New versions on old data: a backup first, or not at all; and PostgreSQL's majors. */
export function upgrades(stage: Stage): void {
  const { stack } = stage;
  const posts = async (): Promise<number> => Number(await stage.sql("SELECT count(*) FROM posts"));

  describe("an upgrade", () => {
    it("is shown before: images, services that stop, for about how long", async () => {
      stack.set(["images"], { overrides: { "mattermost-team": mattermost("11.7.11") } });
      await stack.ensureImages();
      const { output } = await stack.must(["upgrade", stack.name, "--plan"]);
      expect(output).toMatch(/Mattermost\s+\S+:11\.7\.10\s+\S+:11\.7\.11/);
      expect(output).toMatch(/Services that stop[\s\S]*Mattermost\s+15 s/);
      expect(output).toContain("without it nothing changes");
    });

    it("that can't be backed up before stops, and what runs goes on", async () => {
      const before = await idOf(stack, "mattermost");
      const key = await stage.volumeFile("backup-files", "repository-key");
      const { code, output } = await stage.withFile(key, "another-key-than-it-was-made-with", () =>
        stack.run(["up", stack.name]),
      );
      expect(code).toBe(1);
      expect(output).toContain("no backup, no change");
      expect(await idOf(stack, "mattermost")).toBe(before);
      expect(await stack.unwell()).toEqual([]);
    });

    it("takes its backup and then runs the new version, with a plain pulumi up as well", async () => {
      const { at: last } = await stage.recorded("backup.good");
      await stack.pulumi(["up", "--yes", "--skip-preview"]);
      const { why, at } = await stage.recorded("backup.good");
      expect(why).toBe("upgrade");
      expect(Number(at)).toBeGreaterThan(Number(last));
      expect(await imageOf(stack, "mattermost")).toContain("11.7.11");
    });

    it("whose chat server breaks the data goes back by itself, with all that was written until it came", async () => {
      await makeBrokenImage(stage);
      stack.set(["images"], { overrides: { "mattermost-team": mattermost("11.7.12") } });
      const member = await stage.member();
      const before = await posts();
      member.start();
      const output = await upgradeThatBreaksData(stage);
      // It has written until its server went.
      await member.stop().catch(() => undefined);
      expect(output).toContain("was taken back");
      expect(output).toMatch(/is kept as mattermost_replaced_\d+/);
      expect(await imageOf(stack, "mattermost")).toContain("11.7.11");
      // The last one may have been taken without an answer.
      expect([0, 1]).toContain((await posts()) - before - member.written);
      expect(member.written).toBeGreaterThan(5);
      expect(await stack.unwell()).toEqual([]);
    });

    it("back to an older version is refused at the plan", async () => {
      stack.set(["images"], undefined);
      const { code, output } = await stack.run(["up", stack.name]);
      expect(code).toBe(1);
      expect(output).toContain("Nothing was changed");
      stack.set(["images"], { overrides: { "mattermost-team": mattermost("11.7.11") } });
    });
  });

  describe("another major version of PostgreSQL", () => {
    it("does not pick up a volume that holds other data: the upgrade fails, and goes back by itself", async () => {
      const before = await fingerprint(stack, unsteady);
      await makeStaleVolume(stage);
      stack.set(["postgres", "major"], 18);
      const { code, output } = await stack.run(["upgrade", stack.name]);
      expect(code).toBe(1);
      expect(output).toContain("they are older than the last backup");
      expect(output).toContain("was taken back");
      expect(stack.topology().settings.postgres.major).toBe(17);
      expect(await stack.unwell()).toEqual([]);
      expect(await stage.sql("SHOW server_version_num")).toMatch(/^17/);
      expect(await fingerprint(stack, unsteady)).toEqual(before);
      await stack.docker.getVolume(`muster-${stack.name}-postgres-data-18`).remove();
    });

    it("goes back as well where the chat server then breaks the data", async () => {
      const before = await fingerprint(stack, unsteady);
      stack.set(["postgres", "major"], 18);
      stack.set(["images"], { overrides: { "mattermost-team": mattermost("11.7.12") } });
      expect(await upgradeThatBreaksData(stage)).toContain("was taken back");
      expect(stack.topology().settings.postgres.major).toBe(17);
      expect(await stage.sql("SHOW server_version_num")).toMatch(/^17/);
      expect(await imageOf(stack, "mattermost")).toContain("11.7.11");
      expect(await fingerprint(stack, unsteady)).toEqual(before);
      expect(await stack.unwell()).toEqual([]);
    });

    it("gets every row, and the former volume is kept", async () => {
      const before = await fingerprint(stack, unsteady);
      stack.set(["postgres", "major"], 18);
      const { output } = await stack.must(["upgrade", stack.name]);
      expect(output).toContain("moved and compared, row by row");
      expect(await stage.sql("SHOW server_version_num")).toMatch(/^18/);
      expect(await fingerprint(stack, unsteady)).toEqual(before);
      expect(await stack.unwell()).toEqual([]);
      await stack.docker.getVolume(`muster-${stack.name}-postgres-data-17`).inspect();
    });

    it("keeps its data where the image keeps them: a new container finds them", async () => {
      const volumes = (await stack.docker.getContainer(stage.container("postgres")).inspect()).Mounts;
      expect(volumes.filter(({ Name }) => /^[0-9a-f]{64}$/.test(Name ?? ""))).toEqual([]);
    });

    it("can't go back to the former one: its data are old by now", async () => {
      const before = await idOf(stack, "postgres");
      stack.set(["postgres", "major"], 17);
      const { code, output } = await stack.run(["up", stack.name]);
      expect(code).toBe(1);
      expect(output).toContain("17 can't take them back");
      expect(await idOf(stack, "postgres")).toBe(before);
      stack.set(["postgres", "major"], 18);
      await stack.up();
    });
  });
}

const idOf = async (stack: Stack, service: string): Promise<string> =>
  (await stack.docker.getContainer(`muster-${stack.name}-${service}`).inspect()).Id;

const imageOf = async (stack: Stack, service: string): Promise<string> =>
  (await stack.docker.getContainer(`muster-${stack.name}-${service}`).inspect()).Config.Image;

/** A chat server that never answers: none at all. */
async function makeBrokenImage({ stack }: Stage): Promise<void> {
  const container = await stack.docker.createContainer({ Image: referencesOf(stack.topology()).busybox });
  try {
    const [repo, tag] = mattermost("11.7.12").split(":");
    await container.commit({ repo, tag, changes: 'ENTRYPOINT ["sleep", "600"]\nCMD []' });
  } finally {
    await container.remove();
  }
}

/**
 * Runs an upgrade to the broken image, and does to the data what a server may do that then doesn't come up. Ends the
 * wait for that one. @returns what the upgrade says.
 */
async function upgradeThatBreaksData(stage: Stage): Promise<string> {
  const { stack } = stage;
  const server = stack.docker.getContainer(stage.container("mattermost"));
  const upgrade = stack.start(["upgrade", stack.name]);
  let ended = false;
  const done = upgrade.done.finally(() => (ended = true));
  const isThere = async (): Promise<boolean> => {
    const there = await server.inspect().catch(() => undefined);
    return there?.State.Running === true && there.Config.Image.endsWith("11.7.12");
  };
  await stage.until("the broken server runs", async () => ended || (await isThere()), 300);
  if (ended) throw new Error(`the upgrade ended before its server ran:\n${(await done).output}`);
  await stage.sql("ALTER TABLE posts RENAME message TO body; DELETE FROM fileinfo");
  await server.remove({ force: true });
  const { code, output } = await done;
  expect({ code, output }).toMatchObject({ code: 1 });
  return output;
}

/** A volume of PostgreSQL 18 that somebody has used before. */
async function makeStaleVolume({ stack }: Stage): Promise<void> {
  const { docker } = stack;
  const name = `muster-${stack.name}-postgres-data-18`;
  // As this installation's own, or the up would refuse it before all else.
  const own = await docker.getVolume(`muster-${stack.name}-postgres-data-17`).inspect();
  await docker.createVolume({ Name: name, Labels: own.Labels ?? {} });
  const password = await stack.secret("database-password");
  const container = await docker.createContainer({
    Image: "postgres:18.6-alpine",
    Env: ["POSTGRES_USER=mattermost", "POSTGRES_DB=mattermost", `POSTGRES_PASSWORD=${password}`],
    HostConfig: { Mounts: [{ Type: "volume", Source: name, Target: "/var/lib/postgresql" }] },
  });
  try {
    await container.start();
    const sql = `CREATE TABLE users (id text); CREATE TABLE bots (userid text); CREATE TABLE posts (id text, type text);
      INSERT INTO users VALUES ('a'), ('b'); INSERT INTO posts VALUES ('p', '')`;
    for (let tries = 0; ; tries++) {
      // The port is open only once the server is there for good.
      const said = await execute(docker, container.id, [
        ...["sh", "-c", 'pg_isready -q -h 127.0.0.1 && psql -U mattermost -d mattermost -c "$0"', sql],
      ]);
      if (said.includes("INSERT")) break;
      if (tries > 40) throw new Error(said);
      await pause(500);
    }
  } finally {
    await container.stop();
    await container.remove();
  }
}
