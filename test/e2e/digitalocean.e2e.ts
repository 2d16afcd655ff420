import { failing } from "./cloud/failing";
import { missing, newKey, PlayedStack } from "./cloud/stack";

// The provider waits ten seconds for most of what it does, and the machine may be busy.
jest.setTimeout(900_000);

if (missing.length > 0) {
  const skipped = `SKIPPED: a stack at DigitalOcean, by the real engine: there is no ${missing.join(", no ")}`;
  console.warn(skipped);
  it.skip(skipped, () => undefined);
} else {
  describe("a stack at DigitalOcean, by the real engine and its providers, against a double of the API", () => {
    let cloud: PlayedStack;
    const preview = ["preview"];

    beforeAll(async () => {
      cloud = await PlayedStack.start();
      await cloud.must(["up", "--yes", "--skip-preview"]);
    });
    afterAll(() => cloud.end());

    it("has its disk, its address and its firewall", () => {
      const [volume] = [...cloud.api.account.volumes.values()];
      const [address] = [...cloud.api.account.addresses.values()];
      expect(volume?.dropletId).toBe(cloud.droplet.id);
      expect(address?.dropletId).toBe(cloud.droplet.id);
      const [firewall] = [...cloud.api.account.firewalls.values()];
      expect(cloud.droplet.tags.filter((tag) => firewall?.tags.includes(tag))).toHaveLength(1);
      expect(cloud.droplet.userData).toContain("#cloud-config");
    });

    it("changes nothing where nothing has changed", async () => {
      expect((await cloud.plan(preview)).does).toEqual({});
    });

    it("leaves the machine as it is where there is a newer image", async () => {
      expect((await cloud.plan(preview, { image: "debian-13-x64" })).does).toEqual({});
    });

    it("changes a machine's size in place, and nothing else", async () => {
      const { does } = await cloud.plan(preview, { size: "s-8vcpu-16gb" });
      expect(does).toMatchObject({ "machine-main": "update" });
      // It is told what it may count on.
      expect(Object.keys(does).sort()).toEqual(["bootstrap-main", "machine-main"]);
      expect(does["bootstrap-main"]).toBe("update");
    });

    it("grows a disk in place, and has the machine look at it", async () => {
      const { does } = await cloud.plan(preview, { dataDiskGiB: 61 });
      expect(does).toEqual({ "disk-main": "update", "bootstrap-main": "update" });
    });

    it("makes the machine anew where people ask for it: from the new image, at the old disk and address", async () => {
      const { does, inputsOf } = await cloud.plan(preview, { generation: 2, image: "debian-13-x64" });
      for (const name of ["machine-main", "assignment-main", "bootstrap-main", "network-mattermost"])
        expect({ [name]: does[name] }).toEqual({ [name]: expect.stringMatching(/replace/) });
      for (const name of ["disk-main", "address-main", "host-key-main", "firewall-main", "main", "instance"])
        expect({ [name]: does[name] }).toEqual({ [name]: undefined });
      expect(inputsOf("machine-main")).toMatchObject({ image: "debian-13-x64" });
    });

    it("refuses another region: the data can't move there", async () => {
      const { code, said } = await cloud.run(preview, { region: "ams3" });
      expect(code).not.toBe(0);
      expect(said).toMatch(/Volume \(disk-main\):\s+error: unable to replace[\s\S]*marked for protection/);
    });

    it("takes another key for itself without touching the machine", async () => {
      await cloud.setSecret("muster:sshKey", newKey());
      try {
        const { does } = await cloud.plan(preview);
        expect(does["operator"]).toMatch(/replace/);
        expect(does["bootstrap-main"]).toBe("update");
        expect(does["machine-main"]).toBeUndefined();
        expect(Object.keys(does).sort()).toEqual(["bootstrap-main", "operator"]);
      } finally {
        await cloud.setSecret("muster:sshKey", cloud.sshKey);
      }
    });

    it("is made anew as the preview says, with the same disk and address", async () => {
      const [before, disk] = [cloud.droplet, [...cloud.api.account.volumes.values()]];
      await cloud.must(["up", "--yes", "--skip-preview"], { generation: 2 });
      expect(cloud.droplet.id).not.toBe(before.id);
      expect([...cloud.api.account.volumes.values()]).toEqual(
        disk.map((volume) => ({ ...volume, dropletId: cloud.droplet.id })),
      );
      expect([...cloud.api.account.addresses.values()].map(({ dropletId }) => dropletId)).toEqual([
        cloud.droplet.id,
      ]);
      expect((await cloud.plan(preview, { generation: 2 })).does).toEqual({});
    });

    it("goes when it is destroyed, and leaves disk, address, host key and secrets, which the next one finds", async () => {
      await cloud.must(["destroy", "--yes", "--skip-preview", "--exclude-protected"]);
      expect(cloud.api.account.droplets.size).toBe(0);
      expect(cloud.api.account.volumes.size).toBe(1);
      expect(cloud.api.account.addresses.size).toBe(1);
      const { deployment } = await cloud.export();
      const names = (deployment?.resources ?? []).map(({ urn }) => urn.split("::").at(-1));
      expect(names).toEqual(
        expect.arrayContaining(["disk-main", "address-main", "host-key-main", "instance"]),
      );
      expect(names).not.toContain("machine-main");
      expect(names).not.toContain("bootstrap-main");
      const { does } = await cloud.plan(preview, { generation: 2 });
      expect(does).toMatchObject({ "machine-main": "create", "bootstrap-main": "create" });
      for (const name of ["disk-main", "address-main", "host-key-main"]) expect(does[name]).toBeUndefined();
    });
  });
  failing();
}
