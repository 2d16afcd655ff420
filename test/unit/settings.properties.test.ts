import fc from "fast-check";
import { describeSettings } from "../../stacks/settings/describe";
import { parseSettings, type RawSettings } from "../../stacks/settings/parse";
import { SettingsError } from "../../stacks/settings/problems";
import { renamedKeys } from "../../stacks/settings/schema";
import { secretSettings } from "../../stacks/settings/secrets";
import { plainSettings } from "../helpers/arbitrary";

const raw = (values: Record<string, unknown>, encrypted: string[] = []): RawSettings => ({
  source: "Pulumi.test.yaml",
  values,
  encrypted,
});
const minimal = { domain: "example.org", host: { provider: "local" } };

function problemsOf(values: Record<string, unknown>, encrypted: string[] = []): SettingsError {
  try {
    parseSettings(raw(values, encrypted));
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error(`no error for ${JSON.stringify(values)}`);
}

/** Words that every JavaScript object knows: as a key, a careless look-up finds something under them. */
const inherited = fc.constantFrom("constructor", "toString", "__proto__", "hasOwnProperty", "valueOf");
const known = [...new Set(describeSettings().flatMap(({ key }) => key.split(".")))];
const keys = fc.oneof(fc.string(), inherited, fc.constantFrom(...known, ...Object.keys(renamedKeys)));
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.jsonValue({ maxDepth: 1 }),
    fc.dictionary(keys, tie("value"), { maxKeys: 4, noNullPrototype: true }),
    fc.array(tie("value"), { maxLength: 3 }),
  ),
})).value;

describe("parsing settings", () => {
  it("throws nothing but a SettingsError, whatever a file holds", () => {
    const values = fc.dictionary(keys, json, { maxKeys: 6, noNullPrototype: true });
    fc.assert(
      fc.property(values, fc.array(keys, { maxLength: 3 }), fc.boolean(), (own, encrypted, complete) => {
        try {
          parseSettings(raw(complete ? { ...minimal, ...own } : own, encrypted));
        } catch (error) {
          expect(error).toBeInstanceOf(SettingsError);
          expect((error as SettingsError).problems).not.toHaveLength(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("takes whatever the schema allows, and changes nothing when it parses its own result", () => {
    fc.assert(
      fc.property(plainSettings, (values) => {
        const { settings } = parseSettings(raw(values));
        expect(settings).toMatchObject(values);
        expect(parseSettings(raw({ ...settings })).settings).toEqual(settings);
      }),
      { numRuns: 80 },
    );
  });

  it("changes nothing in what it is given", () => {
    fc.assert(
      fc.property(plainSettings, (values) => {
        const before = structuredClone(values);
        parseSettings(raw(values));
        expect(values).toEqual(before);
      }),
      { numRuns: 20 },
    );
  });

  it("suggests the key that a typo meant, for every key and every single slip", () => {
    const letters = "abcdefghijklmnopqrstuvwxyzA1-";
    const settings = describeSettings();
    for (const { key, variant, variantKey } of settings) {
      const path = key.split(".");
      const name = path.at(-1) ?? "";
      const siblings = settings
        .map((other) => other.key.split("."))
        .filter((other) => other.slice(0, path.length - 1).join() === path.slice(0, -1).join())
        .map((other) => other[path.length - 1] ?? "");
      fc.assert(
        fc.property(
          fc.nat(name.length - 1),
          fc.constantFrom(..."+-=~"),
          fc.constantFrom(...letters),
          (at, edit, letter) => {
            const typo =
              {
                "+": name.slice(0, at) + letter + name.slice(at),
                "-": name.slice(0, at) + name.slice(at + 1),
                "=": name.slice(0, at) + letter + name.slice(at + 1),
                "~":
                  name.slice(0, at) +
                  name.slice(at + 1, at + 2) +
                  name.slice(at, at + 1) +
                  name.slice(at + 2),
              }[edit] ?? "";
            fc.pre(typo.toLowerCase() !== name.toLowerCase() && !siblings.includes(typo));
            fc.pre(!Object.hasOwn(renamedKeys, [...path.slice(0, -1), typo].join(".")));
            // Where a sibling is as near, either of the two is a fair guess.
            fc.pre(siblings.every((other) => other === name || !isOneEdit(typo, other)));
            const value = path
              .slice(0, -1)
              .reduceRight<Record<string, unknown>>(
                (inner, part, depth) =>
                  holding(part, inner, `${path.slice(0, depth + 1).join(".")}.`, { variant, variantKey }),
                { [typo]: 1 },
              );
            const found = problemsOf(value).problems.filter(({ problem }) => problem === "unknown key");
            expect(found.map(({ fix }) => fix)).toContain(`did you mean muster:${key.replace("[]", ".0")}?`);
          },
        ),
        { numRuns: 25 },
      );
    }
  });

  it("never shows a secret's value, however its key is written", () => {
    const value = "hunter2-hunter2";
    const names = [
      ...Object.keys(secretSettings),
      "license",
      "Licence",
      "licens",
      "mailPasword",
      "smtpPassword",
      "password",
      "mail_password",
      "apiToken",
    ];
    const places: ((name: string) => Record<string, unknown>)[] = [
      (name) => ({ [name]: value }),
      (name) => ({ [name]: { value } }),
      (name) => ({ [name]: [value] }),
      (name) => ({ mail: { host: "smtp.example.org", from: "a@example.org", [name]: value } }),
      (name) => ({ smtp: { server: "smtp.example.org", [name]: value } }),
      (name) => ({ chat: { plugins: [{ id: "a", [name]: value }] } }),
      (name) => ({ edge: [{ [name]: value }] }),
    ];
    for (const name of names)
      for (const place of places) {
        const { message } = problemsOf({ ...minimal, ...place(name) });
        expect([name, message.includes(value), message]).toEqual([name, false, message]);
      }
  });
});

/** A map with one more map in it, or in a list in it; with the variant of a host or an edge that it is for. */
const holding = (
  part: string,
  inner: Record<string, unknown>,
  prefix: string,
  { variant, variantKey }: { variant: string | undefined; variantKey: string | undefined },
) => {
  const chooser = variantKey?.startsWith(prefix) === true ? variantKey.slice(prefix.length) : undefined;
  const own = chooser === undefined || chooser.includes(".") ? inner : { [chooser]: variant, ...inner };
  return part.endsWith("[]") ? { [part.slice(0, -2)]: [own] } : { [part]: own };
};

/** Whether one letter added, removed or replaced makes one word of the other, in whatever case. */
function isOneEdit(from: string, to: string): boolean {
  const [a, b] = [from.toLowerCase(), to.toLowerCase()].sort((x, y) => x.length - y.length) as [
    string,
    string,
  ];
  if (b.length - a.length > 1) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return a.length === b.length ? a.slice(at + 1) === b.slice(at + 1) : a.slice(at) === b.slice(at + 1);
}
