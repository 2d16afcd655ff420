/** GitHub's API, as far as our workflows ask it. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { UserError } from "../../cli/errors";

/** Who our comments and issues are by: whoever acts with a workflow's own token. */
export const ownLogin = "github-actions[bot]";

const tries = 3;
const timeoutMs = 30_000;
const perPage = 100;
/** Nobody looks further back. */
const pagesAtMost = 30;

type Method = "GET" | "POST" | "PATCH";

export class GitHub {
  private readonly token: string;

  /**
   * @param repository as in `owner/name`.
   * @param pauseMs between two tries; doubled each time.
   */
  constructor(
    readonly repository: string,
    private readonly address: string,
    token: string,
    private readonly pauseMs = 2_000,
  ) {
    this.token = token;
  }

  /** As a workflow's environment says it. @throws UserError outside one. */
  static fromEnvironment(env: NodeJS.ProcessEnv = process.env): GitHub {
    const pause = env["MUSTER_CI_PAUSE_MS"];
    return new GitHub(
      needed(env, "GITHUB_REPOSITORY"),
      needed(env, "GITHUB_API_URL").replace(/\/$/, ""),
      needed(env, "GITHUB_TOKEN"),
      ...(pause === undefined ? [] : [Number(pause)]),
    );
  }

  /**
   * One call; `path` is below the repository.
   * @throws UserError where GitHub refuses, can't be reached, or says what nobody expects.
   */
  async ask<T extends z.ZodType>(
    method: Method,
    path: string,
    schema: T,
    body?: unknown,
  ): Promise<z.output<T>> {
    const { status, said } = await this.send(method, path, body);
    if (status >= 300) throw refusal(method, path, status, said);
    const result = schema.safeParse(said);
    if (!result.success)
      throw new UserError(
        `GitHub's answer to ${method} ${path} is none that this version knows.\n  given:   ${z.prettifyError(result.error)}`,
      );
    return result.data;
  }

  /** All pages of a list; `path` has a query already. */
  async list<T extends z.ZodType>(path: string, schema: T): Promise<z.output<T>[]> {
    const all: z.output<T>[] = [];
    for (let page = 1; page <= pagesAtMost; page += 1) {
      const some = await this.ask("GET", `${path}&per_page=${perPage}&page=${page}`, z.array(schema));
      all.push(...some);
      if (some.length < perPage) break;
    }
    return all;
  }

  /** What has perhaps been carried out isn't sent twice, if it would then be there twice. */
  private async send(
    method: Method,
    path: string,
    body: unknown,
  ): Promise<{ status: number; said: unknown }> {
    for (let attempt = 1; ; attempt += 1) {
      const last = attempt === tries;
      try {
        const response = await this.once(method, path, body);
        const again = response.status === 429 || (response.status >= 500 && method !== "POST");
        if (!again || last) return response;
      } catch (error) {
        if (last || method === "POST") throw unreachable(method, path, error as Error);
      }
      await sleep(this.pauseMs * 2 ** (attempt - 1));
    }
  }

  private async once(
    method: Method,
    path: string,
    body: unknown,
  ): Promise<{ status: number; said: unknown }> {
    const response = await fetch(`${this.address}/repos/${this.repository}${path}`, {
      method,
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${this.token}`,
        "content-type": "application/json",
        "user-agent": "muster",
        "x-github-api-version": "2022-11-28",
      },
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, said: parsed(text) };
  }
}

/** What has triggered the workflow, as GitHub itself has written it down. */
export function readEvent<T extends z.ZodType>(schema: T, env: NodeJS.ProcessEnv = process.env): z.output<T> {
  const result = schema.safeParse(parsed(readFileSync(needed(env, "GITHUB_EVENT_PATH"), "utf8")));
  if (!result.success)
    throw new UserError(`This is another event than expected.\n  given:   ${z.prettifyError(result.error)}`);
  return result.data;
}

/** Runs a script and prints what it says; what people can mend is said without a stack trace. */
export function runScript(script: () => Promise<string>): void {
  script().then(
    (said) => console.log(said),
    (error: unknown) => {
      process.exitCode = 1;
      console.error(error instanceof UserError ? error.message : error);
    },
  );
}

/** An argument of the command line. @throws UserError where it is missing. */
export function argument(at: number, name: string): string {
  const value = process.argv[at + 2];
  if (value === undefined || value === "") throw new UserError(`No ${name} was given.`);
  return value;
}

function needed(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value === undefined || value === "")
    throw new UserError(`${name} is missing.\n  fix: run this in a workflow, or set it`);
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const refusal = (method: Method, path: string, status: number, said: unknown): UserError => {
  const { message } = (said ?? {}) as { message?: unknown };
  return new UserError(
    [
      `GitHub refuses ${method} ${path}.`,
      `  given:   ${status}${typeof message === "string" ? `: ${message}` : ""}`,
      `  fix:     ${status === 401 || status === 403 ? "give the job's token the permission that docs/pull-requests.md names" : "see the reason above, and run the job again"}`,
    ].join("\n"),
  );
};

const unreachable = (method: Method, path: string, { message, cause }: Error): UserError =>
  new UserError(
    `GitHub can't be reached for ${method} ${path}.\n  given:   ${message}${cause instanceof Error ? `: ${cause.message}` : ""}\n  fix:     run the job again`,
  );
