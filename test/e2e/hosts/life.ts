import { type HostStage, identity, stackName } from "./stage";

/** Reboots, a new machine under the old disk, and the end. */
export function life(stage: HostStage): void {
  const people = (): Promise<string> =>
    stage.runIn("postgres", [
      ...["psql", "-X", "-q", "-A", "-t", "-U", "mattermost", "-d", "mattermost"],
      ...["-c", "SELECT username FROM users ORDER BY 1"],
    ]);

  describe("in the machine's life", () => {
    it("is back by itself after a reboot, and the database was shut down cleanly", async () => {
      await stage.machine.reboot();
      await stage.healthy(240);
      const log = await stage.machine.run(`docker logs --tail 100 muster-${stackName}-postgres 2>&1`);
      expect(log).toContain("database system was shut down");
      expect(log).not.toContain("was not properly shut down");
      expect((await stage.stack.must(["up", stackName])).output).toContain("Nothing has changed");
    });

    it("starts no container without its data disk, and has all again once it is there", async () => {
      await stage.machine.shutDown();
      await stage.machine.detach(identity);
      await stage.machine.powerOn();
      expect(await stage.machine.run("docker ps --quiet 2>/dev/null || true")).toBe("");
      await stage.machine.shutDown();
      await stage.machine.attach(identity, stage.disk);
      await stage.machine.powerOn();
      await stage.healthy(240);
    });

    it("finds all its data on a machine that was installed anew, once its new key is in the settings", async () => {
      const before = await people();
      expect(before).toContain("admin");
      await stage.machine.shutDown();
      await stage.machine.rebuild();
      const refused = await stage.stack.run(["up", stackName]);
      expect(refused.code).not.toBe(0);
      expect(refused.output).toContain("shows another SSH host key than the expected one");
      stage.stack.set(["host", "hostKey"], await stage.machine.hostKey());
      await stage.upOnNewMachines();
      expect(await stage.unwell()).toEqual([]);
      expect(await people()).toBe(before);
    });

    it("stops, keeps the data, and removes them only when told twice", async () => {
      await stage.stack.must(["destroy", stackName, "--yes"]);
      expect(await stage.machine.run("docker ps --all --quiet")).toBe("");
      expect(await stage.machine.run("docker volume ls --quiet")).toContain("postgres-data");
      await stage.stack.must(["destroy", stackName, "--remove-data", stackName]);
      expect(await stage.machine.run("docker volume ls --quiet")).not.toContain("postgres-data");
    });
  });
}
