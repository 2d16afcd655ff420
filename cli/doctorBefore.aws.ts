/** Before a first `up`: the account at AWS. */
import { knownIn } from "../doctor/before/account";
import {
  accountSeen,
  placeSeen,
  quotasSeen,
  refusedSeen,
  rightsSeen,
  tagsSeen,
  wantedOf,
} from "../doctor/before/aws";
import { KeyRefused } from "../doctor/before/awsApi";
import { readAws } from "../doctor/before/awsFacts";
import type { Check } from "../doctor/check";
import { once, type Outlook } from "./doctorOutlook";

export function awsChecks({ topology, secret, state }: Outlook): Check[] {
  const wanted = wantedOf(topology);
  if (wanted === undefined) return [];
  const facts = once(async () =>
    readAws({ id: wanted.accessKeyId, secret: await secret("awsSecretAccessKey") }, wanted),
  );
  const accountId = "aws.account";
  const shared = { group: "accounts", needs: [accountId] } as const;
  return [
    {
      id: accountId,
      group: "accounts",
      title: "AWS's account and key",
      means: "AWS takes no order from Muster",
      fix: "look whether this machine reaches AWS",
      needs: ["secret.awsSecretAccessKey"],
      run: async () => {
        try {
          return accountSeen(await facts());
        } catch (error) {
          if (!(error instanceof KeyRefused)) throw error;
          return refusedSeen(error, wanted);
        }
      },
    },
    {
      ...shared,
      id: "aws.rights",
      title: "rights of AWS's key",
      means: "an up breaks off in the middle",
      fix: "give the key's user the policies of docs/hosts.md",
      run: async () => rightsSeen(await facts()),
    },
    {
      ...shared,
      id: "aws.quotas",
      title: "quotas of AWS's account",
      means: "an up breaks off in the middle",
      fix: "ask for more in the console (Service Quotas)",
      run: async () => quotasSeen(await facts(), wanted, knownIn(await state())),
    },
    {
      ...shared,
      id: "aws.place",
      title: "region, zone, sizes and image at AWS",
      means: "the machine can't be made",
      fix: "choose others",
      run: async () => placeSeen(await facts(), wanted),
    },
    {
      ...shared,
      id: "aws.names",
      title: "things at AWS with the stack's name",
      means: "an up makes all of it a second time, with an empty disk, and both cost",
      fix: "see there",
      run: async () => tagsSeen(await facts(), wanted, knownIn(await state())),
    },
  ];
}
