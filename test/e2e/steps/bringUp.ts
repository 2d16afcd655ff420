import { judge, publishedSchema } from "../../helpers/outputsContract";
import type { Stack } from "../stack";
import { suites } from "../suites";

/** Fresh, again, and again for the job. */
export function bringUp(stack: Stack): void {
  describe("bringing it up", () => {
    it("comes up from nothing, with every service healthy", async () => {
      const { output, seconds } = await stack.up();
      expect(output).toContain("All services are healthy.");
      expect(output).toContain(`https://chat.localhost:${suites.muster.web.httpsPort}`);
      expect(await stack.unwell()).toEqual([]);
      console.log(`fresh up: ${seconds.toFixed(1)} s`);
    });

    it("keeps its state to itself", async () => {
      const { statSync } = await import("node:fs");
      expect(statSync(`${stack.dir}/.muster/passphrase`).mode & 0o777).toBe(0o600);
      expect(statSync(`${stack.dir}/.muster`).mode & 0o777).toBe(0o700);
    });

    it("changes nothing the second time, and says so", async () => {
      const before = await ids(stack);
      const { output } = await stack.up();
      expect(output).toContain("Nothing has changed");
      expect(await ids(stack)).toEqual(before);
    });

    it("gives outputs that keep their contract, as readers get them", async () => {
      const outputs = JSON.parse(await stack.pulumi(["stack", "output", "--json"])) as unknown;
      expect(judge(publishedSchema())(outputs)).toEqual([]);
    });

    it("comes up with the plain Pulumi CLI as well, and changes nothing either", async () => {
      const before = await ids(stack);
      await stack.pulumi(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
      expect(await ids(stack)).toEqual(before);
    });

    it("runs the first run again without making anybody twice", async () => {
      await stack.docker.getContainer("muster-e2e-mattermost-first-run").remove({ force: true, v: true });
      await stack.up();
      const { output } = await stack.run(["mmctl", stack.name, "user", "list"]);
      expect(output.match(/admin/g)).toHaveLength(2); // name and address of the one administrator
      expect((await stack.containers()).get("mattermost-first-run")?.Status).not.toContain("unhealthy");
    });
  });
}

/** Ids of all containers by name: what stays the same wasn't replaced. */
export async function ids(stack: Stack): Promise<Record<string, string>> {
  return Object.fromEntries([...(await stack.containers())].map(([name, { Id }]) => [name, Id]));
}

/** Names whose container is another one than before. */
export function replaced(before: Record<string, string>, after: Record<string, string>): string[] {
  return Object.keys(after)
    .filter((name) => before[name] !== after[name])
    .sort();
}
