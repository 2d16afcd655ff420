/** The plan's page in a real browser. Needs Chromium, and no engine of any kind. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { source as axe } from "axe-core";
import type { Browser, Page } from "puppeteer-core";
import { planOf } from "../../stacks/plan";
import { pageOf } from "../../stacks/plan/page";
import { plans } from "../helpers/pagePlans";
import { stackTopology } from "../helpers/stacks";
import { missingForPage, startBrowser } from "./page/browser";

const missing = missingForPage();
const required = process.env["MUSTER_E2E"] === "require";

const pages = [
  ...plans,
  [
    "too many people",
    () =>
      planOf(
        stackTopology("prod", { people: { accounts: 15_000, active: 9_000, inCalls: 800, inMeetings: 800 } }),
      ),
  ],
  [
    "long names",
    () =>
      planOf(stackTopology("prod", { domain: `${"long-".repeat(11)}name.${"sub.".repeat(20)}example.org` })),
  ],
] as const;
const schemes = ["light", "dark"] as const;
/** A phone, a tablet on its side, a desk; in CSS pixels. */
const widths = [360, 800, 1280] as const;

if (missing.length > 0) {
  const without = `the plan's page in a browser: there is no ${missing.join(", no ")}`;
  if (required)
    it("has what it needs", () => {
      throw new Error(without);
    });
  else {
    console.warn(`SKIPPED: ${without}`);
    it.skip(`SKIPPED: ${without}`, () => undefined);
  }
} else {
  describe("the plan's page in Chromium", () => {
    const folder = mkdtempSync(join(tmpdir(), "muster-page-"));
    let browser: Browser;
    beforeAll(async () => {
      browser = await startBrowser();
    });
    afterAll(async () => {
      await browser.close();
      rmSync(folder, { recursive: true });
    });

    describe.each(pages)("of %s", (name, make) => {
      const file = join(folder, `${name}.html`);
      const address = pathToFileURL(file).href;
      const source = pageOf(make());
      let page: Page;
      const said: string[] = [];
      const requests: string[] = [];

      beforeAll(async () => {
        writeFileSync(file, source);
        page = await browser.newPage();
        page.on("console", (message) => said.push(message.text()));
        page.on("pageerror", (error) => said.push(String(error)));
        await page.setRequestInterception(true);
        page.on("request", (request) => {
          requests.push(request.url());
          (request.url() === address ? request.continue() : request.abort()).catch((error: unknown) =>
            said.push(String(error)),
          );
        });
        await page.goto(address, { waitUntil: "networkidle0" });
      });
      afterAll(() => page.close());

      it("asks nobody for anything, and has nothing to complain about", () => {
        expect(requests).toEqual([address]);
        expect(said).toEqual([]);
      });

      it("is put together as it is written", async () => {
        const [strict, lenient] = Object.values(await inside(page, "structure.cjs", source));
        expect(strict).toContain("main(");
        expect(lenient).toBe(strict);
      });

      it("tells a screen reader what is drawn", async () => {
        const tree = JSON.stringify(await page.accessibility.snapshot({ interestingOnly: false }));
        expect(tree).toContain(`Who reaches what in the stack `);
        expect(tree).toMatch(/(Everyone|This machine|Cloudflare) reaches /);
      });

      describe.each(widths)("at %d px", (width) => {
        it("scrolls no sideways, cuts no text, and lets nothing lie on anything else", async () => {
          await show(page, width, "light");
          const { boxes, smallestLetterPx, ...faults } = await inside(page, "inside.cjs");
          expect(boxes).toBeGreaterThan(3);
          expect(smallestLetterPx).toBeGreaterThan(9);
          expect(faults).toEqual({ overlaps: [], cut: [], pageScrollsSideways: false });
        });

        it.each(schemes)("has nothing that axe finds fault with, %s", async (scheme) => {
          await show(page, width, scheme);
          await page.evaluate(axe);
          const { violations } = (await page.evaluate("axe.run()")) as {
            violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
          };
          expect(
            violations.map(({ id, nodes }) => ({
              id,
              nodes: nodes.map(({ html, failureSummary }) => [html, failureSummary]),
            })),
          ).toEqual([]);
        });
      });

      it("fits on paper, dark on white also in the dark", async () => {
        await show(page, 794, "dark");
        await page.emulateMediaType("print");
        const { pageScrollsSideways, overlaps, cut } = await inside(page, "inside.cjs");
        const ground = await page.evaluate("getComputedStyle(document.body).backgroundColor");
        await page.emulateMediaType("screen");
        expect({ pageScrollsSideways, overlaps, cut, ground }).toEqual({
          pageScrollsSideways: false,
          overlaps: [],
          cut: [],
          ground: "rgb(255, 255, 255)",
        });
      });
    });
  });
}

async function show(page: Page, width: number, scheme: (typeof schemes)[number]): Promise<void> {
  await page.setViewport({ width, height: 800 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
}

/** Runs a script of ours within the page, which no policy of the page can stop. */
async function inside(page: Page, script: string, ...given: string[]): Promise<Record<string, unknown>> {
  const code = readFileSync(join(__dirname, "page", script), "utf8")
    .trim()
    .replace(/;$/, "");
  const call = given.length === 0 ? code : `(${code})(${given.map((one) => JSON.stringify(one)).join(", ")})`;
  return (await page.evaluate(call)) as Record<string, unknown>;
}
