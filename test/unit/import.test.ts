import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { below, totalOf } from "../../cli/archive";
import { dumpAt, kindOf } from "../../cli/dump";
import { importOf, isZip } from "../../cli/import";
import { endOf, jobIn } from "../../cli/importBulk";
import { carriedOver } from "../../cli/importConfig";
import { orderText } from "../../cli/importServer";
import { importProblem, versionOf, type Written, writtenBy } from "../../cli/importVersions";
import { schemaMarks } from "../../components/services/mattermost.migrations";
import { products } from "../../components/services/versions";

describe("the words of an import", () => {
  it("are an old server or an archive", () => {
    expect(importOf("team", { dump: "d", files: "f" })).toEqual({
      kind: "server",
      dump: "d",
      files: "f",
      overwrite: false,
    });
    expect(importOf("team", { dump: "d", files: "f", config: "c", overwrite: "team" })).toMatchObject({
      config: "c",
      overwrite: true,
    });
    expect(importOf("team", { bulk: "b" })).toEqual({ kind: "bulk", archive: "b" });
  });

  it.each([
    [{}, "given:   nothing"],
    [{ dump: "d" }, "given:   --dump"],
    [{ files: "f", config: "c" }, "is its database and its files"],
    [{ bulk: "b", files: "f" }, "takes no other word"],
    [{ dump: "d", files: "f", overwrite: "other" }, "names another stack"],
  ])("are refused where they don't go together: %j", (options, words) => {
    expect(() => importOf("team", options)).toThrow(words);
  });

  it("knows a zip by its first bytes", () => {
    expect([isZip(Buffer.from("PK\x03\x04")), isZip(Buffer.from("{}")), isZip(Buffer.alloc(0))]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe("what kind of a dump it is", () => {
  const end = Buffer.from("-- PostgreSQL database dump complete\n--\n\n\\unrestrict x\n");
  const head = (text: string): Buffer => Buffer.from(text, "latin1");
  const tar = Buffer.alloc(512);
  tar.write("toc.dat");
  tar.write("ustar", 257);

  it("is told by its content", () => {
    expect(kindOf(head("PGDMP\x01\x10"), Buffer.alloc(0))).toEqual({ kind: "custom" });
    expect(kindOf(head("--\n-- PostgreSQL database dump\n--\n"), end)).toEqual({ kind: "plain" });
  });

  it.each<[string, Buffer, string]>([
    ["gzip", head("\x1f\x8b\x08"), "gunzip"],
    ["zstd", head("\x28\xb5\x2f\xfd"), "unzstd"],
    ["a tar archive", tar, "pg_dump -Fc"],
    ["MySQL", head("-- MySQL dump 10.13  Distrib 8.0.36"), "migration-assist"],
    ["MariaDB", head("/*M!999999\\- enable the sandbox mode */"), "migration-assist"],
    ["a whole server", head("--\n-- PostgreSQL database cluster dump\n--\n"), "pg_dump -Fc"],
    ["something else", head("hello"), "pg_dump -Fc"],
    ["nothing", Buffer.alloc(0), "pg_dump -Fc"],
  ])("is refused for %s, with what to do", (_, first, fix) => {
    expect(kindOf(first, end)).toMatchObject({ fix: expect.stringContaining(fix) as string });
  });

  it("is refused where its end is missing", () => {
    expect(kindOf(head("-- PostgreSQL database dump\n"), Buffer.from("COPY"))).toMatchObject({
      problem: "The dump is cut off: its last line is missing.",
    });
  });

  it("is read from a file, which is known again by its content", async () => {
    const folder = mkdtempSync(join(tmpdir(), "muster-dump-"));
    try {
      const path = join(folder, "old.sql");
      const text = `-- PostgreSQL database dump\n${"x".repeat(20_000)}\n${end.toString()}`;
      writeFileSync(path, text);
      const dump = await dumpAt(path);
      expect(dump).toMatchObject({ kind: "plain", bytes: text.length });
      expect((await dumpAt(path)).id).toBe(dump.id);
      writeFileSync(path, text.replace("x", "xx"));
      expect((await dumpAt(path)).id).not.toBe(dump.id);
      expect(orderText(dump, 7, true)).toBe(
        `id=import-${dump.id}\nkind=plain\ndump_bytes=${dump.bytes}\nfiles_bytes=7\noverwrite=yes\n`,
      );
      await expect(dumpAt(folder)).rejects.toThrow("isn't a dump that is known");
      await expect(dumpAt(join(folder, "none"))).rejects.toThrow("can't be read");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the old server's files", () => {
  it("are all that is below the folder, through links, once each", async () => {
    const folder = mkdtempSync(join(tmpdir(), "muster-files-"));
    const other = mkdtempSync(join(tmpdir(), "muster-files-"));
    try {
      mkdirSync(join(folder, "a"));
      writeFileSync(join(folder, "a", "one"), "1");
      writeFileSync(join(other, "two"), "22");
      symlinkSync(other, join(folder, "b"));
      symlinkSync(folder, join(folder, "a", "round"));
      const sent = await below(folder, "to");
      expect(sent.map(({ to, kind }) => [to, kind])).toEqual([
        ["to/a", "folder"],
        ["to/a/one", "file"],
        ["to/a/round", "folder"],
        ["to/b", "folder"],
        ["to/b/two", "file"],
      ]);
      expect(totalOf(sent)).toEqual({ files: 2, bytes: 3 });
    } finally {
      for (const path of [folder, other]) rmSync(path, { recursive: true });
    }
  });
});

describe("which Mattermost has written a database", () => {
  const upTo = (last: number, names: Record<number, string> = {}): Written => ({
    migrations: Array.from({ length: last }, (_, n) => ({
      number: n + 1,
      name: names[n + 1] ?? `step${n + 1}`,
    })),
  });
  const image = "mattermost/mattermost-team-edition:11.7.10@sha256:abc";
  const here = upTo(167);

  it("is read from what the script says", () => {
    const output = "said\nmigration\t1\tone\nhere\tmigration\t2\ttwo\nversion\t5.37.0\n";
    expect(writtenBy(output)).toEqual({ migrations: [{ number: 1, name: "one" }], version: "5.37.0" });
    expect(writtenBy(output, "here\t")).toEqual({ migrations: [{ number: 2, name: "two" }] });
  });

  it("is told by its migrations; by its word only before there were any", () => {
    expect([90, 128, 129, 140, 141, 158, 167].map((last) => versionOf(upTo(last)))).toEqual([
      "9.11.0",
      "9.11.0",
      "10.5.0",
      "10.5.0",
      "10.11.0",
      "10.11.0",
      "11.7.0",
    ]);
    expect(versionOf({ ...upTo(141), version: "6.3.0" })).toBe("10.11.0");
    expect(versionOf({ migrations: [], version: "5.37.0" })).toBe("5.37.0");
  });

  it("has a mark for every line on which an upgrade stops, in order", () => {
    expect(schemaMarks.map(({ line }) => line)).toEqual(products["mattermost"]?.stops);
    const numbers = schemaMarks.map(({ migration }) => migration);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  it.each<[string, Written, Written]>([
    ["the same", here, here],
    ["the step before", upTo(141), here],
    [
      "the step before, with a later fix under another number",
      upTo(144, { 142: "step156", 143: "step157", 144: "step158" }),
      here,
    ],
    [
      "the step before, from a database that has other names for old steps",
      upTo(141, { 92: "add_createat_to_teammembers" }),
      here,
    ],
    ["a server that says nothing of itself", upTo(141), { migrations: [] }],
  ])("is taken where it is %s", (_, from, own) => {
    expect(importProblem(from, own, image)).toBeUndefined();
  });

  it.each<[string, Written, Written, string]>([
    ["skips a step", upTo(130), here, "skips 10.11"],
    ["skips two", upTo(90), here, "9.11 -> 10.5 -> 10.11 -> 11.7"],
    ["is newer", upTo(171), here, "a database with the migration 171 step171"],
    [
      "is from before migrations",
      { migrations: [], version: "5.37.0" },
      here,
      "fix:     bring the old server to the next",
    ],
    ["says nothing", { migrations: [] }, here, "says nowhere which Mattermost"],
  ])("is refused where it %s", (_, from, own, words) => {
    expect(importProblem(from, own, image)).toContain(words);
  });
});

describe("what comes along of an old configuration", () => {
  const old = {
    SqlSettings: { AtRestEncryptKey: "k".repeat(32), DataSource: "postgres://mmuser:secret@db/mm" },
    FileSettings: { PublicLinkSalt: "s".repeat(32), Directory: "/opt/mattermost/data/" },
    ServiceSettings: { SiteURL: "https://old.example" },
    LdapSettings: { Enable: true, LdapServer: "ldap.old.example", BindPassword: "******" },
    GitLabSettings: { Enable: false, Secret: "x" },
    PluginSettings: {
      Directory: "./plugins",
      Plugins: {
        github: { encryptionkey: "e" },
        "com.mattermost.calls": { icehostoverride: "192.0.2.1" },
        jitsi: {},
      },
      PluginStates: { github: { Enable: true }, jitsi: { Enable: true } },
    },
  };

  it("is keys, sign-on and plugins; nothing of its addresses, paths and database", () => {
    const { patch, keys, hidden } = carriedOver(old);
    expect(patch).toEqual({
      SqlSettings: { AtRestEncryptKey: "k".repeat(32) },
      FileSettings: { PublicLinkSalt: "s".repeat(32) },
      LdapSettings: { Enable: true, LdapServer: "ldap.old.example" },
      PluginSettings: {
        Plugins: { github: { encryptionkey: "e" } },
        PluginStates: { github: { Enable: true } },
      },
    });
    expect(keys).toEqual([
      "SqlSettings.AtRestEncryptKey",
      "FileSettings.PublicLinkSalt",
      "LdapSettings",
      "PluginSettings.Plugins",
      "PluginSettings.PluginStates",
    ]);
    expect(hidden).toEqual(["LdapSettings.BindPassword"]);
  });

  it("is nothing where there is nothing, or only stars", () => {
    expect(carriedOver({})).toEqual({ patch: {}, keys: [], hidden: [] });
    expect(carriedOver([])).toEqual({ patch: {}, keys: [], hidden: [] });
    expect(carriedOver({ FileSettings: { PublicLinkSalt: "********" } })).toEqual({
      patch: {},
      keys: [],
      hidden: ["FileSettings.PublicLinkSalt"],
    });
  });
});

describe("Mattermost's import job", () => {
  it("is read as mmctl prints it", () => {
    expect(jobIn('[{"id":"a","status":"pending"}]')).toEqual({ id: "a", status: "pending" });
    expect(jobIn('{"id":"a","status":"success"}')?.status).toBe("success");
    expect([jobIn("Error: no"), jobIn("[]"), jobIn("null")]).toEqual([undefined, undefined, undefined]);
  });

  it("goes on, ends well, or says what is wrong", () => {
    expect(endOf({ id: "a", status: "in_progress" })).toBeUndefined();
    expect(endOf({ id: "a", status: "success", data: {} })).toEqual({});
    const data = { error: "BulkImport: team_not_found", line_number: "7" };
    expect(endOf({ id: "a", status: "error", data })?.problem).toMatch(
      /^Mattermost's import has ended with error, at line 7 .*: BulkImport: team_not_found\n/,
    );
    expect(endOf({ id: "a", status: "canceled", data: null })?.problem).toContain("says no more");
  });
});
