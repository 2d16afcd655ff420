/** Whether a secret that could be read is what it should be; its value is never shown. Pure. */
import { type SecretSetting, secretValueProblem } from "../../stacks/settings/secrets";
import type { Seen } from "../check";

const signatureBytes = 256;
const dayMs = 24 * 3600 * 1000;
/** A renewal of a licence takes people some weeks. */
const soonDays = 30;

/** @param now of the licence, which ends one day. */
export function secretSeen(key: SecretSetting, value: string, now: Date): Seen {
  const allowed = secretValueProblem(key, value);
  if (allowed !== undefined) return { ok: false, saw: `readable, but not what it should be: ${allowed}` };
  return key === "licence" ? licenceSeen(value, now) : { ok: true, saw: "readable" };
}

interface Licence {
  starts_at?: unknown;
  expires_at?: unknown;
}

/** A licence is JSON with a signature behind it, in base64; whether the signature holds is the server's to say. */
export function licenceSeen(text: string, now: Date): Seen {
  const licence = licenceIn(text);
  const { starts_at: starts, expires_at: ends } = licence ?? {};
  if (typeof starts !== "number" || typeof ends !== "number")
    return {
      ok: false,
      saw: "readable, but no licence of Mattermost's",
      fix: "store the licence file's whole text: npm run secret -- STACK licence < FILE",
    };
  const left = ends - now.getTime();
  const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
  if (starts > now.getTime()) return { ok: false, saw: `it begins on ${day(starts)}` };
  if (left <= 0) return { ok: false, saw: `it ended on ${day(ends)}` };
  const saw = `until ${day(ends)}`;
  return left > soonDays * dayMs ? { ok: true, saw } : { ok: false, severity: "warning", saw };
}

function licenceIn(text: string): Licence | undefined {
  const bytes = Buffer.from(text.trim(), "base64");
  try {
    return JSON.parse(bytes.subarray(0, -signatureBytes).toString("utf8")) as Licence;
  } catch {
    return undefined;
  }
}
