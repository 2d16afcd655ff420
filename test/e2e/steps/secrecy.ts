import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { demultiplex } from "../../../components/host/engine";
import { execute } from "../client";
import type { Stack } from "../stack";

const mailPassword = 'Mail "pass\\word" 8Jk2';

/** No secret's value stands anywhere that people or tools read. */
export function secrecy(stack: Stack): void {
  describe("its secrets", () => {
    let values: string[] = [];
    beforeAll(async () => {
      stack.set(["mail"], { host: "mail.example.org", username: "robot", from: "robot@example.org" });
      const empty = stack.start(["secret", stack.name, "mailPassword"]);
      empty.child.stdin?.end("\n");
      expect(await empty.done).toMatchObject({ code: 1 });
      const { child, done } = stack.start(["secret", stack.name, "mailPassword"]);
      child.stdin?.end(mailPassword);
      expect((await done).code).toBe(0);
      await stack.up();
      values = [mailPassword, ...(await stack.secrets()).map(({ value }) => value)];
    });

    it("reach their service whole, whatever characters they have", async () => {
      // Not through a verb: over the local socket, mmctl shows the value, and the verbs' words are searched below.
      const command = [
        "mmctl",
        "--local",
        "--suppress-warnings",
        "config",
        "get",
        "EmailSettings.SMTPPassword",
      ];
      const shown = await execute(stack.docker, "muster-e2e-mattermost", command);
      expect(JSON.parse(shown)).toBe(mailPassword);
    });

    it("are several, each of some length", () => {
      expect(values.length).toBeGreaterThanOrEqual(4);
      for (const value of values) expect(value.length).toBeGreaterThanOrEqual(12);
    });

    standNowhere(stack, () => values);

    it("are shown on a terminal only", async () => {
      const { code, output } = await stack.run(["credentials", stack.name]);
      expect(code).toBe(1);
      expect(output).toContain("on a terminal only");
      const onTerminal = spawnSync(
        "script",
        ["-qec", `npx tsx cli/main.ts credentials ${stack.name}`, "/dev/null"],
        {
          cwd: stack.dir,
          encoding: "utf8",
        },
      );
      const password = await stack.secret("administrator-password");
      expect(onTerminal.stdout.includes(`password  ${password}`)).toBe(true);
    });
  });
}

/** The same for any stack and any values. */
export function standNowhere(stack: Stack, get: () => readonly string[]): void {
  // The values themselves must not land in a failure's message either.
  const expectNone = (text: string): void => {
    for (const value of get()) expect(text.includes(value)).toBe(false);
  };

  it("stand in no plan, preview or diff", async () => {
    const plan = await stack.run(["plan", stack.name]);
    const preview = await stack.run(["preview", stack.name, "--diff", "--json"]);
    expectNone(plan.output + preview.output);
  });

  it("stand in nothing that the verbs have printed so far", () => {
    expectNone(stack.transcript);
  });

  it("stand in no output", async () => {
    expectNone(await stack.pulumi(["stack", "output", "--json"]));
  });

  it("stand in no file of the state in plain text", () => {
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
      expectNone(readFileSync(join(parentPath ?? path, name), "utf8"));
  });

  it("stand in no container's description and no log", async () => {
    for (const { Id } of (await stack.containers()).values()) {
      const container = stack.docker.getContainer(Id);
      expectNone(JSON.stringify(await container.inspect()));
      expectNone(demultiplex(await container.logs({ stdout: true, stderr: true })));
    }
  });
}
