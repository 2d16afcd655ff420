/** What stands before a stack: its DNS records, and the rules and settings of its zone. Pure. */
import type { Plan } from "../schema";
import { type Change, changesOf, key, pairs, plain } from "./change";

type DnsRecord = Plan["records"][number];
type Zone = NonNullable<Plan["zone"]>;
type Rule = Zone["rules"][number];

/** Records by what they say; where a name has one record of a type on either side, it has changed. */
export function recordChanges(base: Plan, head: Plan): Change[] {
  const nameOf = ({ name, type }: DnsRecord): string => key(name, type);
  const single = new Set(
    [...base.records, ...head.records]
      .map(nameOf)
      .filter((name) =>
        [base.records, head.records].every((all) => all.filter((one) => nameOf(one) === name).length === 1),
      ),
  );
  const keyOf = (record: DnsRecord): string =>
    single.has(nameOf(record)) ? nameOf(record) : key(record.name, record.type, record.value);
  return pairs(base.records, head.records, keyOf).flatMap(([before, after]) => {
    const { name, type } = after ?? before ?? { name: "", type: "" };
    const [old, now] = [before, after].map((record) => (record === undefined ? null : valueOf(record)));
    if (old === now) return [];
    // The machine's own address was hidden, and isn't any more.
    const shows = before?.proxied === true && after?.proxied === false;
    const hides = before?.proxied === false && after?.proxied === true;
    return [
      { ...plain("records", `${type} ${name}`, old ?? null, now ?? null), opens: shows, closes: hides },
    ];
  });
}

const valueOf = ({ value, proxied }: DnsRecord): string =>
  `${value}${proxied === null ? "" : proxied ? ", behind Cloudflare's proxy" : ", not behind a proxy"}`;

/** The zone itself, its rules with their order, its settings. */
export function zoneChanges({ zone: base }: Plan, { zone: head }: Plan): Change[] {
  const [old, now] = [base?.rules ?? [], head?.rules ?? []];
  return [
    ...changesOf(
      "zone",
      pairs(listOf(base), listOf(head), ({ name }) => name),
      {
        name: ({ name }) => `zone ${name}`,
        whole: ({ plan }) => `on the ${plan} plan`,
        facts: ({ plan, owner }) => ({ plan, "its rules": owner ? "held by this stack" : "held by another" }),
      },
    ),
    ...pairs(old, now, ruleKey).flatMap(([before, after]) => ruleChanges(before, after)),
    ...orderChanges(old, now),
    ...changesOf(
      "zone",
      pairs(settingsOf(base), settingsOf(head), ([name]) => name),
      {
        name: ([name]) => `setting ${name}`,
        whole: ([, value]) => value,
        facts: ([, value]) => ({ value }),
      },
    ),
  ];
}

const listOf = (zone: Plan["zone"]): Zone[] => (zone === null ? [] : [zone]);
const settingsOf = (zone: Plan["zone"]): [string, string][] => Object.entries(zone?.settings ?? {});
const ruleKey = ({ phase, name }: Rule): string => key(phase, name);
const ruleName = ({ phase, name }: Rule): string => `rule ${name} in ${phase}`;

/** What keeps requests out. */
const stops = (action: string | undefined): boolean =>
  action === "block" || action?.includes("challenge") === true;

function ruleChanges(before: Rule | undefined, after: Rule | undefined): Change[] {
  const changes = changesOf("zone", [[before, after]], {
    name: ruleName,
    whole: ({ action, what, expression }) => `${action}: ${what}, where ${expression}`,
    facts: ({ action, what, expression }) => ({ action, purpose: what, expression }),
  });
  const [did, does] = [stops(before?.action), stops(after?.action)];
  return changes.map((change) => ({ ...change, opens: did && !does, closes: does && !did }));
}

/** The first rule that fits decides: their order counts, of those that were there before. */
function orderChanges(old: readonly Rule[], now: readonly Rule[]): Change[] {
  const phases = [...new Set(now.map(({ phase }) => phase))];
  return phases.flatMap((phase) => {
    const names = (rules: readonly Rule[], others: readonly Rule[]): string =>
      rules
        .filter((rule) => rule.phase === phase && others.some((other) => ruleKey(other) === ruleKey(rule)))
        .map(({ name }) => name)
        .join(", ");
    const [before, after] = [names(old, now), names(now, old)];
    return before === after ? [] : [plain("zone", `order of the rules in ${phase}`, before, after)];
  });
}
