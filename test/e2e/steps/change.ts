import { PluginServer } from "../plugin";
import type { Stack } from "../stack";
import { ids, replaced } from "./bringUp";

/** One setting, its containers. And the job that patches its own keys only. */
export function change(stack: Stack): void {
  describe("changing it", () => {
    it("replaces only the container whose setting has changed", async () => {
      const before = await ids(stack);
      stack.set(["chat", "title"], "Renamed");
      await stack.up();
      expect(replaced(before, await ids(stack))).toEqual(["mattermost"]);
    });

    it("replaces only the consumer of a file that has changed, after placing it anew", async () => {
      const before = await ids(stack);
      stack.set(["chat", "team"], { title: "Another title" });
      await stack.up();
      expect(replaced(before, await ids(stack))).toEqual([
        "mattermost-first-run",
        "mattermost-first-run-prepare",
      ]);
    });

    it("changes a memory limit in place", async () => {
      const before = await ids(stack);
      stack.set(["people", "active"], 19);
      stack.set(["people", "accounts"], 1500);
      stack.set(["edition"], "team");
      const refused = await stack.run(["up", stack.name]);
      expect(refused.code).toBe(1);
      expect(refused.output).toContain("muster:people.accounts");
      stack.set(["people", "accounts"], 240);
      await stack.up();
      const after = await ids(stack);
      expect(replaced(before, after)).not.toContain("caddy");
      const memory = async (name: string): Promise<number> =>
        (await stack.docker.getContainer(`muster-${stack.name}-${name}`).inspect()).HostConfig.Memory ?? 0;
      const { services } = JSON.parse(await stack.pulumi(["stack", "output", "--json"])) as {
        services: Record<string, { memoryMiB: number }>;
      };
      for (const [name, { memoryMiB }] of Object.entries(services))
        expect(await memory(name)).toBe(memoryMiB * 1024 * 1024);
    });

    it("installs a plugin whose checksum is right, and leaves uploads off", async () => {
      const served = new PluginServer();
      const plugin = await served.serve(await gatewayOf(stack), {
        id: "com.example.probe",
        name: "Probe",
        version: "1.2.3",
        min_server_version: "11.0.0",
      });
      try {
        stack.set(["chat", "plugins"], [plugin]);
        await stack.up();
        const { output } = await stack.run(["mmctl", stack.name, "plugin", "list"]);
        expect(output).toContain("com.example.probe: Probe, Version: 1.2.3");
        expect(await configured(stack, "PluginSettings.EnableUploads")).toBe("false");
      } finally {
        served.close();
      }
    });

    it("leaves alone what an administrator has changed elsewhere", async () => {
      await stack.run(["mmctl", stack.name, "config", "set", "TeamSettings.MaxUsersPerTeam", "77"]);
      await stack.docker.getContainer("muster-e2e-mattermost-first-run").remove({ force: true, v: true });
      await stack.up();
      expect(await configured(stack, "TeamSettings.MaxUsersPerTeam")).toBe("77");
    });
  });
}

const configured = async (stack: Stack, key: string): Promise<string> =>
  (await stack.run(["mmctl", stack.name, "config", "get", key])).output.trim();

/** This machine's address on the network that leads out: containers reach it there. */
async function gatewayOf(stack: Stack): Promise<string> {
  const network = await stack.docker.getNetwork(`muster-${stack.name}-outside`).inspect();
  return (network as { IPAM: { Config: { Gateway: string }[] } }).IPAM.Config[0]?.Gateway ?? "";
}
