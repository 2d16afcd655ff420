import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { showLogsOnError } from "../../components/platform/failure";
import { record } from "../helpers/recorder";

const failed = {
  name: "mattermost",
  newInputs: { name: "muster-test-mattermost" },
  failedOperation: "create",
  errors: ["not healthy"],
};
type Hook = (args: Partial<typeof failed>) => Promise<boolean>;

async function hookFor(engine: pulumi.Input<string>): Promise<Hook> {
  const { hookCallbacks } = await record({}, () => {
    showLogsOnError("main", engine);
  });
  const hook = hookCallbacks.get("show-last-log-lines");
  if (hook === undefined) throw new Error("no such hook");
  return hook as unknown as Hook;
}

/** One chunk of a log as the engine frames it. */
function frame(text: string): Buffer {
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

describe("when a container doesn't start", () => {
  let shown: jest.SpyInstance;
  let dir: string;
  let server: Server | undefined;
  const asked: string[] = [];
  beforeEach(() => {
    shown = jest.spyOn(pulumi.log, "error").mockResolvedValue();
    dir = mkdtempSync(join(tmpdir(), "muster-engine-"));
    asked.length = 0;
  });
  afterEach(async () => {
    shown.mockRestore();
    await new Promise((done) => (server === undefined ? done(0) : server.close(done)));
    server = undefined;
    rmSync(dir, { recursive: true });
  });
  const engine = async (status: number, body: Buffer): Promise<string> => {
    const socket = join(dir, "docker.sock");
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(status).end(body);
    });
    await new Promise<void>((done) => server?.listen(socket, done));
    return `unix://${socket}`;
  };

  it("its service and its last log lines are shown, and the provider's error goes its way", async () => {
    const address = await engine(200, Buffer.concat([frame("first\n"), frame("\npanic: no database\n")]));
    const hook = await hookFor(address);
    expect(await hook(failed)).toBe(false);
    expect(shown.mock.calls).toEqual([
      [
        "mattermost did not start well. Last lines of `docker logs muster-test-mattermost`:\n  | first\n  | panic: no database",
      ],
    ]);
    expect(asked[0]).toMatch(/\/containers\/muster-test-mattermost\/logs\?.*tail=20/);
  });

  it("a secret or late address of the engine is awaited", async () => {
    const hook = await hookFor(pulumi.secret(engine(200, frame("late\n"))));
    expect(await hook(failed)).toBe(false);
    expect(shown).toHaveBeenCalledTimes(1);
  });

  it("nothing more is said where the engine is away", async () => {
    const hook = await hookFor(`unix://${join(dir, "nobody.sock")}`);
    expect(await hook(failed)).toBe(false);
    expect(shown).not.toHaveBeenCalled();
  });

  it("nor where the container was never made, or wrote nothing", async () => {
    const gone = await hookFor(await engine(404, Buffer.from('{"message":"No such container"}')));
    expect(await gone(failed)).toBe(false);
    await new Promise((done) => server?.close(done));
    const silent = await hookFor(await engine(200, frame("\n\n")));
    expect(await silent(failed)).toBe(false);
    expect(shown).not.toHaveBeenCalled();
  });

  it("a failed deletion is none of its business", async () => {
    const hook = await hookFor(await engine(200, frame("log\n")));
    expect(await hook({ ...failed, failedOperation: "delete" })).toBe(false);
    expect([asked, shown.mock.calls]).toEqual([[], []]);
  });

  it("the resource's own name serves where its inputs have none", async () => {
    const hook = await hookFor(await engine(200, frame("log\n")));
    const { newInputs, ...rest } = failed;
    expect(newInputs.name).not.toBe(rest.name);
    expect(await hook(rest)).toBe(false);
    expect(asked[0]).toContain("/containers/mattermost/logs");
  });
});
