/** Who makes the doctor's calls in chat. */
import type Docker from "dockerode";
import { execute } from "../components/host/engine";
import { containerName } from "../components/platform/names";
import { askChat } from "../doctor/calls";
import { type Patient, siteAt } from "../doctor/patient";
import { askJson } from "../probe/net/http";
import type { Topology } from "../stacks/topology";
import { mainHost } from "../stacks/topology/hosts";

/** A session's token in the environment, for those who have changed the first password. */
const tokenVariable = "MUSTER_DOCTOR_TOKEN";

type Where = Pick<Patient, "topology" | "engines" | "trust" | "secret">;

/** One session for all checks, made when it is first asked for; and its end, where the doctor has made it. */
export function sessions(where: Where): Pick<Patient, "session" | "leave"> {
  let made: ReturnType<Patient["session"]> | undefined;
  return {
    session: () => (made ??= sessionOf(where)),
    leave: async () => {
      const session = await made?.catch(() => undefined);
      if (session === undefined || "problem" in session || givenToken() !== undefined) return;
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
  const { topology, engines, trust, secret } = where;
  const given = givenToken();
  if (given !== undefined) return sessionFrom(where, given);
  const { username } = topology.settings.chat.administrator;
  const why = await firstPasswordProblem(topology, engines, username);
  const fix = `give a token of somebody's, from Mattermost's profile: ${tokenVariable}=... npm run doctor -- ${topology.stack}`;
  if (why !== undefined) return { problem: why, fix };
  const password = await secret("administrator-password");
  const url = new URL("/api/v4/users/login", siteAt(topology.settings, "chat").url);
  const answer = await askJson(url, {
    method: "POST",
    body: { login_id: username, password },
    trust,
    timeoutSeconds: 6,
  });
  if (!answer.ok)
    return { problem: `signing in as ${username}: ${answer.code ?? answer.outcome} ${answer.reason}`, fix };
  return sessionFrom(where, String(answer.headers["token"]));
}

/** A token that isn't taken says nothing of the stack. */
async function sessionFrom(where: Where, token: string): ReturnType<Patient["session"]> {
  try {
    const { id } = await askChat<{ id: string }>(where, token, "GET", "/users/me");
    return { token, userId: id };
  } catch (error) {
    return {
      problem: (error as Error).message,
      fix: `look whether ${tokenVariable} is a token of this server`,
    };
  }
}

/**
 * Why the first administrator's generated password isn't tried; `undefined` where it still holds. A wrong one counts,
 * and ten of them would lock the account.
 */
async function firstPasswordProblem(
  { stack }: Topology,
  engines: ReadonlyMap<string, Docker>,
  username: string,
): Promise<string | undefined> {
  const docker = engines.get(mainHost);
  if (docker === undefined) return "the machine can't be reached";
  const command = ["/mattermost/bin/mmctl", "--local", "user", "search", username, "--json"];
  const { code, output } = await execute(docker, containerName(stack, "mattermost"), command);
  if (code !== 0) return output.trim().split("\n")[0];
  return passwordProblem(JSON.parse(output), username);
}

interface Account {
  create_at?: number;
  last_password_update?: number;
  mfa_active?: boolean;
  auth_service?: string;
  delete_at?: number;
}

/** Pure. @param found what `mmctl user search --json` prints: one, or a list. */
export function passwordProblem(found: unknown, username: string): string | undefined {
  const [user] = [found].flat() as (Account | undefined)[];
  if (user === undefined) return `there is no account ${username}`;
  if ((user.delete_at ?? 0) > 0) return `the account ${username} is deactivated`;
  if ((user.auth_service ?? "") !== "") return `${username} signs in by ${user.auth_service ?? ""}`;
  if (user.mfa_active === true) return `${username} signs in with a second factor`;
  const changed = (user.last_password_update ?? 0) - (user.create_at ?? 0);
  return changed > 2000 ? `${username} has a password of their own, as it should be` : undefined;
}
