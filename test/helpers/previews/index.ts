/**
 * What the real engine has said in previews, without the values of resources: a stack at a double of DigitalOcean's API,
 * with `--show-sames` where nothing else is said.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** `same`: nothing changes. `generation`: a new machine. `region`: another one, which the engine refuses. `size`: a larger machine and disk, without `--show-sames`. `refreshed`, `drift`: with `--refresh --run-program`, as it should be, and after disk and firewall were deleted. */
export type PreviewName = "same" | "generation" | "region" | "size" | "refreshed" | "drift";

export const previewFile = (name: PreviewName): string => join(__dirname, `${name}.json`);
export const previewText = (name: PreviewName): string => readFileSync(previewFile(name), "utf8");
