/** The policy pack itself; `index.js` starts it. */
import { resolve } from "node:path";
import { PolicyPack } from "@pulumi/policy";
import { readStackFile } from "../stacks/settings/file";
import { plannedTopology } from "../stacks/topology/load";
import { expectedOf } from "./expected";
import { policiesOf } from "./pack";

const projectDir = resolve(__dirname, "..");

/** @throws Error where nobody says which stack is judged: a pack that doesn't know would let all pass. */
function stackHere(): string {
  const { PULUMI_NODEJS_PROJECT: project, PULUMI_NODEJS_STACK: stack } = process.env;
  if (project === "muster" && stack !== undefined && stack !== "") return stack;
  throw new Error(
    [
      "The policy pack can't tell which stack it judges.",
      `  given:   project ${project ?? "missing"}, stack ${stack ?? "missing"}`,
      "  allowed: a stack of the project muster, as the engine names it",
      "  fix:     run it by our npm verbs, or by pulumi preview --policy-pack policy in this folder",
    ].join("\n"),
  );
}

// It looks for the version in the package.json of the folder that it runs in.
process.chdir(projectDir);
const stack = stackHere();
const expected = expectedOf(plannedTopology(projectDir, stack, readStackFile(projectDir, stack)));
new PolicyPack("muster", { enforcementLevel: "mandatory", policies: policiesOf(expected) });
