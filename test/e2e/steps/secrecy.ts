import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readdirSync } from "node:fs";
import { demultiplex } from "../../../components/host/engine";
import type { Stack } from "../stack";

const mailPassword = 'Mail "pass\\word" 8Jk2';

/** No secret's value stands anywhere that people or tools read. */
export function secrecy(stack: Stack): void {
  describe("its secrets", () => {
    beforeAll(async () => {
      stack.set(["mail"], { host: "mail.example.org", username: "robot", from: "robot@example.org" });
      await stack.pulumi(["config", "set", "--secret", "muster:mailPassword", mailPassword]);
      await stack.up();
    });

    const values = async (): Promise<string[]> => [
      mailPassword,
      ...(await stack.secrets()).map(({ value }) => value),
    ];
    const expectNone = async (text: string): Promise<void> => {
      for (const value of await values()) expect(text.includes(value)).toBe(false);
    };

    it("reach their services as files", async () => {
      const { output } = await stack.run([
        "mmctl",
        stack.name,
        "config",
        "get",
        "EmailSettings.SMTPPassword",
      ]);
      // Mattermost masks it when asked; what counts is that it is set.
      expect(output.trim()).not.toBe('""');
    });

    it("are several, each of some length", async () => {
      const all = await values();
      expect(all.length).toBeGreaterThanOrEqual(4);
      for (const value of all) expect(value.length).toBeGreaterThanOrEqual(12);
    });

    it("stand in no plan, preview or diff", async () => {
      const plan = await stack.run(["plan", stack.name]);
      const preview = await stack.run(["preview", stack.name, "--diff", "--json"]);
      await expectNone(plan.output + preview.output);
    });

    it("stand in nothing that the verbs have printed so far", () => expectNone(stack.transcript));

    it("stand in no output", async () => {
      await expectNone(await stack.pulumi(["stack", "output", "--json"]));
    });

    it("stand in no file of the state in plain text", async () => {
      const folder = join(stack.dir, ".muster", "state");
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
        entry.isFile(),
      );
      expect(files.length).toBeGreaterThan(2);
      for (const { parentPath, path, name } of files as unknown as {
        parentPath?: string;
        path: string;
        name: string;
      }[])
        await expectNone(readFileSync(join(parentPath ?? path, name), "utf8"));
    });

    it("stand in no container's description and no log", async () => {
      for (const { Id } of (await stack.containers()).values()) {
        const container = stack.docker.getContainer(Id);
        await expectNone(JSON.stringify(await container.inspect()));
        await expectNone(demultiplex(await container.logs({ stdout: true, stderr: true })));
      }
    });

    it("are shown on a terminal only", async () => {
      const { code, output } = await stack.run(["credentials", stack.name]);
      expect(code).toBe(1);
      expect(output).toContain("on a terminal only");
    });
  });
}
