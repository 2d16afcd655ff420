/** Before a first `up`: accounts at the clouds that this stack uses. */
import { createHash } from "node:crypto";
import { knownIn } from "../doctor/before/account";
import {
  accountSeen,
  limitsSeen,
  namesSeen,
  placeSeen,
  scopesSeen,
  type Wanted,
  wantedOf,
} from "../doctor/before/digitalocean";
import { type DigitaloceanFacts, readDigitalocean, TokenRefused } from "../doctor/before/digitaloceanFacts";
import { problemsSeen } from "../doctor/before/faults";
import type { Check, Seen } from "../doctor/check";
import { SettingsError } from "../stacks/settings/problems";
import { awsChecks } from "./doctorBefore.aws";
import { once, type Outlook } from "./doctorOutlook";

export function cloudChecks(outlook: Outlook): Check[] {
  const wanted = wantedOf(outlook.topology);
  return [
    ...(wanted === undefined ? [] : digitaloceanChecks(outlook, wanted)),
    ...awsChecks(outlook),
    ...zoneChecks(outlook),
    ...proofChecks(outlook),
  ];
}

/** The token for the relay's certificate: each DNS provider has another API. */
function proofChecks({ topology }: Outlook): Check[] {
  if (!topology.secrets.has("dnsToken")) return [];
  return [
    {
      id: "relay.dnsToken",
      group: "accounts",
      title: "token for the relay's certificate",
      means: "the relay has no certificate for TLS",
      fix: "docs/edge.md says what the token must be allowed to do",
      run: () =>
        Promise.resolve({
          ok: "unchecked",
          saw: "only a change of a DNS record shows whether it may change one",
          fix: "after the up: npm run logs -- STACK certificates",
        }),
    },
  ];
}

function digitaloceanChecks({ secret, state, key }: Outlook, wanted: Wanted): Check[] {
  const facts = once(async () => readDigitalocean(await secret("digitaloceanToken"), wanted.image));
  const accountId = "digitalocean.account";
  const shared = { group: "accounts", needs: [accountId] } as const;
  const of = (judge: (facts: DigitaloceanFacts) => Seen) => async (): Promise<Seen> => judge(await facts());
  return [
    {
      id: accountId,
      group: "accounts",
      title: "DigitalOcean's account and token",
      means: "DigitalOcean takes no order from Muster",
      fix: "look at the account in DigitalOcean's console",
      needs: ["secret.digitaloceanToken"],
      run: async () => {
        try {
          return accountSeen(await facts());
        } catch (error) {
          if (!(error instanceof TokenRefused)) throw error;
          return {
            ok: false,
            saw: error.message,
            fix: "make another token (API, Tokens), and store it: npm run secret -- STACK digitaloceanToken",
          };
        }
      },
    },
    {
      ...shared,
      id: "digitalocean.scopes",
      title: "rights of DigitalOcean's token",
      means: "an up breaks off in the middle",
      fix: "make a token with the scopes of docs/hosts.md",
      run: of(scopesSeen),
    },
    {
      ...shared,
      id: "digitalocean.limits",
      title: "limits of DigitalOcean's account",
      means: "an up breaks off in the middle",
      fix: "ask for more in the console",
      run: async () => limitsSeen(await facts(), wanted, knownIn(await state())),
    },
    {
      ...shared,
      id: "digitalocean.place",
      title: "region, sizes and image at DigitalOcean",
      means: "the machine can't be made",
      fix: "choose others",
      run: of((read) => placeSeen(read, wanted)),
    },
    {
      ...shared,
      id: "digitalocean.names",
      title: "names at DigitalOcean",
      means: "an up breaks off, or takes what is another's for its own",
      fix: "see there",
      run: async () => {
        const publicLine = await key("sshKey").then(
          (found) => found.publicLine,
          () => undefined,
        );
        const known = knownIn(await state());
        return namesSeen(await facts(), wanted, known, fingerprintOf(publicLine));
      },
    },
  ];
}

/** As DigitalOcean names an SSH key. */
const fingerprintOf = (publicLine: string | undefined): string | undefined =>
  publicLine === undefined
    ? undefined
    : createHash("md5")
        .update(Buffer.from(publicLine.split(" ")[1] ?? "", "base64"))
        .digest("hex")
        .replaceAll(/(..)(?!$)/g, "$1:");

/** All that an `up` asks of the zone itself. */
function zoneChecks({ topology, secret, state }: Outlook): Check[] {
  const { zone } = topology.edge;
  if (zone === undefined) return [];
  return [
    {
      id: "cloudflare.zone",
      group: "accounts",
      title: `zone ${zone.name} at Cloudflare, and its token`,
      means: "an up is refused",
      fix: "docs/edge.md says what the zone and the token need",
      needs: ["secret.cloudflareToken"],
      run: async () => {
        const known = async (): Promise<ReadonlySet<string>> =>
          new Set(
            ((await state())?.resources ?? [])
              .filter(({ type }) => type.startsWith("cloudflare:"))
              .flatMap(({ outputs }) => (typeof outputs?.["id"] === "string" ? [outputs["id"]] : [])),
          );
        const { openZone } = await import("../components/edge/zone.js");
        try {
          const { warnings } = await openZone(topology, await secret("cloudflareToken"), {
            known,
            timeoutMs: 8000,
          });
          return problemsSeen([], warnings, "there, with the rights, and nothing in the way");
        } catch (error) {
          if (error instanceof SettingsError) return problemsSeen(error.problems, [], "");
          throw error;
        }
      },
    },
  ];
}
