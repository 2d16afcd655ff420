import { diskKeySecret } from "../../../components/host/diskKey";
import { diskGiB, type EncryptedStage, stackName } from "./stage";
import { TangServer } from "./tang";

const patienceSeconds = 240;

/** From an empty disk to an encrypted one that is in use. */
export function encrypts(stage: EncryptedStage): void {
  describe("the data disk", () => {
    it("is encrypted before anything is on it, and the stack lies on it", async () => {
      const { setUp, up } = await stage.upOnNewMachines();
      console.log(`set up: ${setUp.seconds.toFixed(1)} s; up: ${up.seconds.toFixed(1)} s`);
      expect(setUp.output).toContain("muster: encrypts /dev/disk/by-id/");
      expect(up.output).toContain("All services are healthy.");
      expect(await stage.unwell()).toEqual([]);
      expect(await stage.machine.run("blkid -p -o value -s TYPE -s VERSION /dev/vdb")).toBe(
        "2\ncrypto_LUKS\n",
      );
      const source = await stage.machine.run("findmnt -rno SOURCE /var/lib/docker/volumes");
      expect(source).toContain("/dev/mapper/muster");
    });

    it("has a passphrase that stands in no output, no plain state, and no file of the machine", async () => {
      const passphrase = await stage.stack.secret(diskKeySecret);
      expect(passphrase).toHaveLength(40);
      expect(stage.stack.transcript).not.toContain(passphrase);
      expect(await stage.stack.pulumi(["stack", "export"])).not.toContain(passphrase);
      const search = "grep -rlsF -f - /run/muster /etc /var/lib/muster /usr/local /root /var/log || true";
      expect(await stage.machine.run(search, passphrase)).toBe("");
    });

    it("is left alone the second time", async () => {
      const before = await stage.ids();
      expect((await stage.stack.up()).output).toContain("Nothing has changed");
      expect(await stage.ids()).toBe(before);
    });
  });
}

/** Each way to open the disk after a reboot. */
export function unlocks(stage: EncryptedStage): void {
  const mib = async (): Promise<number> =>
    Number(await stage.machine.run("df --output=size -BM /srv/muster | tail -n 1 | tr -dc 0-9"));
  const setUnlock = async (unlock: Record<string, string>): Promise<string> => {
    stage.stack.set(["machine", "diskEncryption"], unlock);
    return (await stage.stack.up()).output;
  };
  const keys = (): Promise<string> => stage.machine.run("cryptsetup luksDump /dev/vdb");

  describe("after a reboot", () => {
    it("waits for a person, while SSH answers and nothing runs; then all is back, with the room that it has grown by", async () => {
      const before = await mib();
      await stage.machine.growDataDisk(diskGiB + 1);
      expect(await stage.goOver([9999])).toContain("the room can be used after the next reboot and up");
      await stage.machine.reboot();
      expect(await stage.machine.run("systemctl is-active docker || true")).not.toBe("active\n");
      expect(await stage.machine.run("docker ps --quiet 2>/dev/null || true")).toBe("");
      expect(await stage.machine.run("ls -A /srv/muster")).toBe("");
      await stage.stack.must(["unlock", stackName]);
      await stage.healthy(patienceSeconds);
      expect(await stage.goOver([])).toContain("grows the file system");
      expect((await mib()) - before).toBeGreaterThan(900);
    });

    it("is opened by the machine's TPM, once the settings say so", async () => {
      expect(await setUnlock({ unlock: "tpm2" })).toContain("enrols the TPM");
      await stage.machine.reboot();
      await stage.healthy(patienceSeconds);
      expect((await stage.stack.up()).output).toContain("Nothing has changed");
    });

    it("is opened by a Tang server, and no longer by the TPM", async () => {
      const tang = await TangServer.start(stage.network.address(1), 7500);
      try {
        const { url, thumbprint } = tang;
        const output = await setUnlock({ unlock: "tang", url, thumbprint });
        expect(output).toContain("takes the TPM's key away");
        expect(output).toContain("enrols the Tang server");
        expect(await keys()).not.toContain("systemd-tpm2");
        await stage.machine.reboot();
        await stage.healthy(patienceSeconds);
      } finally {
        await tang.end();
      }
    });

    it("waits, while SSH answers, where that server doesn't answer; a person can open it", async () => {
      await stage.machine.reboot();
      expect(await stage.machine.run("docker ps --quiet 2>/dev/null || true")).toBe("");
      await stage.stack.must(["unlock", stackName]);
      await stage.healthy(patienceSeconds);
    });
  });
}
