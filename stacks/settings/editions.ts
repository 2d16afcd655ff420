/**
 * What each edition of Mattermost can do, as data. The server ignores silently what it may not do;
 * Muster refuses to ask for it instead.
 * Source: Mattermost's "Editions and offerings" and "Plans", server 11.7, and the Calls plugin's licence checks.
 */
import type { Problem } from "./problems";
import type { Settings } from "./schema";
import type { SecretSetting } from "./secrets";

/** Edition and licence together: `entry` is the enterprise image without a licence. */
export type Offering = "team" | "entry" | "licensed";

interface Feature {
  title: string;
  offerings: readonly Offering[];
  /** Whether these settings ask for it, and through which key. */
  askedBy?: { key: string; when: (settings: Settings) => boolean; given: (settings: Settings) => string };
  /** What to do without it. */
  alternatives: string;
}

/** Accounts that the Team Edition refuses to go beyond. */
export const teamAccountLimit = 250;
/** Messages that stay readable without a licence on the enterprise image. */
export const entryMessageLimit = 10_000;

export const features = {
  accountsAboveTeamLimit: {
    title: `more than ${teamAccountLimit} accounts`,
    offerings: ["entry", "licensed"],
    askedBy: {
      key: "people.accounts",
      when: ({ people }) => people.accounts > teamAccountLimit,
      given: ({ people }) => String(people.accounts),
    },
    alternatives: `at most ${teamAccountLimit} accounts, or edition: enterprise with muster:licence`,
  },
  mfaEnforcement: {
    title: "enforced multi-factor authentication",
    offerings: ["entry", "licensed"],
    askedBy: {
      key: "chat.mfa",
      when: ({ chat }) => chat.mfa === "enforced",
      given: () => "enforced",
    },
    alternatives: "chat.mfa: offered, or edition: enterprise",
  },
  guestAccounts: {
    title: "guest accounts",
    offerings: ["entry", "licensed"],
    askedBy: { key: "chat.guests", when: ({ chat }) => chat.guests, given: () => "true" },
    alternatives: "chat.guests: false with full accounts for guests, or edition: enterprise",
  },
  directCalls: {
    title: "calls between two people",
    offerings: ["team", "entry", "licensed"],
    alternatives: "meetings",
  },
  groupCalls: {
    title: "calls among more than two people",
    offerings: ["licensed"],
    alternatives: "meetings for groups",
  },
  rtcd: {
    title: "a media server of its own for calls (rtcd)",
    offerings: ["licensed"],
    askedBy: { key: "calls", when: ({ calls }) => calls === "rtcd", given: () => "rtcd" },
    alternatives:
      "npm run secret -- STACK licence with edition: enterprise; or calls: embedded, and meetings: jitsi for groups",
  },
  callRecording: {
    title: "recording and transcription of calls",
    offerings: ["licensed"],
    alternatives: "recording in meetings",
  },
  performanceMetrics: {
    title: "performance metrics of the chat server",
    offerings: ["entry", "licensed"],
    alternatives: "probes from outside",
  },
  highAvailability: {
    title: "several chat servers side by side",
    offerings: ["licensed"],
    alternatives: "one larger machine",
  },
} as const satisfies Record<string, Feature>;

/** Which offering the settings amount to. */
export function offeringOf(settings: Settings, secrets: ReadonlySet<SecretSetting>): Offering {
  if (settings.edition === "team") return "team";
  return secrets.has("licence") ? "licensed" : "entry";
}

/** Whether a setting asks for a feature that this offering's server would silently ignore. */
export function editionProblems(settings: Settings, secrets: ReadonlySet<SecretSetting>): Problem[] {
  const offering = offeringOf(settings, secrets);
  return Object.values<Feature>(features).flatMap(({ title, offerings, askedBy, alternatives }) =>
    askedBy === undefined || !askedBy.when(settings) || offerings.includes(offering)
      ? []
      : [
          {
            key: `muster:${askedBy.key}`,
            problem: `${title}: not in ${describeOffering(offering)}; the server would ignore it silently`,
            given: askedBy.given(settings),
            allowed: `with ${offerings.map(describeOffering).join(", or ")}`,
            fix: alternatives,
          },
        ],
  );
}

/** An offering in words. */
export function describeOffering(offering: Offering): string {
  const words: Record<Offering, string> = {
    team: "the Team Edition",
    entry: "the enterprise edition without a licence",
    licensed: "the enterprise edition with a licence",
  };
  return words[offering];
}
