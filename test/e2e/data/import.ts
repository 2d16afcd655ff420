/** Coming from elsewhere: an old server's dump and files, and a Slack export as mmetl hands it on. */
import { rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execute } from "../client";
import type { Finished, Stack } from "../stack";
import { OldServer, person } from "./oldServer";
import { attachment, slackArchive } from "./slack";

/** A post that reads like the dump around it. */
const trap = "GRANT ALL ON posts TO mmuser;\n\\.\n\\! touch /tmp/trapped\nALTER TABLE posts OWNER TO mmuser;";
const plan = { name: "plan of 1837.txt", content: "cogs and cards\n" };

/** What was said, where it went well. */
function said({ code, output }: Finished): string {
  if (code !== 0) throw new Error(`it ended with ${code}:\n${output}`);
  return output;
}

/** What was said, where it was refused. */
function refusal({ code, output }: Finished): string {
  if (code !== 1) throw new Error(`it ended with ${code}:\n${output}`);
  return output;
}

/** On a stack that is up and that nobody uses yet; leaves it with the imported data. */
export function imports(stack: Stack): void {
  describe("coming from elsewhere", () => {
    let old: OldServer;
    beforeAll(async () => {
      old = await OldServer.start(stack);
      await old.post("all gears turn", plan);
      await old.post(trap);
    });
    afterAll(async () => {
      await old.remove();
    });

    const sql = (query: string): Promise<string> =>
      execute(stack.docker, `muster-${stack.name}-postgres`, [
        "psql",
        "-U",
        "mattermost",
        "-At",
        "-c",
        query,
      ]);
    const inBackup = (command: string): Promise<string> =>
      execute(stack.docker, `muster-${stack.name}-backup`, ["sh", "-c", command]);
    const posts = async (): Promise<string[]> =>
      JSON.parse(
        await sql("SELECT json_agg(message ORDER BY createat) FROM posts WHERE type = ''"),
      ) as string[];
    const run = (...words: string[]) => stack.run(["import", stack.name, ...words]);
    const taken = async (dump: string, ...words: string[]) =>
      run("--dump", dump, "--files", await old.files(), ...words);

    it("refuses what can't be imported, and leaves all as it is", async () => {
      const before = await sql("SELECT count(*) FROM users");
      const custom = await old.dump("whole.dump", "-Fc");
      const plain = await old.dump("whole.sql");
      const cut = await old.dump("cut.sql");
      truncateSync(cut, 4000);
      const cutCustom = await old.dump("cut.dump", "-Fc");
      truncateSync(cutCustom, Math.floor(statSync(cutCustom).size / 2));
      const mysql = join(old.folder, "mysql.sql");
      writeFileSync(mysql, "-- MySQL dump 10.13  Distrib 8.0.36\n");
      await old.copyTo("ancient");
      await old.sql(
        "DROP TABLE IF EXISTS db_migrations; CREATE TABLE db_migrations (version bigint, name text); INSERT INTO db_migrations SELECT n, 'step' || n FROM generate_series(1, 128) n",
        "ancient",
      );
      const ancient = await old.dump("ancient.dump", "-Fc", "-d", "ancient");
      const inserts = await old.dump("inserts.sql", "--inserts");
      const empty = join(old.folder, "empty");
      writeFileSync(`${empty}.txt`, "");
      const elsewhere = join(__dirname, "..", "images", "postgres");
      const cases: [string, string[]][] = [
        ["from MySQL", ["--dump", mysql, "--files", await old.files()]],
        ["The dump is cut off", ["--dump", cut, "--files", await old.files()]],
        ["The import has failed", ["--dump", cutCustom, "--files", await old.files()]],
        ["made with --inserts", ["--dump", inserts, "--files", await old.files()]],
        ["skips 10.5 and 10.11", ["--dump", ancient, "--files", await old.files()]],
        ["of the 1 files that the dump names is in the folder", ["--dump", plain, "--files", elsewhere]],
        ["The folder with the files can't be read", ["--dump", custom, "--files", empty]],
        ["An old server is its database and its files", ["--dump", custom]],
      ];
      for (const [words, args] of cases) expect(refusal(await run(...args))).toContain(words);
      expect(await sql("SELECT count(*) FROM users")).toBe(before);
      expect(await sql("SELECT datname FROM pg_database WHERE datname ~ 'imported'")).toBe("");
      expect(await inBackup("ls -A /volumes/mattermost/data | grep muster- || :")).toBe("");
      expect(await stack.unwell()).toEqual([]);
    });

    it("takes over an old server from a custom dump, with its files and keys", async () => {
      const config = await old.config();
      const output = said(await taken(await old.dump("old.dump", "-Fc"), "--config", config.path));
      expect(output).toMatch(/posts +\d+/);
      expect(output).toContain("FileSettings.PublicLinkSalt");
      expect(output).not.toContain("warning");
      expect(await posts()).toEqual(["all gears turn", trap]);
      const path = (await sql("SELECT path FROM fileinfo")).trim();
      expect(await inBackup(`cat "/volumes/mattermost/data/${path}"`)).toBe(plan.content);
      expect(await inBackup(`stat -c %u "/volumes/mattermost/data/${path}"`)).toBe("2000\n");
      const { output: salt } = await stack.run([
        "mmctl",
        stack.name,
        "config",
        "get",
        "FileSettings.PublicLinkSalt",
      ]);
      expect(salt).toContain(config.publicLinkSalt);
      expect(await sql("SELECT count(*) FROM sessions")).toBe("0\n");
      expect(await sql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")).toBe(
        "mattermost\n",
      );
      const login = JSON.stringify({ login_id: person.username, password: person.password });
      const signedIn = await execute(stack.docker, `muster-${stack.name}-mattermost`, [
        "/muster/busybox",
        "wget",
        "-q",
        "-O",
        "-",
        "--post-data",
        login,
        "http://127.0.0.1:8065/api/v4/users/login",
      ]);
      expect(signedIn).toContain(`"username":"${person.username}"`);
      expect(await stack.unwell()).toEqual([]);
    });

    it("refuses to replace what people use, unless they say so", async () => {
      const dump = await old.dump("old.dump", "-Fc");
      expect(refusal(await taken(dump))).toContain("this stack is in use");
      expect(refusal(await taken(dump, "--overwrite", "other"))).toContain("--overwrite names another stack");
    });

    it("takes a plain dump in their place with the word, after a backup, and names files that are missing", async () => {
      await old.post("a lost card", { name: "lost.txt", content: "nobody finds me" });
      const files = await old.files();
      const dump = await old.dump("old.sql");
      const lost = (await old.sql("SELECT path FROM fileinfo WHERE name = 'lost.txt'")).trim();
      rmSync(join(files, lost));
      const output = said(await run("--dump", dump, "--files", files, "--overwrite", stack.name));
      expect(output).toContain("Backing up what stack");
      expect(output).toContain("warning: 1 files that the old database names are not in the folder");
      expect(output).toContain(lost);
      expect(await posts()).toEqual(["all gears turn", trap, "a lost card"]);
      expect(await inBackup("ls /tmp/trapped 2>&1")).toContain("No such file");
    });

    it("can be backed up and proven like any other, whatever was missing before", async () => {
      said(await stack.run(["backup", stack.name]));
      expect(said(await stack.run(["drill", stack.name]))).toContain("came back whole");
    });

    it("takes what mmetl makes of a Slack export, and adds nothing twice", async () => {
      const archive = join(old.folder, "slack.zip");
      writeFileSync(archive, slackArchive("engines"));
      expect(said(await run("--bulk", archive))).toMatch(/users +1 +3/);
      const path = (await sql("SELECT path FROM fileinfo WHERE name LIKE '%plan.txt'")).trim();
      expect(await inBackup(`cat "/volumes/mattermost/data/${path}"`)).toBe(attachment.content);
      expect(await posts()).toEqual(expect.arrayContaining(["nanoseconds", "halting", "between us"]));
      const count = (await posts()).length;
      said(await run("--bulk", archive));
      expect(await posts()).toHaveLength(count);
      expect(await inBackup("ls /volumes/mattermost/data/import")).toBe("");
    });

    it("says in Mattermost's own words what is wrong with an archive", async () => {
      const archive = join(old.folder, "wrong.zip");
      writeFileSync(archive, slackArchive("nowhere"));
      expect(refusal(await run("--bulk", archive))).toMatch(/ended with error, at line 2 .*team_not_found/);
      const text = join(old.folder, "text.zip");
      writeFileSync(text, "no zip");
      expect(refusal(await run("--bulk", text))).toContain("isn't a zip");
    });
  });
}
