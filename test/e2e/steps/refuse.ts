import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Stack } from "../stack";
import { ids } from "./bringUp";

/** Bad input: one clear error each, and nothing changed. */
export function refuse(stack: Stack): void {
  describe("given bad input", () => {
    const refused = async (args: string[], env?: NodeJS.ProcessEnv): Promise<string> => {
      const before = await ids(stack);
      const { code, output } = await stack.run(args, env);
      expect({ code, output }).toMatchObject({ code: 1 });
      expect(await ids(stack)).toEqual(before);
      return output;
    };
    const withFile = async (edit: () => void, check: () => Promise<void>): Promise<void> => {
      const saved = readFileSync(stack.file, "utf8");
      edit();
      try {
        await check();
      } finally {
        writeFileSync(stack.file, saved);
      }
    };

    it("malformed YAML", () =>
      withFile(
        () => writeFileSync(stack.file, "config:\n  muster:domain: [localhost\n"),
        async () => expect(await refused(["up", stack.name])).toContain("not valid YAML"),
      ));

    it("several mistakes at once", () =>
      withFile(
        () => {
          stack.set(["peple"], {});
          stack.set(["domain"], "not a domain");
          stack.set(["people", "accounts"], -3);
        },
        async () => {
          const output = await refused(["up", stack.name]);
          expect(output).toContain("3 problems");
          expect(output).toContain("did you mean muster:people?");
        },
      ));

    it("a machine too small for the people", () =>
      withFile(
        () => {
          stack.set(["host", "memoryMiB"], 512);
          stack.set(["host", "cpus"], 1);
        },
        async () => expect(await refused(["up", stack.name])).toContain("too little memory for these people"),
      ));

    it("a Docker Engine that isn't there", () =>
      withFile(
        () => stack.set(["host", "engine"], "unix:///nowhere/docker.sock"),
        async () => expect(await refused(["up", stack.name])).toContain("the Docker Engine doesn't answer"),
      ));

    it("a port that another program has", async () => {
      const server = createServer();
      await new Promise<void>((listening) => server.listen(18099, "127.0.0.1", listening));
      await withFile(
        () => stack.set(["web", "httpPort"], 18099),
        async () => expect(await refused(["up", stack.name])).toContain("another program has it"),
      );
      server.close();
    });

    it("an image that doesn't exist", () =>
      withFile(
        () => stack.set(["images", "overrides", "caddy"], "muster.invalid/caddy:0.0.1"),
        async () => {
          const output = await refused(["up", stack.name]);
          expect(output).toContain("the image muster.invalid/caddy:0.0.1");
          expect(output).toContain("Nothing was changed");
          // Without our own check before: the pull fails before the old container is stopped.
          const before = await ids(stack);
          await expect(stack.pulumi(["up", "--yes", "--skip-preview"])).rejects.toThrow(
            "unable to pull image",
          );
          expect(await ids(stack)).toEqual(before);
        },
      ));

    it("an older Mattermost than the one that runs", () =>
      withFile(
        () =>
          stack.set(["images", "overrides", "mattermost-team"], "mattermost/mattermost-team-edition:11.7.3"),
        async () => {
          for (const verb of ["plan", "preview", "up"])
            expect(await refused([verb, stack.name])).toContain("it can't go back to an older version");
        },
      ));

    it("a mirror that doesn't answer", () =>
      withFile(
        () => stack.set(["images", "mirror"], "127.0.0.1:1/mirror"),
        async () =>
          expect(await refused(["up", stack.name])).toContain("the image 127.0.0.1:1/mirror/library/caddy"),
      ));

    it("a wrong passphrase", async () => {
      const output = await refused(["up", stack.name], { PULUMI_CONFIG_PASSPHRASE: "wrong" });
      expect(output).toContain("can't be read: incorrect passphrase");
      expect(output).toContain("the passphrase from PULUMI_CONFIG_PASSPHRASE");
    });

    it("a damaged state file", async () => {
      const file = join(stack.dir, ".muster/state/.pulumi/stacks/muster", `${stack.name}.json`);
      copyFileSync(file, `${file}.kept`);
      writeFileSync(file, readFileSync(file, "utf8").slice(0, 1000));
      try {
        const output = await refused(["up", stack.name]);
        expect(output).toContain("is damaged");
        expect(output).toContain(".bak");
      } finally {
        copyFileSync(`${file}.kept`, file);
      }
    });

    it("a service that doesn't become healthy: named, with its last log lines", async () => {
      const saved = readFileSync(stack.file, "utf8");
      stack.set(["images", "overrides", "caddy"], "muster-e2e/broken:1.0.0");
      await brokenImage(stack);
      const { code, output } = await stack.run(["up", stack.name]);
      writeFileSync(stack.file, saved);
      expect(code).toBe(1);
      expect(output).toContain("caddy did not start well");
      expect(output).toContain("no such certificate, I give up");
      await stack.up();
      expect(await stack.unwell()).toEqual([]);
    });

    it("is whole after all that", async () => {
      expect((await stack.up()).output).toContain("Nothing has changed");
    });
  });
}

/** An image whose program says why it can't go on, and ends. */
async function brokenImage({ docker, name }: Stack): Promise<void> {
  const container = await docker.createContainer({
    Image: (await docker.getContainer(`muster-${name}-caddy-prepare`).inspect()).Image,
    Entrypoint: [],
    Cmd: ["true"],
  });
  await container.commit({
    repo: "muster-e2e/broken",
    tag: "1.0.0",
    changes: `ENTRYPOINT ["/bin/busybox","sh","-c","echo no such certificate, I give up >&2; exit 1"]`,
  });
  await container.remove();
}
