/** A real browser without a window, for the plan's page. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import puppeteer, { type Browser } from "puppeteer-core";

const names = ["chromium", "chromium-browser", "google-chrome"];

/** Where Chromium is: CHROMIUM_PATH, or one of its names on PATH; undefined where there is none. */
export function chromiumPath(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const given = environment["CHROMIUM_PATH"];
  if (given !== undefined && given !== "") return runs(given) ? given : undefined;
  const folders = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(runs);
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What the page's tests and its picture need and this machine lacks, in words. */
export const missingForPage = (): string[] =>
  chromiumPath() === undefined ? [`Chromium (CHROMIUM_PATH, or ${names.join(", ")} on PATH)`] : [];

/** @throws Error without Chromium. */
export function startBrowser(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error(`missing: ${missingForPage().join(", ")}`);
  // Chromium's sandbox refuses root; the page is our own.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return puppeteer.launch({ executablePath, args: [...args, "--disable-dev-shm-usage"] });
}
