/**
 * A double of GitHub's API, in memory and on loopback: pull requests, comments, issues and environments, as far as our
 * workflows ask for them. It was never compared with the real one.
 */
import type { IncomingMessage } from "node:http";
import { type Answer, ApiDouble, type Call, Refusal } from "./apiDouble";

interface User {
  login: string;
  type: "Bot" | "User";
}
export const bot: User = { login: "github-actions[bot]", type: "Bot" };

export interface Comment {
  id: number;
  body: string;
  user: User;
}
export interface Issue {
  number: number;
  title: string;
  body: string;
  state: "open" | "closed";
  user: User;
  /** Whether it is a pull request, which the API lists as an issue. */
  pull_request?: object;
  comments: Comment[];
}
export interface Pull {
  number: number;
  head: { sha: string; ref: string; repo: { full_name: string; owner: { login: string } } | null };
  base: { ref: string };
}

const repository = "octo/muster";
/** What the real one takes in a comment or an issue. */
const mostCharacters = 65_536;

export class GitHubApi extends ApiDouble {
  readonly token = "ghs_token-of-a-test";
  readonly pulls: Pull[] = [];
  readonly issues: Issue[] = [];
  /** Rules by the environment's name. */
  readonly environments = new Map<string, { type: string }[]>();
  /** Who the token is. */
  actor = bot;
  /** Refused with this from now on, whatever it is. */
  denied: { status: number; message: string } | undefined;
  private newest = 100;

  private constructor() {
    super();
    const at = "/repos/octo/muster";
    this.add({
      [`GET ${at}/pulls`]: (call) => this.page(call, this.pulls.filter(matches(call.query.get("head")))),
      [`GET ${at}/issues`]: (call) =>
        this.page(
          call,
          this.issues.filter(({ state }) => state === "open"),
        ),
      [`POST ${at}/issues`]: ({ body, tell }) => {
        const issue = { ...textOf(body), number: this.next(), state: "open" as const, user: this.actor };
        this.issues.push({ comments: [], ...issue });
        tell(`open issue ${issue.number}`);
        return { status: 201, body: issue };
      },
      [`PATCH ${at}/issues/:number`]: ({ params, body, tell }) => {
        const issue = this.issue(Number(params[0]));
        Object.assign(issue, textOf(body));
        tell(`edit issue ${issue.number} (${issue.state})`);
        return { body: { ...issue } };
      },
      [`GET ${at}/issues/:number/comments`]: (call) =>
        this.page(call, this.issue(Number(call.params[0])).comments),
      [`POST ${at}/issues/:number/comments`]: ({ params, body, tell }) => {
        const comment = { id: this.next(), user: this.actor, ...textOf(body) };
        this.issue(Number(params[0])).comments.push(comment);
        tell(`comment on ${params[0]}`);
        return { status: 201, body: { ...comment } };
      },
      [`PATCH ${at}/issues/comments/:id`]: ({ params, body, tell }) => {
        const comment = this.issues
          .flatMap(({ comments }) => comments)
          .find(({ id }) => id === Number(params[0]));
        if (comment === undefined) throw this.refusal(404, "Not Found");
        Object.assign(comment, textOf(body));
        tell(`edit comment ${comment.id}`);
        return { body: { ...comment } };
      },
      [`GET ${at}/environments/:name`]: ({ params }) => {
        const rules = this.environments.get(params[0] ?? "");
        if (rules === undefined) throw this.refusal(404, "Not Found");
        return { body: { name: params[0], protection_rules: rules } };
      },
    });
  }

  static start(): Promise<GitHubApi> {
    return new GitHubApi().listen();
  }

  /** What a job finds in its environment. */
  env(more: Record<string, string> = {}): Record<string, string> {
    return {
      GITHUB_API_URL: this.origin,
      GITHUB_REPOSITORY: repository,
      GITHUB_TOKEN: this.token,
      MUSTER_CI_PAUSE_MS: "1",
      ...more,
    };
  }

  /** An open pull request, which is an issue too. */
  open(pull: Pull): Issue {
    this.pulls.push(pull);
    const user = { login: "someone", type: "User" as const };
    const issue: Issue = {
      number: pull.number,
      title: "",
      body: "",
      state: "open",
      user,
      pull_request: {},
      comments: [],
    };
    this.issues.push(issue);
    return issue;
  }

  protected override authorize(request: IncomingMessage): void {
    if (request.headers.authorization !== `Bearer ${this.token}`) throw this.refusal(401, "Bad credentials");
    if (this.denied !== undefined) throw this.refusal(this.denied.status, this.denied.message);
  }

  protected override refusal(status: number, message: string): Refusal {
    return new Refusal(status, message, { message, documentation_url: "https://docs.github.com/rest" });
  }

  private issue(wanted: number): Issue {
    const issue = this.issues.find(({ number }) => number === wanted);
    if (issue === undefined) throw this.refusal(404, "Not Found");
    return issue;
  }

  private next(): number {
    return (this.newest += 1);
  }

  private page({ query }: Call, all: readonly object[]): Answer {
    const size = Number(query.get("per_page") ?? 30);
    const page = Number(query.get("page") ?? 1);
    return { body: all.slice((page - 1) * size, page * size) as unknown as Record<string, unknown> };
  }
}

/** The real one wants the owner's name with the branch's. */
const matches =
  (head: string | null) =>
  ({ head: { ref, repo } }: Pull): boolean =>
    head === null || (repo !== null && head === `${repo.owner.login}:${ref}`);

/** @throws Refusal where it is longer than the real one takes. */
function textOf(body: unknown): { title: string; body: string } {
  const text = body as { title: string; body: string };
  if ((text.body ?? "").length > mostCharacters)
    throw new Refusal(422, "Validation Failed: body is too long (maximum is 65536 characters)", {});
  return text;
}
