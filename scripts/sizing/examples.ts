/** Worked examples: people in, the cheapest shape at each provider out; and where one machine no longer serves. Pure. */
import { teamAccountLimit } from "../../stacks/settings/editions";
import { parseSettings } from "../../stacks/settings/parse";
import { errorsOf, type Topology, topologyOf } from "../../stacks/topology";
import { mostEmbedded } from "../../components/services/mattermost.calls";
import { sizes } from "../../stacks/topology/sizes";

export const providers = Object.keys(sizes) as (keyof typeof sizes)[];

export interface Example {
  title: string;
  people: { accounts: number; active: number; inCalls: number; inMeetings: number };
}

/** As `npm run init` reckons: six of ten accounts active, up to ten of them in a call and in meetings. */
const team = (accounts: number): Example["people"] => {
  const active = Math.ceil(0.6 * accounts);
  return { accounts, active, inCalls: Math.min(10, active), inMeetings: Math.min(10, active) };
};

/** All of whom half call and meet at once. */
const together = (people: number): Example["people"] => ({
  ...team(2 * people),
  inCalls: people,
  inMeetings: people,
});

export const examples: readonly Example[] = [
  ...[10, 50, 100].map((people) => ({
    title: `${people} people in calls`,
    people: together(people),
  })),
  ...[20, 1000, 2000, 15_000].map((accounts) => ({ title: `${accounts} accounts`, people: team(accounts) })),
];

/** A stack for these people: Muster chooses the machines. Larger groups need the enterprise edition and rtcd. */
export function stackFor(
  { people }: Pick<Example, "people">,
  provider: (typeof providers)[number],
  machines: "one" | "two" = "two",
): Topology {
  const media = people.inCalls > mostEmbedded;
  const enterprise = media || people.accounts > teamAccountLimit;
  const cloud =
    provider === "aws" ? { region: "eu-central-1", accessKeyId: "A".repeat(20) } : { region: "fra1" };
  const host = {
    provider,
    ...cloud,
    size: "auto",
    dataDiskGiB: 16_384,
    ...(machines === "two" ? { media: { size: "auto" } } : {}),
  };
  const values = {
    domain: "example.org",
    host,
    people,
    ...(enterprise ? { edition: "enterprise" } : {}),
    ...(media ? { calls: "rtcd" } : {}),
    backup: {
      target: {
        kind: "s3",
        endpoint: "https://s3.eu-central-1.amazonaws.com",
        bucket: "example",
        accessKeyId: "EXAMPLE",
      },
    },
  };
  const secrets = [
    "sshKey",
    "backupS3Secret",
    provider === "aws" ? "awsSecretAccessKey" : "digitaloceanToken",
  ];
  const parse = (dataDiskGiB: number): Topology =>
    topologyOf(
      "example",
      parseSettings({
        source: "example",
        values: { ...values, host: { ...host, dataDiskGiB } },
        encrypted: enterprise ? [...secrets, "licence"] : secrets,
      }),
    );
  const needed = parse(16_384).hosts.reduce((most, { demand }) => Math.max(most, demand.diskGiB), 10);
  return parse(Math.min(16_384, Math.ceil(needed / 10) * 10));
}

/** Whether the machines hold the people. */
export const holds = (topology: Topology): boolean => errorsOf(topology).length === 0;

/** The most people that so many machines hold, in whole steps. */
function most(
  peopleOf: (count: number) => Example["people"],
  step: number,
  provider: (typeof providers)[number],
  machines: "one" | "two",
): number {
  let [held, tooMany] = [0, 500];
  while (tooMany - held > 1) {
    const middle = Math.floor((held + tooMany) / 2);
    if (holds(stackFor({ people: peopleOf(middle * step) }, provider, machines))) held = middle;
    else tooMany = middle;
  }
  return held * step;
}

/** The most accounts of a team, to a hundred. */
export const mostAccounts = (provider: (typeof providers)[number], machines: "one" | "two"): number =>
  most(team, 100, provider, machines);

/** The most people in one call and one meeting, to ten. */
export const mostTogether = (provider: (typeof providers)[number], machines: "one" | "two"): number =>
  most(together, 10, provider, machines);
