import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { basePlans } from "../../cli/planBase";
import { UserError } from "../../cli/errors";
import { revisionOf } from "../../stacks/plan/revision";
import { ProjectCopy } from "../helpers/projectCopy";
import { shippedPlan } from "../helpers/plans";
import { projectDir, shippedStacks } from "../helpers/stacks";

jest.setTimeout(120_000);

/** Prints its environment as the problem of a stack. */
const confession = `process.stdout.write(JSON.stringify({ schemaVersion: 1, stacks: {}, problems: { env: JSON.stringify(process.env) } }));\n`;
const secrets = {
  PULUMI_ACCESS_TOKEN: "pul-secret",
  PULUMI_CONFIG_PASSPHRASE: "passphrase-secret",
  AWS_SECRET_ACCESS_KEY: "aws-secret",
  GITHUB_TOKEN: "github-secret",
  SSH_AUTH_SOCK: "/secret/agent",
  NODE_OPTIONS: "--title=secret",
};
const leftovers = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("muster-base-"));
const failure = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message;
};

describe("the plans of another revision", () => {
  let copy: ProjectCopy;
  let before: string[];
  const saved = { ...process.env };

  beforeAll(() => {
    copy = new ProjectCopy();
    copy.git("tag", "first");
    copy.write("cli/plans.ts", confession);
    copy.commit("confesses");
    copy.git("tag", "confesses");
    copy.write("cli/plans.ts", 'throw new Error("broken by design");\n');
    copy.commit("breaks");
    copy.git("tag", "breaks");
    copy.git("rm", "--quiet", "cli/plans.ts");
    copy.commit("old");
    copy.git("tag", "old");
    copy.git("checkout", "--quiet", "first");
    before = leftovers();
  });
  afterEach(() => {
    process.env = { ...saved };
    // Whatever happens, its folder goes.
    expect(leftovers().filter((name) => !before.includes(name))).toEqual([]);
  });
  afterAll(() => copy.remove());

  it("are made by its own code, and leave the clone as it was", async () => {
    copy.edit("Pulumi.dev.yaml", (text) => text.replace("accounts: 10", "accounts: 12"));
    copy.git("add", "Pulumi.dev.yaml");
    const status = copy.git("status", "--porcelain");
    const { name, revision } = await basePlans("first", copy.folder);
    expect(name).toMatch(/^first \([0-9a-f]{12}\)$/);
    expect(Object.keys(revision?.stacks ?? {}).sort()).toEqual([...shippedStacks].sort());
    expect(revision).toEqual(revisionOf(projectDir));
    expect(copy.git("status", "--porcelain")).toBe(status);
    expect(copy.git("worktree", "list").trim().split("\n")).toHaveLength(1);
  });

  it("are made without anybody's secrets", async () => {
    Object.assign(process.env, secrets);
    const { revision } = await basePlans("confesses", copy.folder);
    const seen = JSON.parse(revision?.problems["env"] ?? "{}") as Record<string, string>;
    for (const [name, secret] of Object.entries(secrets)) {
      expect(seen).not.toHaveProperty(name);
      expect(JSON.stringify(seen)).not.toContain(secret);
    }
    expect(seen["HOME"]).toMatch(/muster-base-/);
  });

  it("have packages of their own where those differ, and nothing of them is run", async () => {
    const bin = mkdtempSync(join(tmpdir(), "muster-npm-"));
    try {
      const npm = join(bin, "npm");
      const log = join(bin, "log");
      // It links what a real one would install.
      const packages = join(copy.folder, "node_modules");
      writeFileSync(
        npm,
        `#!/bin/sh\nif [ "$1" = config ]; then echo "https://registry.example.org/"; exit 0; fi\n{ echo "$@"; env; } >${log}\nln -s ${packages} node_modules\n`,
      );
      chmodSync(npm, 0o755);
      copy.edit("package-lock.json", (text) => `${text}\n`);
      Object.assign(process.env, secrets, { PATH: [bin, saved["PATH"]].join(delimiter) });
      const { revision } = await basePlans("first", copy.folder);
      expect(Object.keys(revision?.stacks ?? {})).toHaveLength(3);
      const said = readFileSync(log, "utf8");
      expect(said).toMatch(/^ci --omit=dev --ignore-scripts --no-audit --no-fund\n/);
      expect(said).toMatch(/^npm_config_registry=https:\/\/registry\.example\.org\/$/m);
      for (const secret of Object.values(secrets)) expect(said).not.toContain(secret);
    } finally {
      copy.git("checkout", "--quiet", "package-lock.json");
      rmSync(bin, { recursive: true });
    }
  });

  it("are none where its code is older than such plans", async () => {
    expect((await basePlans("old", copy.folder)).revision).toBeUndefined();
  });

  it("fail in words where its code fails", async () => {
    expect(await failure(basePlans("breaks", copy.folder))).toMatch(
      /^The plans of breaks \([0-9a-f]{12}\) can't be made by its own code\.\n[^]*broken by design[^]*fix:/,
    );
  });

  it.each(["nowhere", "--upload-pack=x", "", "HEAD:package.json"])("are nowhere at %p", async (base) => {
    expect(await failure(basePlans(base, copy.folder))).toMatch(
      /^There is no such revision, and no such file\.\n/,
    );
  });

  it("come from a file, also one of another version", async () => {
    const file = join(copy.folder, "plans.json");
    const known = revisionOf(projectDir);
    const prod = shippedPlan("prod");
    const other = { ...prod, people: { ...prod.people, later: 1 }, sites: undefined };
    writeFileSync(file, JSON.stringify({ ...known, more: true, stacks: { ...known.stacks, prod: other } }));
    const { name, revision } = await basePlans(file, copy.folder);
    expect(name).toBe(file);
    expect(revision?.stacks["prod"]).toEqual({ ...prod, sites: [] });
    for (const text of [
      "",
      "[]",
      '{"schemaVersion":2,"stacks":{},"problems":{}}',
      '{"schemaVersion":1,"stacks":{"<b>":{}}}',
    ]) {
      writeFileSync(file, text);
      expect(await failure(basePlans(file, copy.folder))).toContain("holds no plans");
    }
    rmSync(file);
  });

  it("need a clone, or a file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "muster-none-"));
    mkdirSync(join(folder, "home"));
    expect(await failure(basePlans("main", folder))).toMatch(/this is no git repository/);
    rmSync(folder, { recursive: true });
    expect(existsSync(folder)).toBe(false);
  });
});

describe("the plans of the project's own files", () => {
  it("are those of every stack, and name what can't be read", () => {
    const copy = new ProjectCopy((one) => {
      one.write("Pulumi.broken.yaml", "config:\n  muster:domain: [\n");
      one.write("Pulumi.wrong.yaml", "config:\n  muster:domain: example.org\n  muster:hosts: 1\n");
    });
    try {
      const { stacks, problems } = revisionOf(copy.folder);
      // The third has a zone, and must know who else is in it.
      expect(Object.keys(stacks)).toEqual(["dev", "local"]);
      expect(problems["prod"]).toMatch(/Pulumi\.broken\.yaml/);
      expect(problems["broken"]).toMatch(/not valid YAML/);
      expect(problems["wrong"]).toMatch(/muster:hosts/);
      expect(Object.keys(revisionOf(copy.folder, ["dev"]).stacks)).toEqual(["dev"]);
    } finally {
      copy.remove();
    }
  });
});
