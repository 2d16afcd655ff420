import { bootstrapScript, secretsScript, unlockScript } from "../../components/host/bootstrap/script";
import type { DiskEncryption, MachinePlan } from "../../components/host/bootstrap/plan";
import { barePlan, device, fullPlan, MachineBox } from "../helpers/machineBox";

let box: MachineBox;
beforeEach(() => {
  box = new MachineBox();
});
afterEach(() => {
  box.remove();
});
const { uuid } = barePlan.disk;
const planWith = (encryption: DiskEncryption = { unlock: "provider" }, change = {}): MachinePlan => ({
  ...barePlan,
  ...change,
  disk: { device, uuid, encryption },
});
const check = (plan: MachinePlan): string => {
  const { code, stderr } = box.run(plan, ["check_disk"]);
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr: expect.stringMatching(/^muster: .*; given: .*; allowed: .*; fix: .*\n$/),
  });
  expect(box.calls()).toEqual([]);
  return stderr;
};
const makes = (plan: MachinePlan): string[] => {
  const { code, stderr } = box.run(plan, ["topic_disk"]);
  if (code !== 0) throw new Error(stderr);
  return box.calls().filter((call) => !/^(mv|systemctl daemon-reload)/.test(call));
};
const ours = { LABEL: "muster", UUID: uuid, TYPE: "ext4" };
const luks = { LABEL: "muster", UUID: "luks", TYPE: "crypto_LUKS" };

describe("a data disk", () => {
  it("is made where nothing is on it, and used from then on", () => {
    expect(makes(planWith())).toEqual([
      `mkfs.ext4 ${box.path(device)}`,
      `chattr +i ${box.path("/srv/muster")}`,
      `mount ${box.path("/srv/muster")}`,
      `mount ${box.path("/var/lib/docker/volumes")}`,
    ]);
    expect(box.read("/fake/disks/scsi-0DO_Volume_dev")).toContain(`UUID=${uuid}`);
    expect(box.read("/etc/fstab").replaceAll(box.path(""), "/")).toBe(`# made by hand
UUID=root / ext4 defaults 0 1
UUID=${uuid} //srv/muster ext4 defaults,nofail,x-systemd.device-timeout=120s 0 2
//srv/muster/volumes //var/lib/docker/volumes none bind,nofail,x-systemd.requires-mounts-for=//srv/muster 0 0
`);
    expect(makes(planWith())).toEqual([]);
  });

  it("of another machine before is used as it is, with the UUID that it has", () => {
    box.holds({ ...ours, UUID: "other" });
    box.write("/fake/marker", "stack=dev\n");
    expect(makes(planWith()).filter((call) => call.startsWith("mkfs"))).toEqual([]);
    expect(box.read("/etc/fstab")).toContain("UUID=other ");
  });

  it("that was made and not marked yet is known by its UUID", () => {
    box.holds(ours);
    expect(makes(planWith()).filter((call) => call.startsWith("mkfs"))).toEqual([]);
  });

  it.each<[string, () => void, RegExp]>([
    ["another file system", () => box.holds({ LABEL: "photos", UUID: "x", TYPE: "xfs" }), /xfs photos x/],
    ["an ext4 of others", () => box.holds({ ...ours, LABEL: "root" }), /ext4 root/],
    [
      "another stack's data",
      () => {
        box.holds(ours);
        box.write("/fake/marker", "stack=prod\n");
      },
      /data of stack prod/,
    ],
    ["unmarked data of others", () => box.holds({ ...ours, UUID: "x" }), /data of stack unknown/],
    ["a partition table", () => box.holds({ PTTYPE: "gpt" }), /partition table/],
    ["several signatures", () => box.write("/fake/ambivalent", ""), /several things at once/],
    [
      "a signature that only wipefs knows",
      () => box.write("/fake/signature", "x\n"),
      /several things at once/,
    ],
    ["a partition", () => box.write("/fake/partition", ""), /several things at once/],
    ["bytes without a name", () => box.write(device, `${"\0".repeat(4000)}x`), /doesn't know/],
    ["encrypted data of others", () => box.holds({ UUID: "x", TYPE: "crypto_LUKS" }), /crypto_LUKS/],
    ["our encryption, unasked", () => box.holds(luks), /is encrypted/],
    [
      "data in a folder",
      () => box.write("/srv/muster/.muster-disk", "stack=dev\n"),
      /folder of its own disk/,
    ],
    ["no disk", () => box.delete(device), /isn't there/],
  ])("with %s is refused, and nothing is touched", (_, make, words) => {
    make();
    expect(check(planWith())).toMatch(words);
  });

  it("isn't forgotten by settings that no longer name it", () => {
    box.write("/etc/fstab", `UUID=x ${box.path("/srv/muster")} ext4 defaults 0 2\n`);
    expect(check(barePlan)).toMatch(/on a disk of their own/);
  });

  it("leaves Docker's volumes alone that are there before", () => {
    box.write("/var/lib/docker/volumes/metadata.db", "");
    box.write("/var/lib/docker/volumes/photos/_data/1.jpg", "");
    for (const plan of [barePlan, planWith()]) expect(check(plan)).toMatch(/photos in .*volumes/);
    box.delete("/var/lib/docker/volumes/photos");
    box.write("/fake/active/docker.service", "");
    expect(makes(barePlan)).toEqual([
      "systemctl stop docker.socket docker",
      `mount ${box.path("/var/lib/docker/volumes")}`,
    ]);
    expect(box.has("/run/muster/owed-docker")).toBe(true);
  });

  it("takes what it has grown by, and not what file systems leave over", () => {
    makes(planWith());
    box.write("/fake/size", String(10 * 1024 ** 3 + 64 * 1024 ** 2 - 1));
    expect(makes(planWith())).toEqual([]);
    box.write("/fake/size", String(20 * 1024 ** 3));
    expect(makes(planWith())).toEqual([`resize2fs ${box.path(device)}`]);
    expect(makes(planWith())).toEqual([]);
  });
});

describe("an encrypted data disk", () => {
  const manual = planWith({ unlock: "manual" });
  const tang = planWith(fullPlan.disk.encryption);
  const tpm = planWith({ unlock: "tpm2" });

  it("is formatted inside its encryption, and opened at boot by what the settings say", () => {
    box.write("/dev/tpmrm0", "");
    expect(makes(tpm).slice(0, 4)).toEqual([
      "cryptsetup luksFormat",
      "cryptsetup open",
      "systemd-cryptenroll enroll",
      `mkfs.ext4 ${box.path("/dev/mapper/muster")}`,
    ]);
    expect(box.read("/etc/crypttab")).toBe("muster UUID=luks none luks,nofail,tpm2-device=auto\n");
    expect(makes(tpm)).toEqual([]);
    // The new one first: there is always one that opens it.
    expect(makes(tang)).toEqual(expect.arrayContaining(["systemd-cryptenroll wipe", "clevis bind"]));
    expect(box.read("/etc/crypttab")).toBe("muster UUID=luks none luks,nofail,_netdev\n");
    const other = {
      ...tang,
      disk: { ...tang.disk, encryption: { unlock: "tang", url: "http://new", thumbprint: "a" } },
    };
    expect(makes(other as MachinePlan)).toEqual(["clevis bind", "clevis unbind"]);
    expect(box.read("/fake/tokens")).toMatch(/^\d: tang '.*http:\/\/new.*'\n$/);
    expect(makes(manual)).toEqual(["clevis unbind"]);
    expect(box.read("/fake/tokens")).toBe("");
    expect(box.read("/etc/crypttab").trim()).toBe("");
    expect(box.read("/etc/fstab")).toMatch(/\/srv\/muster ext4 defaults,noauto,nofail/);
  });

  it.each<[string, () => void, MachinePlan, RegExp]>([
    [
      "made without its passphrase",
      () => box.delete("/run/muster/disk.key"),
      manual,
      /passphrase isn't here/,
    ],
    [
      "opened without its passphrase",
      () => {
        box.holds(luks);
        box.delete("/run/muster/disk.key");
      },
      manual,
      /npm run unlock/,
    ],
    ["made of one that isn't", () => box.holds(ours), tang, /isn't encrypted/],
    ["opened by a TPM that isn't there", () => undefined, tpm, /no TPM 2.0/],
    [
      "used that another stack has encrypted",
      () => {
        box.holds(luks);
        box.holds(ours, "muster");
        box.write("/dev/mapper/muster", "");
        box.write("/fake/marker", "stack=prod\n");
      },
      manual,
      /data of stack prod/,
    ],
  ])("can't be %s", (_, make, plan, words) => {
    make();
    expect(check(plan)).toMatch(words);
  });

  it("that a server or a TPM opens needs no passphrase after the first time", () => {
    makes(tang);
    box.delete("/run/muster/disk.key");
    box.delete("/dev/mapper");
    box.delete("/fake/mounts");
    expect(makes(tang)[0]).toBe("clevis unlock");
  });

  it("grows inside only with its passphrase, or after a reboot", () => {
    makes(manual);
    box.write("/fake/size-muster", "10737418240");
    box.write("/fake/size", String(20 * 1024 ** 3));
    expect(makes(manual)).toContain("cryptsetup resize");
    box.delete("/run/muster/disk.key");
    const { stdout } = box.run(manual, ["topic_disk", 'printf %s "$notes" >&3']);
    expect(stdout).toContain("after the next reboot");
  });

  it("is opened by a person after a reboot, and Docker is started", () => {
    makes(manual);
    box.delete("/run/muster/disk.key");
    box.delete("/dev/mapper");
    box.delete("/fake/mounts");
    const unlock = (passphrase: string): ReturnType<typeof box.sh> =>
      box.sh(`sh -c "$script" << 'END'\n${passphrase}\nEND`, { script: box.redirect(unlockScript(manual)) });
    expect(unlock("wrong")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("passphrase doesn't open"),
    });
    expect(box.calls()).toEqual([]);
    expect(unlock("right")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(box.calls()).toEqual([
      "cryptsetup open",
      `mount ${box.path("/srv/muster")}`,
      `mount ${box.path("/var/lib/docker/volumes")}`,
      "systemctl start docker.service",
    ]);
    expect(unlock("right").code).toBe(0);
  });
});

describe("secrets", () => {
  const secrets = { diskKey: "a b'c", wireguardKey: "K=" };
  it("lie where only root reads them, and are told to nobody", () => {
    expect(box.sh(secretsScript(fullPlan, secrets))).toEqual({ code: 0, stdout: "", stderr: "" });
    const mode = (path: string): string | undefined => box.state()[path];
    expect(mode("/run/muster/disk.key")).toBe("600 a b'c");
    expect(mode("/etc/wireguard/muster0.key")).toBe("600 K=\n");
    expect(bootstrapScript(fullPlan)).not.toContain(secrets.diskKey);
    const { stdout, stderr } = box.run(fullPlan);
    expect(stdout + stderr).not.toMatch(/a b'c|K=/);
    expect(box.has("/run/muster/disk.key")).toBe(false);
  });

  it("reach a VPN that is up at once, and only what the plan needs comes at all", () => {
    box.write("/fake/vpn-up", "");
    box.sh(secretsScript(fullPlan, secrets));
    expect(box.calls()).toContain(`wg set muster0 private-key ${box.path("/etc/wireguard/muster0.key")}`);
    expect(box.sh(secretsScript(fullPlan, secrets)).code).toBe(0);
    expect(box.calls().filter((call) => call.startsWith("wg"))).toEqual([]);
    expect(secretsScript(barePlan, secrets)).not.toMatch(/a b|K=/);
  });
});
