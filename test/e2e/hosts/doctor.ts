import { type Report, reportSchema } from "../../../doctor/report";
import { stackName, type HostStage } from "./stage";

/** The doctor on another machine: over SSH, and with what can't be produced on this one without harm. */
export function doctor(stage: HostStage): void {
  describe("the doctor", () => {
    const unwell = async (): Promise<Report["checks"]> => {
      const { output, code } = await stage.stack.run(["doctor", stackName, "--json"]);
      const report = reportSchema.parse(JSON.parse(output.slice(output.indexOf("{"))));
      expect(code).toBe(report.ok ? 0 : 1);
      return report.checks.filter(({ outcome }) => outcome !== "ok");
    };
    const ids = (found: Report["checks"]): string[] => found.map(({ id }) => id);

    it("finds nothing wrong on a machine that is well", async () => {
      expect(await unwell()).toEqual([]);
    });

    it("finds a disk that fills up, and one that is full", async () => {
      expect(await stage.whileFull("room", 88, unwell)).toMatchObject([
        { id: "disk.main", outcome: "warning" },
      ]);
      expect(await stage.whileFull("room", 97, unwell)).toMatchObject([
        { id: "disk.main", outcome: "error" },
      ]);
    });

    it("finds a door that somebody has opened beside the plan", async () => {
      const { machine } = stage;
      // Before the jump to our own chain.
      const rule = "INPUT -p tcp --dport 9000 -j ACCEPT";
      await machine.run(
        "docker run --detach --name stray --network host --entrypoint /bin/busybox busybox:1.37.0-musl httpd -f -p 9000",
      );
      await machine.run(`iptables -w -t mangle -I ${rule}`);
      try {
        const found = await unwell();
        expect(ids(found)).toEqual(["doors.main.closed"]);
        expect(found[0]?.saw).toBe("open: 9000/tcp");
      } finally {
        await machine.run(`iptables -w -t mangle -D ${rule}`);
        await machine.run("docker rm --force stray");
      }
    });

    it("finds a machine that isn't reached, and says it once", async () => {
      const { machine } = stage;
      const rule = "PREROUTING -p tcp --dport 22 -j DROP";
      await machine.run(
        `iptables -w -t raw -I ${rule} -m comment --comment doctor; (sleep 75; iptables -w -t raw -D ${rule} -m comment --comment doctor) > /dev/null 2>&1 &`,
      );
      const found = await unwell();
      expect(ids(found.filter(({ outcome }) => outcome === "error"))).toEqual(["engine.main"]);
      // What can be asked from outside is asked all the same.
      expect(ids(found)).not.toContain("door.main.3478-udp");
    });
  });
}
