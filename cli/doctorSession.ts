/** Who makes the doctor's calls in chat. */
import { database } from "../components/services/postgres";
import { askChat, removePosts } from "../doctor/calls";
import { siteTrust } from "../doctor/names";
import { giveToken, type Inside, type Patient, runIn, siteAt, tokenVariable } from "../doctor/patient";
import { askJson, parseJson } from "../probe/net/http";

type Where = Inside & Pick<Patient, "trust" | "addressOf" | "secret">;

/** One session for all checks, made when it is first asked for; and its end, which leaves nothing behind. */
export function sessions(where: Where): Pick<Patient, "session" | "leave"> {
  let made: ReturnType<Patient["session"]> | undefined;
  // Clocks may differ by what the check of the clock allows.
  const since = Date.now() - 60_000;
  return {
    session: () => (made ??= sessionOf(where)),
    leave: async () => {
      const session = await made?.catch(() => undefined);
      if (session === undefined || "problem" in session) return;
      await removePosts(where, session, since);
      if (givenToken() !== undefined) return;
      // It ends by itself as well, later.
      await askChat(where, session.token, "POST", "/users/logout").catch(() => undefined);
    },
  };
}

const givenToken = (): string | undefined => {
  const token = process.env[tokenVariable] ?? "";
  return token === "" ? undefined : token;
};

/** Somebody's session: of the token that was given, else of the first administrator. */
async function sessionOf(where: Where): ReturnType<Patient["session"]> {
  const { topology, secret } = where;
  const given = givenToken();
  if (given !== undefined)
    return sessionFrom(
      where,
      given,
      `look whether ${tokenVariable} is a token of this server, and still holds`,
    );
  const { mfa, administrator } = topology.settings.chat;
  const { username } = administrator;
  const fix = giveToken(topology.stack);
  if (mfa === "enforced")
    return { problem: `muster:chat.mfa is enforced: ${username} may do nothing by a password alone`, fix };
  const why = await firstPasswordProblem(where, username);
  if (why !== undefined) return { problem: why, fix };
  const password = await secret("administrator-password");
  const url = new URL("/api/v4/users/login", siteAt(topology.settings, "chat").url);
  const answer = await askJson(url, {
    method: "POST",
    body: { login_id: username, password },
    trust: await siteTrust(where, "chat"),
    timeoutSeconds: 6,
  });
  if (!answer.ok)
    return { problem: `signing in as ${username}: ${answer.code ?? answer.outcome} ${answer.reason}`, fix };
  return sessionFrom(where, String(answer.headers["token"]), fix);
}

/** A token that isn't taken says nothing of the stack. */
async function sessionFrom(where: Where, token: string, fix: string): ReturnType<Patient["session"]> {
  try {
    const { id } = await askChat<{ id: string }>(where, token, "GET", "/users/me");
    return { token, userId: id };
  } catch (error) {
    return { problem: (error as Error).message, fix };
  }
}

/**
 * Why the first administrator's generated password isn't tried; `undefined` where it still holds. A wrong one counts,
 * and ten of them would lock the account. The database is asked, since chat tells nobody when a password was changed.
 */
async function firstPasswordProblem(where: Inside, username: string): Promise<string | undefined> {
  // What the settings allow in a user name needs no quoting.
  const query = `SELECT row_to_json(found) FROM (SELECT lastpasswordupdate - createat AS changed, failedattempts, mfaactive, authservice, deleteat FROM users WHERE username = '${username}') found`;
  const psql = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];
  try {
    const found = await runIn(where, "postgres", [
      ...[...psql, "-U", database.user, "-d", database.name],
      ...["-c", query],
    ]);
    return passwordProblem(found, username);
  } catch (error) {
    return `nobody knows whether ${username} has the first password: ${(error as Error).message.split("\n")[0] ?? ""}`;
  }
}

/** What the database says of an account. */
interface Account {
  /** Milliseconds from its making to its last password. */
  changed: number;
  failedattempts: number;
  mfaactive: boolean | null;
  authservice: string | null;
  deleteat: number;
}

/** Pure. @param found the account as JSON; nothing where there is none. */
export function passwordProblem(found: string, username: string): string | undefined {
  if (found.trim() === "") return `there is no account ${username}`;
  const user = (parseJson(found) ?? {}) as Partial<Account>;
  if ((user.deleteat ?? 0) > 0) return `the account ${username} is deactivated`;
  if ((user.authservice ?? "") !== "") return `${username} signs in by ${user.authservice ?? ""}`;
  if (user.mfaactive === true) return `${username} signs in with a second factor`;
  if (typeof user.changed !== "number" || typeof user.failedattempts !== "number")
    return `nobody knows whether ${username} has the first password`;
  if (Math.abs(user.changed) > 2000) return `${username} has a password of their own, as it should be`;
  return user.failedattempts > 0
    ? `somebody has lately tried a wrong password for ${username}: one more counts towards locking the account`
    : undefined;
}
