import fc from "fast-check";
import {
  fill,
  type Late,
  type PlainText,
  secret,
  secretsIn,
  text,
  type Text,
} from "../../components/services/text";

const late = fc.oneof<fc.Arbitrary<Late>[]>(
  fc.string().map((name) => secret(name)),
  fc.string().map((name) => secret(name, "json")),
  fc.string().map((name) => ({ publicAddressOf: name })),
);
const value = fc.oneof<fc.Arbitrary<string | number | Late>[]>(fc.string(), fc.integer(), late);
const show = (part: Late): string => JSON.stringify(part);

describe("text", () => {
  it("reads like the template it was written as, whatever stands in it", () => {
    fc.assert(
      fc.property(value, value, fc.string(), (first, second, literal) => {
        const inner = text`<${first}>`;
        const whole = text`${inner}${literal}-${second}`;
        const plain = (part: string | number | Late): string =>
          typeof part === "object" ? show(part) : String(part);
        expect(fill(whole, show)).toBe(`<${plain(first)}>${literal}-${plain(second)}`);
      }),
    );
  });

  it("is the same data however it was put together: neighbours join, empty ones vanish", () => {
    const database = secret("database");
    expect(text`a${"b"}${1}c${database}${""}`).toEqual({ parts: ["ab1c", { secret: "database" }] });
    expect(text`${text`a`}${text`b`}`).toEqual(text`ab`);
    expect(text``).toEqual({ parts: [] });
  });

  it("knows which secrets it carries", () => {
    expect(
      secretsIn(text`${secret("a")} and ${secret("b", "json")} at ${{ publicAddressOf: "main" }}`),
    ).toEqual(["a", "b"]);
    expect(secretsIn(text`nothing`)).toEqual([]);
  });

  it("says in its type whether it may carry a secret", () => {
    const address = { publicAddressOf: "main" } as const;
    const plain: PlainText = text`at ${address}, port ${8065}`;
    const nested: PlainText = text`${plain} again`;
    const any: Text = text`${secret("a")}`;
    // @ts-expect-error a text with a secret is no plain text
    const refused: PlainText = text`${secret("a")}`;
    // @ts-expect-error nor is one that holds such a text
    const nestedRefused: PlainText = text`${any}`;
    expect([plain, nested, refused, nestedRefused].map(({ parts }) => parts.length)).toEqual([3, 3, 1, 1]);
  });
});
