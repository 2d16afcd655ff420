import fc from "fast-check";
import { type Expression, longestExpression, render } from "../../stacks/topology/edge/expression";
import { hostileText } from "../helpers/arbitrary";
import { parseExpression } from "../helpers/cloudflare/expression";
import { matches, type Request } from "../helpers/rulesLanguage";

const texts = fc.oneof(
  hostileText,
  fc.constantFrom("/", "/a", "/ab", "DE", "T1", 'a"b', "a\\", '\\"', '" or "'),
);
const addresses = fc.ipV4();
const networks = fc.oneof(
  addresses,
  fc.tuple(addresses, fc.integer({ min: 0, max: 32 })).map(([base, prefix]) => `${base}/${prefix}`),
);
const textFields = fc.constantFrom(
  "http.host" as const,
  "http.request.uri.path" as const,
  "ip.src.country" as const,
);

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ field: textFields, in: fc.array(texts, { minLength: 1, maxLength: 4 }) }),
    fc.record({ field: textFields, startsWith: texts }),
    fc.record({
      field: fc.constant("ip.src" as const),
      inNetworks: fc.array(networks, { minLength: 1, maxLength: 4 }),
    }),
    fc.constant<Expression>({ flag: "cf.client.bot" }),
    fc.record({ not: tie("expression") }),
    fc.record({ any: fc.array(tie("expression"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ all: fc.array(tie("expression"), { minLength: 1, maxLength: 3 }) }),
  ),
}));

const requests: fc.Arbitrary<Request> = fc.record({
  "http.host": texts,
  "http.request.uri.path": texts,
  "ip.src.country": texts,
  "ip.src": addresses,
  "cf.client.bot": fc.boolean(),
});

const bits = (address: string): bigint =>
  address.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
function inNetwork(address: string, network: string): boolean {
  const [base = "", prefix = "32"] = network.split("/");
  const shift = BigInt(32 - Number(prefix));
  return bits(address) >> shift === bits(base) >> shift;
}

/** What an expression means, from its own structure. */
function means(one: Expression, request: Request): boolean {
  if ("any" in one) return one.any.some((part) => means(part, request));
  if ("all" in one) return one.all.every((part) => means(part, request));
  if ("not" in one) return !means(one.not, request);
  if ("flag" in one) return request[one.flag];
  if ("startsWith" in one) return request[one.field].startsWith(one.startsWith);
  if ("inNetworks" in one) return one.inNetworks.some((network) => inNetwork(request["ip.src"], network));
  return one.in.includes(request[one.field]);
}

/** A text of the expression itself, so that requests meet it. */
function textsIn(one: Expression): string[] {
  if ("any" in one) return one.any.flatMap(textsIn);
  if ("all" in one) return one.all.flatMap(textsIn);
  if ("not" in one) return textsIn(one.not);
  if ("in" in one) return [...one.in];
  return "startsWith" in one ? [one.startsWith, `${one.startsWith}more`] : [];
}

describe("a rule's expression", () => {
  it("means what it was built of, whatever texts are in it", () => {
    fc.assert(
      fc.property(expression, requests, fc.nat(), (one, request, index) => {
        const own = textsIn(one);
        const met = own[index % Math.max(own.length, 1)] ?? "";
        for (const asked of [
          request,
          { ...request, "http.host": met, "http.request.uri.path": met, "ip.src.country": met },
        ])
          expect(matches(render(one), asked)).toBe(means(one, asked));
      }),
      { numRuns: 500 },
    );
  });

  it("is taken by the double of Cloudflare, whose reader checks grammar and types", () => {
    fc.assert(
      fc.property(expression, (one) => {
        const text = render(one);
        if (text.length <= longestExpression) parseExpression(text);
      }),
      { numRuns: 200 },
    );
  });

  it("is refused where it would match nothing, or nobody can tell what", () => {
    expect(() => render({ field: "http.host", in: [] })).toThrow("an empty list");
    expect(() => render({ field: "ip.src", inNetworks: [] })).toThrow("an empty list");
    expect(() => render({ any: [] })).toThrow("nothing to join with or");
    expect(() => render({ all: [] })).toThrow("nothing to join with and");
  });

  it("writes lists as Cloudflare reads them: texts in quotes, networks bare", () => {
    expect(
      render({
        all: [
          { field: "http.host", in: ["a.example.org", "b.example.org"] },
          { not: { field: "ip.src", inNetworks: ["203.0.113.0/24", "198.51.100.7/32"] } },
          { any: [{ field: "http.request.uri.path", startsWith: "/x" }, { flag: "cf.client.bot" }] },
        ],
      }),
    ).toBe(
      '(http.host in {"a.example.org" "b.example.org"}) and (not (ip.src in {203.0.113.0/24 198.51.100.7/32})) and ((starts_with(http.request.uri.path, "/x")) or (cf.client.bot))',
    );
  });
});
