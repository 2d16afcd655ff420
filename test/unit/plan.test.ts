import { portNumbers } from "../../stacks/topology/exposure";
import { execFile } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { describePlan } from "../../cli/planText";
import { planOf as documentOf } from "../../stacks/plan";
import { standIn } from "../helpers/service";
import { localTopology, projectDir, shippedStacks, stackTopology } from "../helpers/stacks";
import { topologyOf } from "../../stacks/topology";

const planOf = (...args: Parameters<typeof stackTopology>): string =>
  stripVTControlCharacters(describePlan(documentOf(stackTopology(...args))));

/** A verb in a process of its own, without a terminal, as on a machine that runs CI. */
function muster(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, CI: "true" };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--import", "tsx", "cli/main.ts", ...args],
      { cwd: projectDir, env },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}

describe("the text of a plan", () => {
  it.each(shippedStacks)("%s: names every service, host, open port, address and finding", (stack) => {
    const topology = stackTopology(stack);
    const text = planOf(stack);
    for (const { service, image, needs } of topology.services)
      expect(text).toMatch(
        new RegExp(
          `^  ${service.title} +main +${image.reference} +${needs.memoryMiB} MiB +${needs.cpus} +${needs.diskGiB} GiB +${needs.trafficGB} GB$`,
          "m",
        ),
      );
    for (const opening of topology.openings)
      expect(text).toMatch(
        new RegExp(`^  ${portNumbers(opening)} +${opening.from} +${opening.service} `, "m"),
      );
    for (const { place, demand, capacity } of topology.hosts) {
      expect(text).toMatch(new RegExp(`^  main +${place} +everything$`, "m"));
      for (const [what, needed] of [
        ["memory", `${demand.memoryMiB} MiB`],
        ["CPUs", String(demand.cpus)],
        ["disk", `${demand.diskGiB} GiB`],
        ["traffic", `${demand.trafficGB} GB a month`],
      ])
        expect(text).toMatch(new RegExp(`^  main +${what} +${needed}( |$)`, "m"));
      expect(text.includes("checked at start")).toBe(capacity === undefined);
    }
    for (const { what, monthlyUsd } of topology.cost.parts)
      expect(text).toMatch(
        new RegExp(`${what.replace(/[()]/g, ".")} +\\$${(monthlyUsd ?? 0).toFixed(2)}$`, "m"),
      );
    expect(text).toContain(`https://chat.${topology.settings.domain}`);
    expect(topology.findings).not.toHaveLength(0);
    for (const { severity, key, problem, fix } of topology.findings) {
      expect(text).toContain(`  ${severity} ${key}: ${problem}`);
      expect(text).toContain(`    fix:     ${fix}`);
    }
  });

  it("says how full a machine is, and leaves to the start what only the machine can tell", () => {
    const host = { provider: "digitalocean", region: "fra1", size: "s-2vcpu-4gb" };
    const [demand] = stackTopology("dev", { host }).hosts.map(({ demand: { memoryMiB } }) => memoryMiB);
    expect(planOf("dev", { host })).toMatch(
      new RegExp(
        ` ${demand ?? ""} MiB +4096 MiB +█{10}░{10} +${Math.round((1 - (demand ?? 0) / 4096) * 100)} %$`,
        "m",
      ),
    );
    expect(planOf("local")).toContain("checked at start");
  });

  it("shows what was given and what is allowed with an error", () => {
    const text = planOf("local", { people: { accounts: 1, active: 2 } });
    expect(text).toContain(
      "  error muster:people.active: more than people.accounts\n    given:   2\n    allowed: at most people.accounts, which is 1\n    fix: ",
    );
  });

  it("says so where nothing is open and nothing is wrong", () => {
    const { settings } = localTopology({ mail: { host: "h", from: "a@b.org" } });
    const text = stripVTControlCharacters(
      describePlan(
        documentOf(topologyOf("t", { settings, secrets: new Set() }, { catalogue: [standIn("a")] })),
      ),
    );
    expect(text).toContain("Open to whom\n  nothing");
    expect(text).toContain("Findings\n  nothing is wrong");
  });
});

describe("npm run plan", () => {
  it("prints the plan without colours where there is no terminal", async () => {
    const { code, stdout, stderr } = await muster("plan", "local");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Stack local for");
    expect(stdout).not.toContain("\u001b");
  }, 30_000);

  it("ends with an error and the nearest stack where there is no such stack", async () => {
    const { code, stdout, stderr } = await muster("plan", "prd");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("did you mean prod?");
    expect(stderr).not.toContain("    at ");
  }, 30_000);
});
