import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shutDown, shutDownBeforeResize } from "../../components/host/resize";
import type { SshAccess } from "../../components/host/ssh";
import { record } from "../helpers/recorder";

const folder = mkdtempSync(join(tmpdir(), "muster-resize-"));
const path = process.env["PATH"];
const log = join(folder, "log");

/** An ssh that notes what it is to run there, then does what a test says. */
function playSsh(does: string): void {
  const script = `#!/bin/sh\nfor last; do :; done\necho "$last" >> ${log}\ncase $last in\n${does}\nesac\n`;
  writeFileSync(join(folder, "ssh"), script);
  chmodSync(join(folder, "ssh"), 0o755);
}
const told = (): string[] => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []);

/** A machine whose SSH port answers; it is off once a file says so. */
let machine: Server;
let access: SshAccess;
const off = join(folder, "off");
let watching: NodeJS.Timeout;

beforeAll(() => {
  process.env["PATH"] = `${folder}:${path ?? ""}`;
});
afterAll(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  rmSync(log, { force: true });
  rmSync(off, { force: true });
  machine = createServer((socket) => socket.destroy());
  await new Promise<void>((listening) => machine.listen(0, "127.0.0.1", listening));
  watching = setInterval(() => existsSync(off) && machine.close(), 50);
  const { port } = machine.address() as AddressInfo;
  access = {
    stack: "test",
    host: "main",
    address: "127.0.0.1",
    port,
    user: "root",
    hostKey: "ssh-ed25519 AAAA",
  };
});
afterEach(() => {
  clearInterval(watching);
  machine.close();
});

describe("a machine that is to change its size", () => {
  it("stops its containers first, then goes down, and is waited for", async () => {
    playSsh(`*poweroff*) touch ${off}; exit 255;;`);
    await shutDown(access);
    expect(machine.listening).toBe(false);
    const [first, second, ...more] = told();
    expect(first).toMatch(/^systemctl stop muster-shutdown\.service docker\.socket docker\.service && sync$/);
    expect(second).toBe("systemctl poweroff");
    expect(more).toEqual([]);
  });

  it("is asked with sudo where another user than root logs in", async () => {
    playSsh(`*poweroff*) touch ${off};;`);
    await shutDown({ ...access, user: "admin" });
    expect(told().every((command) => command.startsWith("sudo -n sh -c '"))).toBe(true);
  });

  it("isn't switched off while its containers don't stop", async () => {
    playSsh("*docker*) echo 'Job failed' >&2; exit 1;;");
    await expect(shutDown(access)).rejects.toThrow(
      /containers on host main don't stop.*Job failed[\s\S]*fix:/,
    );
    expect(told()).toHaveLength(1);
    expect(machine.listening).toBe(true);
  });

  it("isn't switched off where it lets nobody in: it may be another one", async () => {
    playSsh("*) echo 'Host key verification failed.' >&2; exit 255;;");
    await expect(shutDown(access)).rejects.toThrow(/shows another SSH host key/);
    expect(machine.listening).toBe(true);
  });

  it("is named where it doesn't go down", async () => {
    playSsh("*) ;;");
    await expect(shutDown(access, 0)).rejects.toThrow(/still answers at 127\.0\.0\.1[\s\S]*fix:/);
  });

  it("is taken to be off where nobody answers: a change that was cut short can be ended", async () => {
    machine.close();
    playSsh("*) ;;");
    await record({}, () => shutDown(access));
    expect(told()).toEqual([]);
  });

  it("is left alone by any other change", async () => {
    playSsh(`*poweroff*) touch ${off};;`);
    const { hookCallbacks } = await record({}, () => {
      shutDownBeforeResize(access, "main");
    });
    const hook = hookCallbacks.get("shut-down-before-resize-main") as unknown as (
      args: object,
    ) => Promise<void>;
    const inputs = { size: "small", tags: ["a"], userData: Promise.resolve("an Output, since it is secret") };
    await hook({
      oldInputs: inputs,
      newInputs: { ...inputs, tags: ["b"], userData: Promise.resolve("other") },
    });
    expect(told()).toEqual([]);
    await hook({ oldInputs: inputs, newInputs: { ...inputs, size: "large" } });
    expect(told()).toHaveLength(2);
  });
});
