import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { projectDir } from "../helpers/stacks";

// Loading takes a second, but the machine may be busy.
jest.setTimeout(120_000);

/** Files of packages that a process has loaded once it has an adapter: in one of its own, as the program is. */
async function filesOf(provider: string): Promise<string[]> {
  const program = `
    require("./components/host/adapters").loadAdapter(${JSON.stringify(provider)});
    console.log(JSON.stringify(Object.keys(require.cache)));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--require", require.resolve("tsx/cjs"), "--eval", program],
    { cwd: projectDir, maxBuffer: 16 * 1024 * 1024 },
  );
  const files = JSON.parse(stdout) as string[];
  return files.flatMap((file) => /node_modules\/(@pulumi\/.*)$/.exec(file)?.[1] ?? []);
}
const packagesOf = (files: readonly string[]): string[] =>
  [...new Set(files.map((file) => file.split("/")[1] ?? ""))].filter((name) => name !== "pulumi").sort();

const remote = ["command", "docker", "random", "tls"];
const cases: [string, string[]][] = [
  ["local", ["docker"]],
  ["existing", remote],
  ["digitalocean", ["digitalocean", ...remote]],
  ["aws", ["aws", ...remote]],
];

describe("what a host of each kind loads: a cloud's SDK takes time and memory", () => {
  it.each(cases)("%s: no more than it needs", async (provider, expected) => {
    const files = await filesOf(provider);
    expect(packagesOf(files)).toEqual([...expected].sort());
    // All of it would be a hundred services.
    expect(files).not.toContain("@pulumi/aws/index.js");
  });
});
