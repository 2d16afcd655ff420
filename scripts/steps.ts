/**
 * Counts the steps of a guide: each command, each value that people type, and each form that they fill in at a
 * console. The guide says of what kind each is, so that nothing is done that isn't counted. Pure.
 */
export interface Step {
  kind: "command" | "value" | "form";
  /** The command, or what the value or form is. */
  text: string;
}

/** Fences whose lines are no commands of people's: what a command prints, and files as they end up. */
const shown = new Set(["text", "yaml"]);

/**
 * The steps, in order.
 * @throws Error where a block of code is of no known kind: it might hide a step.
 */
export function stepsIn(markdown: string): Step[] {
  const steps: Step[] = [];
  let fence: string | undefined;
  let continued = "";
  for (const line of markdown.split("\n")) {
    const [, opened] = /^\s*```(\w*)/.exec(line) ?? [];
    if (opened !== undefined) {
      fence = fence === undefined ? opened : undefined;
      if (fence !== undefined && fence !== "sh" && !shown.has(fence))
        throw new Error(`a block of code of the kind "${fence}": sh, text or yaml`);
    } else if (fence === "sh") {
      const command = continued + line.replace(/(^|\s)#.*$/, "").trim();
      continued = command.endsWith("\\") ? `${command.slice(0, -1).trimEnd()} ` : "";
      if (continued === "") steps.push(...commandsIn(command));
    } else if (fence === undefined) {
      for (const [, kind = "", text = ""] of line.matchAll(/<!-- (form|value): (.+?) -->/g))
        steps.push({ kind: kind as Step["kind"], text });
    }
  }
  return steps;
}

/** Commands that stand in one line are as many steps. */
const commandsIn = (line: string): Step[] =>
  line
    .split(/&&|\|\||;/)
    .map((text) => text.trim())
    .filter((text) => text !== "")
    .map((text) => ({ kind: "command", text }));
