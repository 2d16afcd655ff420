/** Credentials for coturn's REST shared secret (its option `use-auth-secret`). */
import { createHmac } from "node:crypto";
import { ProbeError } from "../error";

export interface TurnCredentials {
  readonly username: string;
  readonly credential: string;
}

/**
 * Credentials that end by themselves: the username is `expiry:user` (Unix seconds), the credential the base64
 * of HMAC-SHA1 over it with the shared secret ("A REST API For Access To TURN Services",
 * draft-uberti-behave-turn-rest-00). A negative `ttlSeconds` makes expired ones, to see them refused.
 * @param options.user any name, for coturn's log and its quota for each user; without one the username is the
 * expiry alone
 * @param options.ttlSeconds seconds from now; default 3600
 * @param options.now milliseconds since 1970; default the clock
 */
export function turnCredentials(
  secret: string,
  { user, ttlSeconds = 3600, now = Date.now() }: { user?: string; ttlSeconds?: number; now?: number } = {},
): TurnCredentials {
  if (secret === "")
    throw new ProbeError({
      what: "The TURN shared secret is empty.",
      where: "turnCredentials",
      allowed: "what coturn has as static-auth-secret",
      fix: "give the secret that the stack made",
    });
  const expiry = Math.floor(now / 1000) + ttlSeconds;
  const username = user === undefined ? String(expiry) : `${expiry}:${user}`;
  return { username, credential: createHmac("sha1", secret).update(username).digest("base64") };
}
