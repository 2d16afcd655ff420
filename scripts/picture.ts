/**
 * `npm run picture`: the plan's page of the shipped stack prod as the README shows it: how it begins, with the drawing
 * next, so without the list of contents and the warnings, which its figures count. Needs Chromium. Letters look a
 * little different from one machine to another: no check compares the picture, so look at it.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { planOf } from "../stacks/plan";
import { pageOf } from "../stacks/plan/page";
import { startBrowser } from "../test/e2e/page/browser";
import { projectDir, stackTopology } from "../test/helpers/stacks";

const stack = "prod";
const widthPx = 1200;
const marginPx = 24;
/** It is fetched by everyone who opens the README. */
const mostBytes = 150 * 1024;
const file = join(projectDir, "docs", "plan.png");

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "muster-picture-"));
  const page = join(folder, "plan.html");
  writeFileSync(page, pageOf(planOf(stackTopology(stack))));
  const browser = await startBrowser();
  try {
    const tab = await browser.newPage();
    await tab.setViewport({ width: widthPx, height: 800 });
    await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
    await tab.goto(pathToFileURL(page).href);
    await tab.evaluate("for (const part of document.querySelectorAll('nav, #alerts')) part.hidden = true");
    const end = (await tab.evaluate(
      "document.querySelector('figcaption').getBoundingClientRect().bottom",
    )) as number;
    const clip = { x: 0, y: 0, width: widthPx, height: Math.ceil(end) + marginPx };
    writeFileSync(file, await tab.screenshot({ clip, captureBeyondViewport: true, optimizeForSpeed: false }));
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
  const { size } = statSync(file);
  console.log(`${file}: ${Math.round(size / 1024)} KiB`);
  if (size > mostBytes) throw new Error(`${file} has ${size} bytes; at most ${mostBytes}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
