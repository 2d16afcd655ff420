import { checkScript } from "../../components/host/bootstrap/script";
import { serverPlanOf } from "../../components/host/servers";
import { serversOf } from "../../components/host/ssh";
import { sshFault } from "../../components/host/tunnel";
import { bootstrapSeen, rootSeen, sshFaultSeen } from "../../doctor/before/server";
import type { Seen } from "../../doctor/check";
import { remoteTopology } from "../helpers/hosts";
import { barePlan, device, fullPlan, MachineBox } from "../helpers/machineBox";

const boxes: MachineBox[] = [];
const newBox = (): MachineBox => {
  const box = new MachineBox();
  boxes.push(box);
  return box;
};
afterEach(() => {
  for (const box of boxes.splice(0)) box.remove();
});
const withDisk = { ...barePlan, disk: fullPlan.disk };
const look = (box: MachineBox, plan = withDisk): Seen => bootstrapSeen(box.sh(checkScript(plan)));

describe("a server that is looked at before a first up", () => {
  it("is well where the bootstrap has no objection, and isn't touched", () => {
    const box = newBox();
    const before = { state: box.state(), written: box.written() };
    expect(look(box)).toEqual({ ok: true, saw: "system, memory, disk, ports" });
    expect({ state: box.state(), written: box.written() }).toEqual(before);
    expect(box.calls()).toEqual([]);
  });

  it("isn't asked for what the first up brings: the passphrase of its disk", () => {
    const box = newBox();
    box.delete("/run/muster/disk.key");
    expect(look(box).ok).toBe(true);
    expect(box.run(withDisk, ["topic_check"]).code).toBe(3);
  });

  it("says all objections at once, each with its way out", () => {
    const box = newBox();
    box.write("/etc/os-release", 'ID=fedora\nVERSION_ID="40"\n');
    box.write("/proc/meminfo", "MemTotal: 1000000 kB\n");
    const seen = look(box, { ...barePlan, leastMemoryMiB: 4096 });
    expect(seen).toEqual({
      ok: false,
      saw: "this distribution isn't supported (fedora 40); this machine has less memory than its settings say (976 MiB)",
      fix: "install one of those; set host.memoryMiB to what it has, or take a larger machine",
    });
  });

  it("doesn't wait for a disk that isn't there", () => {
    const box = newBox();
    box.delete(device);
    expect(look(box)).toMatchObject({ ok: false, saw: `the data disk isn't there (${box.path(device)})` });
    expect(box.has("/fake/slept")).toBe(false);
    expect(box.run(withDisk, ["topic_check"]).code).toBe(3);
    expect(box.read("/fake/slept")).toContain("2\n2\n");
  });

  it("finds a disk with somebody's data on it", () => {
    const box = newBox();
    box.holds({ TYPE: "xfs", LABEL: "photos", UUID: "1" });
    expect(look(box)).toMatchObject({ ok: false, saw: expect.stringContaining("isn't this stack's") });
  });

  it("is told what it said where it said something else", () => {
    expect(bootstrapSeen({ code: 1, stderr: "a\nsh: not found\n" })).toEqual({
      ok: false,
      saw: "sh: not found",
    });
    expect(bootstrapSeen({ code: 2, stderr: "" })).toEqual({ ok: false, saw: "exit code 2" });
    expect(bootstrapSeen({ code: 3, stderr: "odd\n" })).toEqual({ ok: false, saw: "odd" });
  });

  it("is asked for what its settings say", () => {
    const topology = remoteTopology("existing");
    const { main } = serversOf(topology);
    if (main === undefined) throw new Error("no server");
    expect(serverPlanOf(topology, "main", main)).toMatchObject({
      user: "keeper",
      sshPort: 2222,
      leastMemoryMiB: 8192,
      disk: { device: "/dev/disk/by-id/virtio-data" },
    });
  });
});

describe("the way to a server before a first up", () => {
  const way = {
    at: "keeper@h, port 22",
    user: "keeper",
    publicLine: "ssh-ed25519 AAAA",
    keys: { hostKey: "muster:host.hostKey", address: "muster:host.address" },
  };
  it.each([
    ["Host key verification failed.", "shows another SSH host key", "set muster:host.hostKey"],
    [
      "Unable to negotiate: no matching host key type found.",
      "shows another SSH host key",
      "muster:host.hostKey",
    ],
    [
      "keeper@h: Permission denied (publickey).",
      "doesn't accept",
      "authorized_keys of keeper there: ssh-ed25519 AAAA",
    ],
    [
      "ssh: x\nssh: connect to host h: Connection refused",
      ": ssh: connect to host h: Connection refused",
      "muster:host.address",
    ],
    ["", "no answer", "muster:host.address"],
  ])("is closed: %j", (said, saw, fix) => {
    expect(sshFaultSeen(sshFault(said), said, way)).toMatchObject({
      ok: false,
      saw: expect.stringContaining(saw),
      fix: expect.stringContaining(fix),
    });
  });

  it("ends with a user who may do everything", () => {
    expect(rootSeen({ code: 0, stderr: "" }, way)).toEqual({ ok: true, saw: way.at });
    expect(rootSeen({ code: 1, stderr: "sudo: a password is required\n" }, way)).toMatchObject({
      ok: false,
      saw: "keeper may not sudo without a password: sudo: a password is required",
      fix: expect.stringContaining("keeper ALL=(ALL) NOPASSWD: ALL"),
    });
  });
});
