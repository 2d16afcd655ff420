import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeRegionsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { cloudChecks } from "../../cli/doctorBefore.clouds";
import type { Outlook } from "../../cli/doctorOutlook";
import { placeSeen, refusedSeen, wantedOf } from "../../doctor/before/aws";
import { KeyRefused, optionsOf, Questions } from "../../doctor/before/awsApi";
import { readAws } from "../../doctor/before/awsFacts";
import { type Result, runChecks, type Seen } from "../../doctor/check";
import { startsAws } from "../helpers/aws/started";
import { remoteTopology } from "../helpers/hosts";

const start = startsAws();
const topology = remoteTopology("aws", { edge: { provider: "none" } });
const wanted = ((found) => {
  if (found === undefined) throw new Error("there is none");
  return found;
})(wantedOf(topology));

describe("AWS", () => {
  it("is asked with the stack's own key, and nothing of the person's", async () => {
    const dir = mkdtempSync(join(tmpdir(), "muster-aws-"));
    try {
      const config = join(dir, "config");
      writeFileSync(
        config,
        [
          "[default]",
          "endpoint_url = http://127.0.0.1:9",
          "use_fips_endpoint = true",
          "use_dualstack_endpoint = true",
          "max_attempts = 7",
          "retry_mode = adaptive",
        ].join("\n"),
      );
      Object.assign(process.env, {
        ...{ AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: config, AWS_REGION: "ap-south-1" },
        ...{ AWS_ACCESS_KEY_ID: "SOMEBODY", AWS_SECRET_ACCESS_KEY: "x", AWS_SESSION_TOKEN: "x" },
        AWS_ENDPOINT_URL_EC2: "http://127.0.0.1:9",
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
      });
      delete process.env["AWS_ENDPOINT_URL"];
      const asked: string[] = [];
      const options = optionsOf({ id: "AKIAOWN", secret: "x" }, "eu-central-1");
      const client = new EC2Client({
        ...options,
        requestHandler: {
          handle: ({ hostname, headers }: { hostname: string; headers: Record<string, string> }) => {
            asked.push(hostname, /Credential=\w+/.exec(headers["authorization"] ?? "")?.[0] ?? "");
            return Promise.reject(Object.assign(new Error("no way"), { code: "ECONNRESET" }));
          },
        } as never,
      });
      await expect(client.send(new DescribeRegionsCommand({}))).rejects.toThrow("no way");
      const once = ["ec2.eu-central-1.amazonaws.com", "Credential=AKIAOWN"];
      expect(asked).toEqual([...once, ...once]);
      expect(client.config.retryMode).toBe("standard");
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it("has a limit for each question: Node would warn of many at one", async () => {
    const questions = new Questions(1000);
    const limits: AbortSignal[] = [];
    for (const action of ["one", "other"])
      await questions.ask(action, ({ abortSignal }) => Promise.resolve(limits.push(abortSignal)));
    await questions.rehearse("third", ({ abortSignal }) => Promise.resolve(limits.push(abortSignal)));
    expect(new Set(limits).size).toBe(3);
  });

  it("refuses a wrong id and a wrong secret, each with what to do", async () => {
    const api = await start();
    const refused = async (key: { id?: string; secret?: string }): Promise<Seen> => {
      const error: unknown = await readAws({ ...api.key, ...key }, wanted).catch((thrown: unknown) => thrown);
      if (!(error instanceof KeyRefused)) throw new Error(String(error));
      return refusedSeen(error, { ...wanted, accessKeyId: key.id ?? api.key.id });
    };
    expect(await refused({ id: "AKIAOTHER" })).toMatchObject({
      ok: false,
      saw: "InvalidClientTokenId: The security token included in the request is invalid.",
      fix: expect.stringMatching(/^look whether AKIAOTHER is there and active: make another in IAM/),
    });
    expect(await refused({ id: "ASIAOTHER" })).toMatchObject({
      fix: expect.stringMatching(/^a key that begins with ASIA is for some hours, and isn't taken/),
    });
    expect(await refused({ secret: "another" })).toMatchObject({
      ok: false,
      saw: expect.stringMatching(/^SignatureDoesNotMatch: /),
      fix: expect.stringMatching(/clock.*npm run secret -- STACK awsSecretAccessKey/),
    });
    // Nothing else is asked.
    expect(new Set(api.calls)).toEqual(new Set(["us-east-1 sts:GetCallerIdentity"]));
  });

  it("is said not to answer where it doesn't, and tries a broken line again", async () => {
    const api = await start();
    api.broken = 1;
    expect(placeSeen(await readAws(api.key, wanted), wanted).ok).toBe(true);
    process.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9";
    await expect(readAws(api.key, wanted)).rejects.toThrow(
      /^AWS doesn't answer to sts:GetCallerIdentity: .*ECONNREFUSED/,
    );
    const silent = await start();
    silent.silent = true;
    await expect(readAws(silent.key, wanted, 300)).rejects.toThrow(
      "AWS doesn't answer to sts:GetCallerIdentity: nothing within 0.3 s",
    );
  });

  it("says an answer that nobody expects", async () => {
    const api = await start();
    api.account.page = 0;
    await expect(readAws(api.key, wanted)).rejects.toThrow(
      "AWS answers InternalFailure to ec2:DescribeInstances: no page",
    );
  });
});

describe("the checks of AWS", () => {
  /** By the checks' ids. */
  async function check(secret: string, resources: { type: string; id: string }[] = []) {
    const outlook: Outlook = {
      topology,
      backend: () => Promise.reject(new Error("not asked")),
      state: () =>
        Promise.resolve({ pendingOperations: 0, resources: resources.map((one) => ({ urn: "", ...one })) }),
      secret: (key) => Promise.resolve(key === "awsSecretAccessKey" ? secret : "another"),
      key: () => Promise.reject(new Error("not asked")),
    };
    const results = await runChecks(cloudChecks(outlook));
    return new Map<string, Result>(results.map((result) => [result.id.replace("aws.", ""), result]));
  }
  const outcomes = (results: Map<string, Result>) =>
    Object.fromEntries([...results].map(([id, { outcome }]) => [id, outcome]));

  it("ask once, and know the stack's own things", async () => {
    const api = await start();
    const others = [1, 2, 3, 4].map((n) => ({ id: `vpc-${n}`, tags: {} }));
    api.account.vpcs = [...others, { id: "vpc-5", tags: { muster: "test" } }];
    const well = await check(api.key.secret, [{ type: "aws:ec2/vpc:Vpc", id: "vpc-5" }]);
    const all = { account: "ok", rights: "ok", quotas: "ok", place: "ok", names: "ok" };
    expect(outcomes(well)).toEqual(all);
    expect(api.calls.filter((call) => call.endsWith(":GetCallerIdentity"))).toHaveLength(1);
    expect(outcomes(await check(api.key.secret))).toEqual({ ...all, quotas: "error", names: "error" });
  });

  it("say of a refused key what to do, and leave the rest", async () => {
    await start();
    const refused = await check("another");
    const [account] = refused.values();
    expect(account).toMatchObject({ outcome: "error", fix: expect.stringContaining("the secret isn't") });
    expect([...refused.values()].slice(1).map(({ saw }) => saw)).toEqual(
      Array(4).fill("because of: AWS's account and key"),
    );
  });

  it("say of AWS that it doesn't answer, and leave the rest", async () => {
    const api = await start();
    process.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9";
    const silent = await check(api.key.secret);
    expect(silent.get("account")).toMatchObject({
      outcome: "error",
      fix: expect.stringContaining("reaches"),
    });
    expect(silent.get("names")?.outcome).toBe("unchecked");
  });
});
