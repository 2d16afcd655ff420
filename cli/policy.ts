/** The stack as its policy pack judges it, before anything is changed: docs/policy.md. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "./errors";
import { projectDir } from "./project";
import { capturePulumi } from "./pulumi";

/** Whatever decides what the program asks for and what is asked of it, below the project's folder. */
const deciding = /^(index\.ts|package-lock\.json|tsconfig.*\.json|Pulumi\..*yaml|components|stacks|policy)$/;

/** What tells a program with its settings from any other, the settings of its neighbours among them. */
export function programDigest(dir: string, stack: string): string {
  const hash = createHash("sha256").update(`${stack}\0${process.version}\0`);
  const names = readdirSync(dir).filter((name) => deciding.test(name));
  const files = names.flatMap((name) =>
    name.includes(".")
      ? [name]
      : readdirSync(join(dir, name), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1)),
  );
  for (const file of files.sort()) {
    const text = readFileSync(join(dir, file));
    hash.update(`${file}\0${text.length}\0`).update(text);
  }
  return hash.digest("hex");
}

/** What the engine says of violations and errors, without the list of resources. */
export function verdictIn(output: string): string {
  const lines = output.split("\n");
  const first = lines.findIndex((line) => /^(Policies|Diagnostics):/.test(line));
  if (first === -1) return output.trim();
  const after = lines.findIndex((line, index) => index > first && /^(Resources|Outputs):/.test(line));
  return lines
    .slice(first, after === -1 ? undefined : after)
    .join("\n")
    .trim();
}

/**
 * A preview, for its policies alone: `up --skip-preview` would judge what looks at several resources only once all are
 * made. The very same program with the same settings isn't judged twice.
 * @throws UserError with what is wrong, and how to mend it.
 */
export async function requirePolicies(stack: string, dir = projectDir): Promise<void> {
  const note = join(dir, ".muster", "judged", stack);
  const digest = programDigest(dir, stack);
  if (existsSync(note) && readFileSync(note, "utf8") === digest) return;
  const { code, stdout, stderr } = await capturePulumi(stack, [
    "preview",
    "-s",
    stack,
    "--non-interactive",
    "--suppress-outputs",
    "--suppress-progress",
    "--color=never",
  ]);
  if (code !== 0)
    throw new UserError(
      [
        ...[verdictIn(stdout), stderr.trim()].filter((text) => text !== ""),
        "",
        `The stack ${stack} isn't brought up: see above, and docs/policy.md for the policies. Nothing was changed.`,
      ].join("\n"),
    );
  mkdirSync(dirname(note), { recursive: true, mode: 0o700 });
  writeFileSync(note, digest);
}
