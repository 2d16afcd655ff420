import { createHash } from "node:crypto";
import { DOMParser, type Document, type Element } from "@xmldom/xmldom";
import fc from "fast-check";
import type { Plan } from "../../stacks/plan";
import { pageOf } from "../../stacks/plan/page";
import { graphOf } from "../../stacks/plan/page/graph";
import { amount, money } from "../../stacks/plan/page/words";
import { planSchema } from "../../stacks/plan/schema";
import { hostileText } from "../helpers/arbitrary";
import { plans, twoHosts } from "../helpers/pagePlans";

/** The page, read as strictly as XML is: whatever isn't closed, or not in its place, fails. */
function parsed(page: string): Document {
  const [doctype, ...rest] = page.split("\n");
  expect(doctype).toBe("<!doctype html>");
  return new DOMParser({
    onError: (_level, message) => {
      throw new Error(message);
    },
  }).parseFromString(rest.join("\n"), "text/xml");
}

const elements = (page: Document, name = "*"): Element[] => [...page.getElementsByTagName(name)];
const attributes = (page: Document): { element: string; name: string; value: string }[] =>
  elements(page).flatMap((element) =>
    [...element.attributes].map(({ name, value }) => ({ element: element.tagName, name, value })),
  );
const flat = (text: string | null): string => (text ?? "").replace(/\s+/g, " ").trim();

/** The rows of a table: the text of each of their cells. */
function rowsOf(page: Document, id: string): string[][] {
  const table = page.getElementById(id)?.parentNode as Element | null | undefined;
  const body = table?.getElementsByTagName("tbody").item(0);
  return [...(body?.getElementsByTagName("tr") ?? [])].map((row) =>
    [...row.childNodes].map((cell) => flat(cell.textContent)),
  );
}

describe.each(plans)("the page of %s", (_name, make) => {
  const plan = make();
  const text = pageOf(plan);
  const page = parsed(text);

  it("has a row for all that is open, connected, recorded, paid for, found", () => {
    const titleOf = (name: string | null): string =>
      plan.services.find((service) => service.name === name)?.title ?? "the machine itself";
    expect(rowsOf(page, "services-table")).toEqual(
      plan.services.map(({ title, name, host, memoryMiB, cpus, diskGiB, egressMbps, trafficGB, image }) => [
        `${title} ${name}`,
        host,
        `${amount(memoryMiB)} MiB`,
        amount(cpus),
        `${amount(diskGiB)} GiB`,
        `${amount(egressMbps)} Mbit/s`,
        `${amount(trafficGB)} GB`,
        image,
      ]),
    );
    expect(rowsOf(page, "doors-table")).toEqual(
      plan.doors.map(({ port, lastPort, protocol, from, service, host, exposure, why }) => [
        `${port}${port === lastPort ? "" : `-${lastPort}`} ${protocol}`,
        from,
        titleOf(service),
        host,
        exposure,
        why,
      ]),
    );
    expect(rowsOf(page, "links-table")).toEqual(
      plan.links.map(({ from, to, port, protocol, why }) => [
        titleOf(from),
        titleOf(to),
        `${port} ${protocol}`,
        why,
      ]),
    );
    expect(rowsOf(page, "sites-table")).toEqual(
      plan.sites.map(({ name, address, service }) => [name, address, titleOf(service)]),
    );
    expect(
      rowsOf(page, "records-table").map(([name, type, value, , why]) => [name, type, value, why]),
    ).toEqual(plan.records.map(({ name, type, value, why }) => [name, type, value, why]));
    expect(rowsOf(page, "rules-table")).toEqual(
      (plan.zone?.rules ?? []).map(({ name, what, action, phase, expression }) => [
        name,
        what,
        action,
        phase,
        expression,
      ]),
    );
    expect(rowsOf(page, "settings-table")).toEqual(Object.entries(plan.zone?.settings ?? {}));
    expect(rowsOf(page, "cost-table")).toEqual(
      plan.cost.parts.map(({ what, kind, host, monthly }) => [
        what,
        kind,
        host ?? "all",
        monthly === null ? "unknown" : money(monthly),
      ]),
    );
    expect(rowsOf(page, "findings-table")).toEqual(
      plan.findings.map(({ key, severity, problem, given, allowed, fix }) => [
        key,
        severity,
        problem,
        flat(given ?? ""),
        allowed ?? "",
        fix,
      ]),
    );
  });

  it("shows all other texts and numbers of the plan too", () => {
    const shown = flat(page.documentElement?.textContent ?? "");
    // Codes that are words on the page, and what concerns programs alone.
    const { schemaVersion, edition, cost, services, ...rest } = plan;
    void [schemaVersion, edition];
    const volumes = services.flatMap((service) =>
      service.volumes.map(({ name, why }) => `${name} ${why}`.split(" ")),
    );
    const missing = leaves({
      rest,
      volumes,
      asOf: cost.asOf,
      sum: cost.monthly === null ? "unknown" : money(cost.monthly),
    }).filter((leaf) => ![leaf, amount(Number(leaf))].some((form) => shown.includes(flat(form))));
    expect(missing).toEqual([]);
  });

  it("says errors and warnings before all else, and leads to each", () => {
    const urgent = plan.findings.filter(({ severity }) => severity !== "note");
    const [first] = elements(page, "section");
    expect(first?.getAttribute("id")).toBe("alerts");
    const links = [...(first?.getElementsByTagName("a") ?? [])];
    expect(links.map((link) => flat(link.textContent))).toEqual(urgent.map(({ key }) => key));
    for (const link of links) {
      const row = page.getElementById(link.getAttribute("href")?.slice(1) ?? "");
      expect(flat(row?.firstChild?.textContent ?? "")).toBe(flat(link.textContent));
    }
  });

  it("draws each service, each open port and each link, and says the same in words", () => {
    const { boxes, arrows } = graphOf(plan);
    const words = flat(page.getElementById("picture-words")?.textContent ?? "");
    const drawn = new Set(
      attributes(page)
        .filter(({ name }) => name === "data-box")
        .map(({ value }) => value),
    );
    expect(drawn).toEqual(
      new Set([...boxes.map(({ id }) => id), ...plan.hosts.map(({ name }) => `host ${name}`)]),
    );
    for (const { title } of plan.services) expect(words).toContain(title);
    const ends = (from: string, to: string, protocol: string, port: number): number =>
      arrows.filter(
        (arrow) =>
          arrow.from === from &&
          arrow.to === to &&
          arrow.ports.some((one) => one.port === port && one.protocol === protocol),
      ).length;
    for (const { from, service, host, port, protocol } of plan.doors.filter(
      (door) => door.from !== "other hosts",
    ))
      expect(
        ends(`from ${from}`, service === null ? `machine ${host}` : `service ${service}`, protocol, port),
      ).toBe(1);
    for (const { from, to, port, protocol } of plan.links)
      expect(ends(`service ${from}`, `service ${to}`, protocol, port)).toBe(1);
    for (const arrow of arrows) for (const { port } of arrow.ports) expect(words).toContain(String(port));
    expect(
      elements(page, "path").filter((path) => path.getAttribute("marker-end") !== null).length,
    ).toBeGreaterThanOrEqual(arrows.length);
  });

  it("needs nothing from anywhere, and lets nothing run", () => {
    const [style, ...others] = elements(page, "style");
    expect(others).toEqual([]);
    expect(
      ["script", "link", "img", "iframe", "object", "base", "form"].flatMap((name) => elements(page, name)),
    ).toEqual([]);
    expect(style?.textContent).not.toMatch(/url\(|@import/);
    for (const { name, value } of attributes(page)) {
      expect(name).not.toMatch(/^(on|style$|src)/);
      if (["href", "marker-end"].includes(name)) expect(value).toMatch(/^(#[\w-]+|url\(#[\w-]+\))$/);
    }
    const policy = elements(page, "meta").find(
      (meta) => meta.getAttribute("http-equiv") === "Content-Security-Policy",
    );
    const hash = createHash("sha256")
      .update(style?.textContent ?? "")
      .digest("base64");
    expect(policy?.getAttribute("content")).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
    );
  });

  it("has one heading of the page, no level left out, ids only once, and names for all tables", () => {
    const levels = elements(page).flatMap(
      ({ tagName }) => /^h([1-6])$/.exec(tagName)?.slice(1).map(Number) ?? [],
    );
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    levels.forEach((level, index) => expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1));
    const ids = attributes(page)
      .filter(({ name }) => name === "id")
      .map(({ value }) => value);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = attributes(page).flatMap(({ name, value }) =>
      name === "href"
        ? [value.slice(1)]
        : /^aria-(labelledby|describedby)$/.test(name)
          ? value.split(" ")
          : [],
    );
    expect(targets.filter((target) => !ids.includes(target))).toEqual([]);
    for (const table of elements(page, "table")) {
      expect(flat(table.firstChild?.textContent ?? "")).not.toBe("");
      for (const head of table.getElementsByTagName("th"))
        expect(head.getAttribute("scope")).toMatch(/^(row|col)$/);
    }
  });

  it("is the same each time", () => {
    expect(pageOf(JSON.parse(JSON.stringify(plan)) as Plan)).toBe(text);
  });
});

/** All texts and numbers in a document. */
function leaves(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [String(Math.abs(value))];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(leaves);
}

const markup = fc.constantFrom(
  "<script>alert(1)</script>",
  "</style><script>alert(1)</script>",
  "</title></desc></svg>",
  "\"><img src=x onerror='alert(1)'>",
  "' onload='alert(1)",
  "<!-- ",
  "]]>",
  "&lt;b&gt; &amp; &#60;",
  "javascript:alert(1)",
);
// XML, by which we read the page strictly, has no such letters; HTML has.
const unreadable = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;
const hostile = fc.oneof(markup, hostileText).map((text) => text.replace(unreadable, ""));

/** The same document with each text that settings can reach replaced. */
function replaced(value: unknown, text: () => string, key = ""): unknown {
  const fixed = [
    "edition",
    "provider",
    "exposure",
    "protocol",
    "backup",
    "type",
    "plan",
    "kind",
    "severity",
    "currency",
    "address",
    "roles",
  ];
  if (fixed.includes(key)) return value;
  if (typeof value === "string") return text();
  if (Array.isArray(value)) return value.map((item) => replaced(item, text, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replaced(item, text, name)]));
}

it("shows hostile text as text", () => {
  const plan = twoHosts();
  const names = elements(parsed(pageOf(plan))).map(({ tagName }) => tagName);
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 20 }), (texts) => {
      let index = 0;
      const bad = planSchema.parse(replaced(plan, () => texts[index++ % texts.length] ?? ""));
      const page = parsed(pageOf(bad));
      const used = new Set(elements(page).map(({ tagName }) => tagName));
      expect([...used].filter((name) => !names.includes(name))).toEqual([]);
      expect(attributes(page).filter(({ name }) => /^(on|style$|src)/.test(name))).toEqual([]);
      expect(rowsOf(page, "findings-table").map(([key]) => key)).toEqual(
        bad.findings.map(({ key }) => flat(key)),
      );
    }),
    { numRuns: 25 },
  );
});
