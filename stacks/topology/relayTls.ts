/** What keeps the relay from getting its certificate, found before anything is built. */
import { dnsProofOf } from "../../components/services/certificates";
import { relaysOverTls } from "../../components/services/coturn.tls";
import { isLocalDomain, mediaName } from "../../components/services/tls";
import type { Problem } from "../settings/problems";
import type { Settings } from "../settings/schema";
import type { Topology } from "./types";

type Plan = Pick<Topology, "stack" | "settings" | "secrets">;

export function relayTlsProblems(plan: Plan): Problem[] {
  return relaysOverTls(plan.settings) ? proofProblems(plan.settings) : unusedSettings(plan.settings);
}

function proofProblems(settings: Settings): Problem[] {
  const problems: Problem[] = [];
  if (isLocalDomain(settings.domain))
    problems.push({
      key: "muster:turn",
      problem: "no authority certifies a local name, and nobody else would find the relay by it",
      given: `tls for ${mediaName(settings)}`,
      allowed: "on, off",
      fix: "set muster:turn to on, or set a public muster:domain",
    });
  if (dnsProofOf(settings) === undefined)
    problems.push({
      key: "muster:edge.dns",
      problem: "missing: the relay's certificate is proven by a DNS record, and nobody could make it",
      given: "turn: tls with edge.provider: none",
      allowed: "a provider of https://go-acme.github.io/lego/dns/, with its variables",
      fix: "set muster:edge.dns, or muster:turn to on",
    });
  return problems;
}

function unusedSettings({ edge, turn }: Settings): Problem[] {
  if (edge.provider !== "none" || edge.dns === undefined) return [];
  return [
    {
      key: "muster:edge.dns",
      problem: "without a relay over TLS nobody uses it",
      given: `${edge.dns.provider}, with turn: ${turn}`,
      fix: "set muster:turn to tls (calls or meetings must be on), or remove muster:edge.dns",
    },
  ];
}

/** Whether the relay's certificate is proven with `muster:dnsToken`. */
const needsToken = (settings: Settings): boolean =>
  relaysOverTls(settings) && dnsProofOf(settings)?.tokenVariable !== undefined;

export function relayTlsSecretProblems({ settings, secrets }: Plan): Problem[] {
  if (!secrets.has("dnsToken") || needsToken(settings)) return [];
  const untaken = relaysOverTls(settings) && dnsProofOf(settings) !== undefined;
  return [
    {
      key: "muster:dnsToken",
      problem: untaken
        ? "without muster:edge.dns.tokenVariable nobody uses it"
        : "without a relay over TLS nobody uses it",
      fix: untaken
        ? "set muster:edge.dns.tokenVariable to lego's variable for it, or remove the secret"
        : "set muster:turn to tls, or remove the secret",
    },
  ];
}

/** Secrets without which the relay gets no certificate; a plan needs none of them. */
export function missingRelaySecrets({ stack, settings, secrets }: Plan): Problem[] {
  if (!needsToken(settings) || secrets.has("dnsToken")) return [];
  const { edge } = settings;
  const rights =
    edge.provider === "cloudflare"
      ? `; at Cloudflare, one with Zone.Zone Read and Zone.DNS Edit on ${edge.zone} alone`
      : "";
  return [
    {
      key: "muster:dnsToken",
      problem: "an up needs it: muster:turn is tls",
      allowed: "an encrypted value",
      fix: `npm run secret -- ${stack} dnsToken${rights}`,
    },
  ];
}

/** What lego's variables are called that hold a secret. */
const secretVariable = /(TOKEN|SECRET|PASSWORD|PASSWD|_KEY)$/;

export function relayTlsWarnings({ settings }: Plan): Problem[] {
  const { variables = {} } = relaysOverTls(settings) ? (dnsProofOf(settings) ?? {}) : {};
  return Object.keys(variables)
    .filter((name) => secretVariable.test(name))
    .map((name) => ({
      key: `muster:edge.dns.variables.${name}`,
      problem: "it looks like a secret, which stands here for everyone to read",
      allowed: "what is no secret",
      fix: `set muster:edge.dns.tokenVariable to ${name}, and store its value as muster:dnsToken`,
    }));
}
