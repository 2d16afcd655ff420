import { expectedOf } from "../../policy/expected";
import { violations } from "../../policy/rules";
import { toGolden } from "../helpers/golden";
import { asPreviewed, expectGolden, readableJson } from "../helpers/goldenFile";
import type { RecordedResource } from "../helpers/graph";
import { hosts, recordEnvironment } from "../helpers/hosts";
import { stackTopology } from "../helpers/stacks";
import type { Topology } from "../../stacks/topology";

const mail = { host: "smtp.example.org", username: "muster", from: "chat@example.org" };

/** What no shipped stack has: everything that carries a secret, and data that nobody wants to keep. */
const cloud = [...hosts.digitalocean.secrets];
const proxied = [...cloud, "cloudflareToken"];
const variants: [string, Topology, string | undefined][] = [
  ["dev", stackTopology("dev", {}, cloud), "dev.json"],
  ["prod", stackTopology("prod", {}, [...proxied, "licence"]), "prod.json"],
  ["prod without its licence", stackTopology("prod", {}, proxied), undefined],
  ["prod with mail", stackTopology("prod", { mail }, [...proxied, "licence", "mailPassword"]), undefined],
  ["prod with a relay over TLS", stackTopology("prod", { turn: "tls" }, [...proxied, "dnsToken"]), undefined],
  ["dev without protection", stackTopology("dev", { protectData: false }, cloud), undefined],
  ["local with mail", stackTopology("local", { mail }, ["mailPassword"]), undefined],
];

describe.each(variants)("the graph of %s", (_name, topology, golden) => {
  let update: RecordedResource[];
  let preview: RecordedResource[];
  let leaks: string[];
  beforeAll(async () => {
    ({ resources: update, leaks } = await recordEnvironment(topology));
    ({ resources: preview } = await recordEnvironment(topology, true));
  }, 180_000);

  if (golden !== undefined)
    it("is the one in its golden file (npm run goldens rewrites it)", () => {
      expectGolden(golden, readableJson(toGolden(update)));
    });

  it("is the same in a preview, but for values that only an update can know", () => {
    const [previewed, updated] = [toGolden(preview), toGolden(update)];
    expect(previewed).toEqual(asPreviewed(updated, previewed));
  });

  it("breaks no rule, in a preview or in an update, and shows no secret in the clear", () => {
    const expected = expectedOf(topology);
    expect(violations({ resources: update, expected })).toEqual([]);
    expect(violations({ resources: preview, expected })).toEqual([]);
    expect(leaks).toEqual([]);
  });
});
