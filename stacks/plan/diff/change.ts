/** What differs between two plans, one thing at a time. */

/** What a change is about, in the order in which people read about it. */
export const topics = {
  ports: "Ports",
  data: "Data",
  machines: "Machines",
  services: "Services",
  links: "Who talks to whom",
  sites: "Sites",
  records: "DNS records",
  zone: "Zone at Cloudflare",
  people: "People",
  cost: "Cost",
  findings: "Findings",
} as const;
export type Topic = keyof typeof topics;

export interface Change {
  topic: Topic;
  /** What it is about, for people. */
  subject: string;
  /** What it was; null where it wasn't there. */
  before: string | null;
  /** What it is; null where it isn't there any more. */
  after: string | null;
  /** Somebody reaches, or does, what they couldn't before. */
  opens: boolean;
  /** Somebody doesn't any more. */
  closes: boolean;
}

/** A change that opens and closes nothing. */
export const plain = (
  topic: Topic,
  subject: string,
  before: string | null,
  after: string | null,
): Change => ({
  topic,
  subject,
  before,
  after,
  opens: false,
  closes: false,
});

/** One thing in two lists: in either of them, or in both. */
export type Pair<T> = readonly [before: T | undefined, after: T | undefined];

/** The things of two lists side by side; several of one key by their order. */
export function pairs<T>(before: readonly T[], after: readonly T[], keyOf: (one: T) => string): Pair<T>[] {
  const [old, now] = [numbered(before, keyOf), numbered(after, keyOf)];
  return [...new Set([...now.keys(), ...old.keys()])].map((key) => [old.get(key), now.get(key)]);
}

function numbered<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T> {
  const seen = new Map<string, number>();
  return new Map(
    all.map((one) => {
      const key = keyOf(one);
      const count = seen.get(key) ?? 0;
      seen.set(key, count + 1);
      return [JSON.stringify([key, count]), one];
    }),
  );
}

/** A key of several parts. */
export const key = (...parts: (string | number | null)[]): string => JSON.stringify(parts);

/** What a thing says about itself, part by part; null for what can't be told. */
export type Facts = Readonly<Record<string, string | null>>;

/** Changes of things that come, go, or say something else about themselves. */
export function changesOf<T>(
  topic: Topic,
  all: readonly Pair<T>[],
  { name, whole, facts }: { name: (one: T) => string; whole: (one: T) => string; facts: (one: T) => Facts },
): Change[] {
  return all.flatMap(([before, after]) => {
    if (before === undefined || after === undefined) {
      const one = before ?? after;
      if (one === undefined) return [];
      const text = whole(one);
      return [plain(topic, name(one), before === undefined ? null : text, after === undefined ? null : text)];
    }
    const [old, now] = [facts(before), facts(after)];
    return Object.keys({ ...old, ...now })
      .filter((fact) => old[fact] !== now[fact])
      .map((fact) =>
        plain(topic, `${name(after)}, ${fact}`, old[fact] ?? "not known", now[fact] ?? "not known"),
      );
  });
}
