import { join } from "node:path";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { type HostStage, stackName } from "./stage";

/** From a bare server to a stack, and that a second time changes nothing. */
export function bootstrap(stage: HostStage): void {
  describe("from a bare server", () => {
    it("sets the machine up and brings the whole stack onto it", async () => {
      const { setUp, up } = await stage.upOnNewMachines();
      expect(setUp.output).toContain("muster: installs");
      expect(up.output).toContain("All services are healthy.");
      expect(await stage.unwell()).toEqual([]);
      console.log(`set up: ${setUp.seconds.toFixed(1)} s; up: ${up.seconds.toFixed(1)} s`);
    });

    it("keeps the data on the data disk", async () => {
      const mounts = await stage.machine.run("findmnt -rno TARGET,SOURCE /var/lib/docker/volumes");
      expect(mounts).toContain(stage.disk.device);
      expect(await stage.machine.run("ls /srv/muster/volumes")).toContain(
        `muster-${stackName}-postgres-data`,
      );
    });

    it("changes nothing the second time, whoever's environment it runs in", async () => {
      const home = join(stage.stack.dir, "stray-home");
      mkdirSync(join(home, ".ssh"), { recursive: true });
      writeFileSync(join(home, ".ssh", "config"), "Host *\n  ProxyCommand false\n  Port 1\n");
      const before = await stage.ids();
      const { output } = await stage.stack.must(["up", stackName], {
        // Each of these decides for others where containers land.
        ...{ DOCKER_CONTEXT: "stray", DOCKER_HOST: "tcp://203.0.113.1:2375", SSH_AUTH_SOCK: "/nowhere" },
        ...{
          HOME: home,
          PULUMI_HOME: process.env["PULUMI_HOME"] ?? join(process.env["HOME"] ?? "", ".pulumi"),
        },
      });
      expect(output).toContain("Nothing has changed");
      expect(await stage.ids()).toEqual(before);
    });

    it("is run from a fresh clone with nothing but the settings and the passphrase", async () => {
      const before = await stage.ids();
      const clone = stage.freshClone();
      try {
        expect((await clone.must(["up", stackName])).output).toContain("Nothing has changed");
        expect((await clone.must(["logs", stackName, "mattermost"])).output).toContain("mattermost |");
      } finally {
        rmSync(clone.dir, { recursive: true });
      }
      expect(await stage.ids()).toEqual(before);
    });

    it("previews without reaching the machine", async () => {
      await stage.machine.run("systemctl stop ssh");
      try {
        const { code } = await stage.stack.run(["preview", stackName]);
        expect(code).toBe(0);
      } finally {
        await stage.machine.run("systemctl start ssh");
      }
    });

    it("puts back what somebody has changed by hand, and says what", async () => {
      await stage.machine.run("rm /etc/ssh/sshd_config.d/10-muster.conf && iptables -t mangle -F");
      stage.stack.set(["machine", "keepOpen"], [9999]);
      const { output } = await stage.stack.must(["up", stackName]);
      expect(output).toContain("muster: writes /etc/ssh/sshd_config.d/10-muster.conf");
      expect(output).toContain("muster: loads the firewall");
      stage.stack.set(["machine", "keepOpen"], []);
      await stage.stack.must(["up", stackName]);
    });

    it("shows its logs, takes a backup and lists it, all over SSH", async () => {
      const logs = await stage.stack.must(["logs", stackName, "mattermost"]);
      expect(logs.output).toContain("mattermost |");
      const users = await stage.stack.must(["mmctl", stackName, "user", "list"]);
      expect(users.output).toContain("admin");
      await stage.stack.must(["backup", stackName]);
      expect((await stage.stack.must(["snapshots", stackName])).output).toContain("UTC");
    });
  });
}
