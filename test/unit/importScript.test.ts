import { BackupBox } from "../helpers/backupBox";

const data = "/volumes/mattermost/data";
const staged = `${data}/.muster-import`;
const upload = "20200101/a/gear wheel.png";

let box: BackupBox;
beforeEach(() => {
  box = new BackupBox();
  box.fill({ users: ["admin"], posts: [], channels: ["town"], fileinfo: [], sessions: ["own"] });
  box.write(`${data}/.muster`, "");
  box.write(`${data}/users/admin.png`, "of the one that goes");
});
afterEach(() => {
  box.remove();
});

/** A plain dump as pg_dump writes it, with what belongs to its old server alone. */
const dump = (tables: Record<string, readonly string[]>, further: readonly string[] = []): string =>
  [
    "--",
    "-- PostgreSQL database dump",
    "--",
    "\\restrict abc",
    "-- Dumped from database version 17.5 (Debian 17.5-1.pgdg120+1)",
    "-- Dumped by pg_dump version 17.6",
    "CREATE SCHEMA public;",
    "CREATE TABLE public.posts (message text);",
    "ALTER TABLE public.posts OWNER TO mmuser;",
    ...Object.entries(tables).flatMap(([name, rows]) => [
      `COPY public.${name} (x) FROM stdin;`,
      ...rows,
      "\\.",
      "",
    ]),
    "GRANT SELECT ON TABLE public.posts TO reader;",
    "ALTER DEFAULT PRIVILEGES FOR ROLE mmuser GRANT SELECT ON TABLES TO reader;",
    ...further,
    "-- PostgreSQL database dump complete",
    "\\unrestrict abc",
    "",
  ].join("\n");
const old = {
  users: ["ada", "charles"],
  posts: ["GRANT ALL ON posts TO mmuser;", "ALTER TABLE x OWNER TO y;", "\\\\. no end"],
  channels: ["engines"],
  fileinfo: [upload],
  sessions: ["old"],
  db_migrations: ["141\tadd_remoteid"],
};

const run = (phase: string, change: Record<string, string> = {}): ReturnType<typeof box.run> => {
  const order = { id: "import-1", kind: "plain", dump_bytes: "1000", files_bytes: "1000", overwrite: "no" };
  const lines = Object.entries({ ...order, ...change }).map(([key, value]) => `${key}=${value}\n`);
  box.write("/order/settings.sh", lines.join(""));
  box.write("/order/phase", phase);
  return box.run("import.sh");
};
const bring = (text = dump(old)): void => {
  box.write("/import/dump", text);
  box.write(`${staged}/${upload}`, "a wheel");
};

describe("a look before an import", () => {
  it("says whether somebody uses what is here, and by what it was written", () => {
    box.fill({ db_migrations: ["167\tcreate_views"] });
    expect(run("look")).toMatchObject({ code: 0, stdout: "used\tno\nhere\tmigration\t167\tcreate_views\n" });
  });

  it("refuses a stack that is in use, unless its data shall be replaced", () => {
    box.use();
    expect(run("look")).toMatchObject({ code: 1, stderr: expect.stringContaining("--overwrite test") });
    expect(run("look", { overwrite: "yes" })).toMatchObject({
      code: 0,
      stderr: "",
      stdout: "used\tyes\n",
    });
    box.write("/status/restoring", "import-1\n");
    expect(run("look")).toMatchObject({ code: 0, stdout: expect.stringContaining("used\tno\n") });
    box.write("/status/restoring", "import-2\n");
    expect(run("look").code).toBe(1);
  });

  it("refuses where there is no room", () => {
    const { code, stderr } = run("look", { files_bytes: "999999999999999" });
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no room for the import"),
    });
  });

  it("takes away what a former one has left", () => {
    bring();
    box.fill({ users: ["x"] }, "mattermost_imported");
    run("look");
    expect([staged, "/fake/db/mattermost_imported"].filter((path) => box.has(path))).toEqual([]);
  });
});

describe("filling a database from a dump", () => {
  const nothing = (): void => {
    expect(["/import/dump", staged, "/fake/db/mattermost_imported"].filter((path) => box.has(path))).toEqual(
      [],
    );
    expect(box.rows("users")).toEqual(["admin"]);
    expect(box.has(`${data}/users/admin.png`)).toBe(true);
  };

  it("loads all rows, whatever they look like, and nothing of the old server's owners and rights", () => {
    bring();
    const { code, stdout, stderr } = run("fill");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(box.rows("posts", "mattermost_imported")).toEqual(old.posts);
    expect(box.rows("sessions", "mattermost_imported")).toEqual([]);
    const loaded = box.read("/fake/loaded");
    expect(loaded).toMatch(/^\\restrict [0-9a-f]{32}\n/);
    expect(loaded).toContain("CREATE TABLE public.posts");
    expect(loaded).not.toMatch(/OWNER|GRANT|SCHEMA|restrict abc/);
    expect(stdout).toContain("compared: 6 tables have all of their 9 rows\n");
    expect(stdout).toContain("migration\t141\tadd_remoteid\ndead\t0\n");
    expect(box.rows("users")).toEqual(["admin"]);
  });

  it.each<[string, () => void, string]>([
    ["a row is missing", () => box.write("/fake/loses-rows", "yes"), "has 1 rows instead of 2"],
    ["a command for psql is in it", () => bring(dump(old, ["\\! rm -rf /"])), "command for psql"],
    [
      "it was made with --inserts",
      () => bring(dump(old, ["INSERT INTO public.posts VALUES ('x');"])),
      "--inserts",
    ],
    [
      "it is from a later PostgreSQL",
      () => bring(dump(old).replace("version 17.5", "version 19.1")),
      "muster:postgres.major to 19",
    ],
    ["it holds something else", () => bring(dump({ songs: ["la"] })), "holds no Mattermost"],
    ["none of its files is there", () => box.delete(`${staged}/20200101`), "none of the 1 files"],
  ])("refuses it where %s, and takes it away again", (_, change, words) => {
    bring();
    change();
    box.write(`${staged}/.keep`, "");
    expect(run("fill")).toMatchObject({ code: 1, stderr: expect.stringContaining(words) });
    nothing();
  });

  it("names files that are missing, and goes on", () => {
    bring(dump({ ...old, fileinfo: [upload, "lost/a b.txt "] }));
    expect(run("fill")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("dead\t1\nmissing\tlost/a b.txt \n"),
    });
  });

  it("is taken away again where nothing comes of it", () => {
    bring();
    run("fill");
    expect(run("clear").code).toBe(0);
    nothing();
  });
});

describe("putting it in the place of what is here", () => {
  const lost = "lost/a b.txt";
  const swap = (): ReturnType<typeof box.run> => {
    bring(dump({ ...old, fileinfo: [upload, lost] }));
    run("fill");
    return run("swap");
  };

  it("replaces database and files, and says what there is now", () => {
    const { code, stdout, stderr } = swap();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe("count\tusers\t2\ncount\tchannels\t1\ncount\tposts\t3\nfiles\t1\nbytes\t7\n");
    expect(box.rows("users")).toEqual(["ada", "charles"]);
    expect(box.read(`${data}/${upload}`)).toBe("a wheel");
    const gone = [`${data}/users`, staged, "/status/restoring", "/fake/db/mattermost_gone"];
    expect(gone.filter((path) => box.has(path))).toEqual([]);
    expect(box.has(`${data}/.muster`)).toBe(true);
    expect(box.recorded("import.good")).toMatchObject({ files: "1", bytes: "7" });
  });

  it("does nothing before a database is filled", () => {
    expect(run("swap").code).toBe(1);
    expect(box.has(`${data}/users/admin.png`)).toBe(true);
  });

  it("leaves backups that can be proven and restored, though files were missing before", () => {
    swap();
    expect(box.run("backup.sh").code).toBe(0);
    expect(box.run("drill.sh")).toMatchObject({ code: 0 });
    const order = "snapshot=latest\nsource=muster-test\nelsewhere=no\noverwrite=yes\nkeep_replaced=no\n";
    box.write("/order/settings.sh", order);
    expect(box.run("restore.sh", "restore")).toMatchObject({
      code: 0,
      stdout: expect.not.stringContaining("WARNING"),
    });
  });
});
