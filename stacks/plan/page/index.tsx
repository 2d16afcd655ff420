/** The plan as one page that needs nothing else: no script, no other file, no network. Pure. */
import { createHash } from "node:crypto";
import type { VNode } from "preact";
import { render } from "preact-render-to-string";
import type { Plan } from "../schema";
import { Carries, Machines } from "./capacity";
import { Drawing } from "./drawing";
import { graphOf } from "./graph";
import { laidOut } from "./layout";
import { styleOf } from "./style";
import { Section } from "./table";
import { Addresses, Cost, Doors, Findings, Services, Zone } from "./tables";
import { Alerts, Top } from "./top";

/**
 * One HTML page with everything that a plan says: a drawing of who reaches what, and tables. The same plan gives the
 * same page.
 */
export function pageOf(plan: Plan): string {
  const graph = graphOf(plan);
  const drawn = laidOut(
    graph,
    plan.hosts.map(({ name }) => name),
  );
  const style = styleOf(drawn.width);
  return `<!doctype html>\n${render(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={policyFor(style)} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>{`Plan of the stack ${plan.stack}`}</title>
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>
        <Top plan={plan} />
        <Contents plan={plan} />
        <main>
          <Alerts plan={plan} />
          <Section id="drawing" title="Who reaches what">
            <Drawing plan={plan} graph={graph} drawn={drawn} />
          </Section>
          <Section id="machines" title="Machines and headroom">
            <Machines plan={plan} />
          </Section>
          <Section id="people" title="How many people it carries">
            <Carries plan={plan} />
          </Section>
          <Cost plan={plan} />
          <Services plan={plan} />
          <Doors plan={plan} />
          <Addresses plan={plan} />
          <Zone plan={plan} />
          <Findings plan={plan} />
        </main>
        <footer>
          <p>Made by Muster from the settings of the stack alone; nothing has been looked up or changed.</p>
        </footer>
      </body>
    </html>,
  )}\n`;
}

/** Nothing may load or run, whatever a setting says; only this very style counts. */
const policyFor = (style: string): string =>
  [
    "default-src 'none'",
    `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

const Contents = ({ plan: { zone } }: { plan: Plan }): VNode => (
  <nav aria-label="Contents">
    <ul>
      {[
        ["drawing", "Drawing"],
        ["machines", "Machines"],
        ["people", "People"],
        ["cost", "Cost"],
        ["services", "Services"],
        ["doors", "Ports"],
        ["addresses", "DNS"],
        ...(zone === null ? [] : [["zone", "Zone"]]),
        ["findings", "Findings"],
      ].map(([id = "", title]) => (
        <li>
          <a href={`#${id}`}>{title}</a>
        </li>
      ))}
    </ul>
  </nav>
);
