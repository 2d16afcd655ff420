import {
  destroyingRules,
  expiryOf,
  hasExpiry,
  mergedExpiry,
  mergedPolicy,
  namedPrincipals,
  samePolicy,
  statementsOf,
} from "../../cli/bucket.policy";

interface Statement {
  Sid: string;
  Effect: string;
  Principal: { AWS: string[] };
  Action: string[];
  Resource: string[];
}
const policyOf = (principals: Parameters<typeof statementsOf>[2]): string =>
  mergedPolicy("{}", "prod", statementsOf("team-backups", "prod", principals));
const fits = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`).test(text);

/** What a server makes of a policy: a refusal wins, and what nothing allows is refused. */
function may(policy: string, who: string, action: string, path = ""): boolean {
  const resource = `arn:aws:s3:::team-backups${path}`;
  const { Statement: statements } = JSON.parse(policy) as { Statement: Statement[] };
  const hits = statements.filter(
    ({ Principal, Action, Resource }) =>
      Principal.AWS.includes(who) &&
      Action.some((pattern) => fits(pattern, `s3:${action}`)) &&
      Resource.some((pattern) => fits(pattern, resource)),
  );
  return hits.length > 0 && hits.every(({ Effect }) => Effect === "Allow");
}

const restic = ["config", "data/ab/abcd", "index/abcd", "keys/abcd", "snapshots/abcd"];

describe("the host's key", () => {
  const policy = policyOf({ host: "HOST" });

  it.each([...restic, "locks/abcd"])("reads and writes %s", (path) => {
    expect(may(policy, "HOST", "GetObject", `/prod/${path}`)).toBe(true);
    expect(may(policy, "HOST", "PutObject", `/prod/${path}`)).toBe(true);
  });

  it("lists, and removes its locks", () => {
    expect(may(policy, "HOST", "ListBucket")).toBe(true);
    expect(may(policy, "HOST", "DeleteObject", "/prod/locks/abcd")).toBe(true);
  });

  it.each(restic)("doesn't delete %s, also where its own rights let it", (path) => {
    const generous = JSON.parse(policy) as { Statement: Statement[] };
    generous.Statement.push({
      Sid: "Generous",
      Effect: "Allow",
      Principal: { AWS: ["HOST"] },
      Action: ["s3:*"],
      Resource: ["arn:aws:s3:::team-backups", "arn:aws:s3:::team-backups/*"],
    });
    const text = JSON.stringify(generous);
    expect(may(text, "HOST", "PutObject", `/prod/${path}`)).toBe(true);
    expect(may(text, "HOST", "DeleteObject", `/prod/${path}`)).toBe(false);
    expect(may(text, "HOST", "DeleteObjectVersion", `/prod/${path}`)).toBe(false);
    expect(may(text, "HOST", "BypassGovernanceRetention", `/prod/${path}`)).toBe(false);
    for (const action of [
      "PutBucketPolicy",
      "PutLifecycleConfiguration",
      "PutBucketVersioning",
      "DeleteBucket",
    ])
      expect(may(text, "HOST", action)).toBe(false);
  });

  it("reaches no other stack's folder, nor one whose name begins the same", () => {
    for (const path of ["/dev/data/abcd", "/production/data/abcd", "/abcd"])
      expect(may(policy, "HOST", "GetObject", path)).toBe(false);
  });
});

describe("other keys", () => {
  it("prunes by name, and removes no version", () => {
    const policy = policyOf({ host: "HOST", prune: "PRUNE" });
    expect(may(policy, "PRUNE", "DeleteObject", "/prod/data/ab/abcd")).toBe(true);
    expect(may(policy, "PRUNE", "DeleteObjectVersion", "/prod/data/ab/abcd")).toBe(false);
    expect(may(policyOf({ host: "HOST" }), "PRUNE", "GetObject", "/prod/config")).toBe(false);
  });

  it("lets the operator stay in, where a policy shuts out all others", () => {
    expect(may(policyOf({ host: "HOST", operator: "ME" }), "ME", "PutBucketPolicy")).toBe(true);
  });
});

describe("a policy", () => {
  const others = { Sid: "Audit", Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:x" };

  it("keeps what others have put there, and other stacks' statements", () => {
    const before = mergedPolicy(
      JSON.stringify({ Version: "2012-10-17", Statement: [others] }),
      "dev",
      statementsOf("team-backups", "dev", { host: "DEV" }),
    );
    const after = mergedPolicy(before, "prod", statementsOf("team-backups", "prod", { host: "HOST" }));
    const { Statement: statements } = JSON.parse(after) as { Statement: Statement[] };
    expect(statements).toContainEqual(others);
    expect(
      may(
        after.replace(
          JSON.stringify(others),
          JSON.stringify({ ...others, Principal: { AWS: [] }, Action: [], Resource: [] }),
        ),
        "DEV",
        "PutObject",
        "/dev/data/a",
      ),
    ).toBe(true);
    expect(mergedPolicy(after, "prod", statementsOf("team-backups", "prod", { host: "HOST" }))).toBe(after);
  });

  it("has names that AWS takes: letters and digits, each once", () => {
    const names = statementsOf("b", "a/b-c", { host: "H", prune: "P", operator: "O" }).map(({ Sid }) => Sid);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9]+$/);
  });

  it("is the same in another order, and with a plain text for a list of one", () => {
    const one = policyOf({ host: "HOST" });
    const parsed = JSON.parse(one) as { Version: string; Statement: Statement[] };
    const reordered = parsed.Statement.map(({ Principal, Action, ...rest }) => ({
      Action: [...Action].reverse(),
      Principal: { AWS: Principal.AWS[0] },
      ...rest,
    })).reverse();
    expect(samePolicy(one, JSON.stringify({ Id: "x", Version: parsed.Version, Statement: reordered }))).toBe(
      true,
    );
    expect(samePolicy(one, policyOf({ host: "OTHER" }))).toBe(false);
    expect(samePolicy(one, "{}")).toBe(false);
  });

  it("says whom it names", () => {
    const policy = policyOf({ host: "HOST", prune: "PRUNE", operator: "ME" });
    expect(namedPrincipals(policy, "prod")).toEqual({ host: "HOST", prune: "PRUNE", operator: "ME" });
    expect(namedPrincipals(policy, "dev")).toEqual({});
    expect(namedPrincipals("{}", "prod")).toEqual({});
  });
});

describe("what the storage removes", () => {
  const own = expiryOf("prod", 30);

  it("is old versions, later than the lock ends, and never a backup itself", () => {
    expect(own.NoncurrentVersionExpiration?.NoncurrentDays).toBe(33);
    expect(own.Expiration?.Days).toBeUndefined();
    expect(own.Filter?.Prefix).toBe("prod/");
  });

  it("replaces the stack's own rule alone", () => {
    const other = { ID: "other", Status: "Enabled" } as const;
    expect(mergedExpiry([expiryOf("prod", 7), other], own)).toEqual([other, own]);
  });

  it.each([
    ["it is there", own, true],
    ["it says less, on a storage that can't do more", expiryOf("prod", 30, true), true],
    ["it is off", { ...own, Status: "Disabled" } as const, false],
    ["its days are others", expiryOf("prod", 31), false],
    ["it is another folder's", { ...own, Filter: { Prefix: "dev/" } }, false],
    ["it removes backups too", { ...own, Expiration: { Days: 9 } }, false],
  ])("is known: %s", (_, rule, known) => {
    expect(hasExpiry([rule], own)).toBe(known);
  });

  it.each([
    ["the whole bucket", { Filter: { Prefix: "" } }, true],
    ["no filter", {}, true],
    ["a part of the folder", { Filter: { Prefix: "prod/data/" } }, true],
    ["another folder", { Filter: { Prefix: "logs/" } }, false],
  ])("is a danger from others: days for %s", (_, filter, danger) => {
    const rule = { ID: "tidy", Status: "Enabled", Expiration: { Days: 30 }, ...filter } as const;
    expect(destroyingRules([rule], "prod")).toEqual(danger ? ["tidy"] : []);
    expect(destroyingRules([{ ...rule, Status: "Disabled" }], "prod")).toEqual([]);
  });

  it("is no danger where it removes marks and old versions alone", () => {
    expect(destroyingRules([own], "prod")).toEqual([]);
  });
});
