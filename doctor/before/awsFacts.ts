/** What there is in an account at AWS, by questions alone. */
import { type AwsKey, KeyRefused, optionsOf, Questions } from "./awsApi";
import { type Open, type Place, readRegion, type RegionFacts } from "./awsRegion";

/** What the key may not do is left out, and its action is among `denied`. */
export interface AwsFacts {
  account: { id: string; arn: string } | undefined;
  /** All there are, also those that this account has not enabled. */
  regions: readonly Open[] | undefined;
  /** The stack's own; `undefined` where the account can't use it. */
  region: RegionFacts | undefined;
  denied: readonly string[];
}

/** Always enabled: it takes every key that is good, and knows all regions. */
const homeRegion = "us-east-1";

/**
 * Everything, in as few rounds as there are. The SDK is loaded here alone: no other verb waits for it.
 * @throws KeyRefused; Error where AWS can't be asked.
 */
export async function readAws(key: AwsKey, place: Place, timeoutMs = 8000): Promise<AwsFacts> {
  // It would complain about the Node version on every call.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  const sdk = {
    ec2: await import("@aws-sdk/client-ec2"),
    sts: await import("@aws-sdk/client-sts"),
    ssm: await import("@aws-sdk/client-ssm"),
    quotas: await import("@aws-sdk/client-service-quotas"),
  };
  const questions = new Questions(timeoutMs);
  const home = optionsOf(key, homeRegion);
  const there = optionsOf(key, place.region);
  const sts = new sdk.sts.STSClient(home);
  const everywhere = new sdk.ec2.EC2Client(home);
  const clients = {
    ec2: new sdk.ec2.EC2Client(there),
    ssm: new sdk.ssm.SSMClient(there),
    quotas: new sdk.quotas.ServiceQuotasClient(there),
  };
  try {
    // Of all services, this one says best what is wrong with a key.
    const own = await questions.read("sts:GetCallerIdentity", (by) =>
      sts.send(new sdk.sts.GetCallerIdentityCommand({}), by),
    );
    const all = await questions.read("ec2:DescribeRegions", (by) =>
      everywhere.send(new sdk.ec2.DescribeRegionsCommand({ AllRegions: true }), by),
    );
    const regions = all?.Regions?.map(({ RegionName = "", OptInStatus }) => ({
      name: RegionName,
      open: OptInStatus !== "not-opted-in",
    }));
    const isOpen = regions?.some(({ name, open }) => name === place.region && open) ?? true;
    const region = isOpen
      ? await readRegion({ sdk, clients, questions, place }).catch(unlessRefused)
      : undefined;
    return {
      account: own?.Account === undefined ? undefined : { id: own.Account, arn: own.Arn ?? "" },
      ...{ regions, region, denied: [...questions.denied].sort() },
    };
  } finally {
    for (const client of [sts, everywhere, ...Object.values(clients)]) client.destroy();
  }
}

/** The key is taken elsewhere: it is a region that isn't enabled that knows no key. */
function unlessRefused(error: unknown): undefined {
  if (!(error instanceof KeyRefused)) throw error;
}
