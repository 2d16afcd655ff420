import { quote } from "../../../components/services/job";
import { type HostStage, stackName } from "./stage";

/** Another machine's key, of the right form. */
const otherKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKbV9tzzLCjJXGtAyB5Yw4tQ3Ul6sbsNxzTQwbkFYWIw";

/** What is told before anything is changed, on this machine or on that. */
export function refuse(stage: HostStage): void {
  describe("before anything is changed", () => {
    const refused = async (path: readonly string[], value: unknown): Promise<string> => {
      const { host } = stage.stack.topology().settings;
      const before = (host as unknown as Record<string, unknown>)[path[1] ?? ""];
      stage.stack.set(path, value);
      const { code, output } = await stage.stack.run(["up", stackName]);
      stage.stack.set(path, before);
      expect(code).not.toBe(0);
      expect(await stage.machine.run("ls /etc/muster 2>/dev/null || echo untouched")).toContain("untouched");
      return output;
    };

    it("refuses a machine that shows another host key", async () => {
      const output = await refused(["host", "hostKey"], otherKey);
      expect(output).toContain("shows another SSH host key than the expected one");
      expect(output).toContain(otherKey);
    });

    it("says that nobody answers", async () => {
      const output = await refused(["host", "port"], 2222);
      expect(output).toContain("can't be reached over SSH");
    });

    it("says that the machine is smaller than the settings promise", async () => {
      const output = await refused(["host", "memoryMiB"], 900_000);
      expect(output).toMatch(/memory/i);
      expect(output).toContain("900000");
    });

    it.each([
      {
        what: "its own disk is full",
        program: "df",
        says: "echo 'overlay 60000000 59000000 1000000 99% /'",
        expected: ["too little room on this machine's own disk", "0 GiB free"],
      },
      {
        what: "its processor is one that images aren't there for",
        program: "uname",
        says: '[ "$1" = -m ] && echo aarch64 || exec /usr/bin/uname "$@"',
        expected: ["images of this stack aren't there for this processor", "arm64"],
      },
    ])("says that $what", async ({ program, says, expected }) => {
      // A stand-in says so: this machine's disk and processor are what they are.
      const stand = `/usr/local/bin/${program}`;
      await stage.machine.run(`printf '%s\\n' '#!/bin/sh' ${quote(says)} >${stand} && chmod +x ${stand}`);
      try {
        const { code, output } = await stage.stack.run(["up", stackName]);
        expect(code).not.toBe(0);
        for (const words of expected) expect(output).toContain(words);
        expect(await stage.machine.run("ls /etc/muster 2>/dev/null || echo untouched")).toContain(
          "untouched",
        );
      } finally {
        await stage.machine.run(`rm ${stand}`);
      }
    });

    it("says that the distribution isn't one that it knows", async () => {
      await stage.machine.run(
        "cp /etc/os-release /etc/os-release.kept && sed -i 's/^ID=.*/ID=plan9/' /etc/os-release",
      );
      try {
        const { code, output } = await stage.stack.run(["up", stackName]);
        expect(code).not.toBe(0);
        expect(output).toContain("plan9");
      } finally {
        await stage.machine.run("cp /etc/os-release.kept /etc/os-release");
      }
    });
  });
}
