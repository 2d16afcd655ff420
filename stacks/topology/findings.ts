/** What is wrong with a plan, and what is worth knowing before paying for it. */
import { isRolling } from "../../components/services/images";
import { editionProblems, entryMessageLimit } from "../settings/editions";
import type { Problem } from "../settings/problems";
import type { Finding, Topology } from "./types";
import { backupProblems, backupWarnings } from "./backup";
import { capacityNotes, capacityProblems, capacityWarnings } from "./capacity";
import { edgeProblems, missingEdgeSecrets } from "./edge/findings";
import { machineProblems, machineWarnings, missingMachineSecrets, unsaidSsh } from "./machine";
import { mediaProblems, mediaWarnings } from "./media";
import { monitoringProblems, monitoringWarnings } from "./monitoring";
import { portProblems } from "./ports";
import { missingRelaySecrets, relayTlsProblems, relayTlsSecretProblems, relayTlsWarnings } from "./relayTls";
import { stateProblems, stateWarnings } from "./state";
import { versionProblems } from "./upgrades";

type Plan = Omit<Topology, "findings">;

/** All findings, errors first. */
export function findingsOf(plan: Plan): Finding[] {
  const errors = [
    ...editionProblems(plan.settings, plan.secrets),
    ...peopleProblems(plan),
    ...edgeProblems(plan),
    ...secretProblems(plan),
    ...imageProblems(plan),
    ...portProblems(plan),
    ...mediaProblems(plan),
    ...relayTlsProblems(plan),
    ...relayTlsSecretProblems(plan),
    ...capacityProblems(plan),
    ...backupProblems(plan),
    ...monitoringProblems(plan),
    ...machineProblems(plan),
    ...stateProblems(plan),
  ];
  return inOrder([
    ...errors.map((problem) => ({ ...problem, severity: "error" as const })),
    ...warnings(plan).map((problem) => ({ ...problem, severity: "warning" as const })),
    ...notes(plan).map((problem) => ({ ...problem, severity: "note" as const })),
    ...versionProblems(
      plan.services.map(({ image }) => image),
      plan.settings.images.overrides,
    ),
  ]);
}

const severities = ["error", "warning", "note"] as const;

/** Errors first, then warnings, then notes; otherwise as they were. */
export const inOrder = (findings: readonly Finding[]): Finding[] =>
  severities.flatMap((wanted) => findings.filter(({ severity }) => severity === wanted));

function peopleProblems({ settings: { people } }: Plan): Problem[] {
  const parts = [
    ["active", people.active, "accounts", people.accounts],
    ["inCalls", people.inCalls, "active", people.active],
    ["inMeetings", people.inMeetings, "active", people.active],
    ["sharing", people.sharing, "inCalls", people.inCalls],
    ["cameras", people.cameras, "inMeetings", people.inMeetings],
  ] as const;
  return parts
    .filter(([, part, , whole]) => part > whole)
    .map(([key, part, wholeKey, whole]) => ({
      key: `muster:people.${key}`,
      problem: `more than people.${wholeKey}`,
      given: String(part),
      allowed: `at most people.${wholeKey}, which is ${whole}`,
      fix: `lower people.${key} or raise people.${wholeKey}`,
    }));
}

function secretProblems({ stack, settings: { mail }, secrets }: Plan): Problem[] {
  const problems: Problem[] = [];
  if (mail?.username !== undefined && !secrets.has("mailPassword"))
    problems.push({
      key: "muster:mailPassword",
      problem: "missing, but muster:mail.username is there",
      allowed: "an encrypted value",
      fix: `npm run secret -- ${stack} mailPassword, or remove mail.username`,
    });
  if (mail?.username === undefined && secrets.has("mailPassword"))
    problems.push({
      key: "muster:mailPassword",
      problem: "without muster:mail.username nobody uses it",
      fix: "set muster:mail.username, or remove the password",
    });
  return problems;
}

function imageProblems({ settings }: Plan): Problem[] {
  const overrides = Object.entries(settings.images.overrides)
    .filter(([name, reference]) => isRolling(reference, name))
    .map(([name, reference]) => ({
      key: `muster:images.overrides.${name}`,
      problem: "a rolling tag: it may move back to an older version and take the data with it",
      given: reference,
      allowed: "an exact version, better with @sha256:...",
      fix: "name the exact version",
    }));
  const ids = settings.chat.plugins.map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  return [
    ...overrides,
    ...twice.map((id) => ({
      key: "muster:chat.plugins",
      problem: "a plugin named twice",
      given: id,
      allowed: "one version of each plugin",
      fix: "remove one",
    })),
  ];
}

const warnings = (plan: Plan): Problem[] => [
  ...ownWarnings(plan),
  ...capacityWarnings(plan),
  ...mediaWarnings(plan),
  ...relayTlsWarnings(plan),
  ...backupWarnings(plan),
  ...monitoringWarnings(plan),
  ...machineWarnings(plan),
  ...stateWarnings(plan),
];

function ownWarnings({ stack, settings, offering, secrets }: Plan): Problem[] {
  const found: Problem[] = [];
  if (offering === "team" && secrets.has("licence"))
    found.push({
      key: "muster:licence",
      problem: "the Team Edition ignores a licence silently",
      given: "edition: team",
      fix: "nothing, or set muster:edition to enterprise",
    });
  if (offering === "entry")
    found.push({
      key: "muster:licence",
      problem: `the enterprise edition without a licence shows only the newest ${entryMessageLimit} messages`,
      fix: `npm run secret -- ${stack} licence, or set muster:edition to team`,
    });
  if (settings.mail === undefined)
    found.push({
      key: "muster:mail",
      problem: "no outgoing mail: invitations are links, and an administrator resets passwords",
      fix: "set muster:mail, or leave it so",
    });
  return found;
}

const notes = (plan: Plan): Problem[] => [
  ...capacityNotes(plan),
  ...missingMachineSecrets(plan),
  ...unsaidSsh(plan),
  ...missingEdgeSecrets(plan),
  ...missingRelaySecrets(plan),
];
