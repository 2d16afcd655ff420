import fc from "fast-check";
import {
  fill,
  jsonText,
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

describe("JSON with late values", () => {
  const address = { publicAddressOf: "main" } as const;
  const read = (value: Text): unknown =>
    JSON.parse(fill(value, (late) => ("secret" in late ? JSON.stringify(`"${late.secret}"\n`) : "10.0.0.1")));

  it("is the same value again, with secrets and addresses in their places", () => {
    const value = {
      a: [1, true, 'q"\n'],
      b: text`turn:${address}:3478?"x"`,
      c: secret("s"),
      d: address,
      e: {},
      f: { containerIdOf: "caddy" },
    };
    expect(read(jsonText<Late>(value))).toEqual({
      a: [1, true, 'q"\n'],
      b: 'turn:10.0.0.1:3478?"x"',
      c: '"s"\n',
      d: "10.0.0.1",
      e: {},
      f: "10.0.0.1",
    });
  });

  it("is plain text where no secret is in it, and says so in its type", () => {
    const plain: PlainText = jsonText([text`at ${address}`, { b: 2 }]);
    expect(plain.parts).toEqual(['["at ', address, '",{"b":2}]']);
  });

  it("refuses a secret within a longer string, which nothing would escape", () => {
    expect(() => jsonText<Late>({ a: text`prefix ${secret("s")}` })).toThrow(/nothing would escape it/);
  });
});
