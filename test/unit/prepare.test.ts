import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { jobHealth, type Preparation, prepareScript, volumeTarget } from "../../components/platform/prepare";
import { hostileText } from "../helpers/arbitrary";
import { FakeRoot, syntaxErrors } from "../helpers/shell";

// Only root may give files away: without root, owners are our own, and that they are set shows less.
const isRoot = process.getuid?.() === 0;
if (!isRoot)
  console.warn("prepare.test.ts: not root, so that owners of files are tested with our own id only");
const owner = isRoot ? { uid: 70, gid: 71 } : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

const fileName = hostileText.filter(
  (name) =>
    name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name) && Buffer.byteLength(name) < 200,
);
const preparation = (change: Partial<Preparation>): Preparation => ({
  owner,
  files: [],
  shell: false,
  tools: [],
  volumeCount: 0,
  ...change,
});

describe("the script that prepares a unit", () => {
  let root: FakeRoot;
  beforeEach(() => {
    root = new FakeRoot(["/staging", "/files", "/volumes", "/tmp", "/bin/busybox"]);
    root.write("/stubs/sleep", "#!/bin/sh\n", 0o755);
  });
  afterEach(() => {
    root.remove();
  });
  const run = (change: Partial<Preparation>): void => {
    const PATH = `${root.path("/stubs")}:${process.env["PATH"] ?? ""}`;
    const { code, stderr } = root.run(prepareScript(preparation(change)), { PATH });
    expect([code, stderr]).toEqual([0, ""]);
  };
  const ownerOf = (path: string): unknown => {
    const { uid, gid } = statSync(root.path(path));
    return { uid, gid };
  };
  const modeOf = (path: string): string => (statSync(root.path(path)).mode & 0o777).toString(8);

  it("places each file with its content, its mode and its owner, and says that it is ready", () => {
    root.write("/staging/secret", "s3cret\n");
    root.write("/staging/page", "<p>");
    run({
      files: [
        { name: "secret", mode: 0o400 },
        { name: "page", mode: 0o444 },
      ],
    });
    expect(readFileSync(root.path("/files/secret"), "utf8")).toBe("s3cret\n");
    expect([modeOf("/files/secret"), modeOf("/files/page")]).toEqual(["400", "444"]);
    expect([ownerOf("/files/secret"), ownerOf("/files/page")]).toEqual([owner, owner]);
    expect(existsSync(root.path("/tmp/ready"))).toBe(true);
  });

  it("gives volumes to their owner, and keeps an empty one from being overwritten by the image", () => {
    for (const index of [0, 1]) mkdirSync(root.path(volumeTarget(index)));
    run({ volumeCount: 2 });
    for (const index of [0, 1]) {
      expect(ownerOf(volumeTarget(index))).toEqual(owner);
      expect(ownerOf(`${volumeTarget(index)}/.muster`)).toEqual(owner);
    }
  });

  it("leaves what is in a volume as it is", () => {
    root.write("/volumes/0/data", "kept");
    const before = statSync(root.path("/volumes/0/data"));
    run({ volumeCount: 1 });
    expect(readFileSync(root.path("/volumes/0/data"), "utf8")).toBe("kept");
    expect(statSync(root.path("/volumes/0/data")).uid).toBe(before.uid);
  });

  it("removes files that are no longer wanted, and those alone", () => {
    root.write("/files/old secret", "x");
    root.write("/files/busybox", "x");
    root.write("/staging/new", "y");
    run({ files: [{ name: "new", mode: 0o400 }] });
    expect(existsSync(root.path("/files/old secret"))).toBe(false);
    expect(existsSync(root.path("/files/busybox"))).toBe(false);
    expect(existsSync(root.path("/files/new"))).toBe(true);
  });

  it("can be run again over its own result, with other contents", () => {
    for (const content of ["one", "two"]) {
      root.write("/staging/a", content);
      run({ files: [{ name: "a", mode: 0o400 }] });
      expect(readFileSync(root.path("/files/a"), "utf8")).toBe(content);
    }
  });

  it("ships a shell, for everyone to run and nobody to change", () => {
    root.remove();
    root = new FakeRoot(["/staging", "/files", "/volumes", "/tmp", "/bin"]);
    root.write("/stubs/sleep", "#!/bin/sh\n", 0o755);
    root.write("/bin/busybox", "shell");
    run({ shell: true });
    expect(readFileSync(root.path("/files/busybox"), "utf8")).toBe("shell");
    expect(modeOf("/files/busybox")).toBe("555");
    run({ shell: true });
  });

  it("fails where a file is missing, instead of saying that it is ready", () => {
    const { code } = root.run(prepareScript(preparation({ files: [{ name: "gone", mode: 0o400 }] })));
    expect(code).not.toBe(0);
    expect(existsSync(root.path("/tmp/ready"))).toBe(false);
  });

  it("handles files of any name", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fileName, { minLength: 1, maxLength: 3 }), (names) => {
        for (const name of names) writeFileSync(`${root.path("/staging")}/${name}`, name);
        run({ files: names.map((name) => ({ name, mode: 0o400 })) });
        for (const name of names)
          expect(readFileSync(`${root.path("/files")}/${name}`, "utf8")).toBe(
            readFileSync(`${root.path("/staging")}/${name}`, "utf8"),
          );
      }),
      { numRuns: 25 },
    );
  });

  it("can always be read by a shell", () => {
    fc.assert(
      fc.property(
        fc.array(fileName, { maxLength: 3 }),
        fc.boolean(),
        fc.nat(3),
        (names, shell, volumeCount) => {
          const files = names.map((name) => ({ name, mode: 0o400 }));
          expect(syntaxErrors(prepareScript(preparation({ files, shell, volumeCount })))).toBe("");
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe("a job's health", () => {
  it("is that it is done, within its time", () => {
    expect(jobHealth(90)).toMatchObject({
      command: ["test", "-f", "/tmp/ready"],
      startSeconds: 90,
      intervalSeconds: 1,
    });
    expect(jobHealth(90, ["/muster/busybox"]).command).toEqual([
      "/muster/busybox",
      "test",
      "-f",
      "/tmp/ready",
    ]);
  });
});
