/** Asks Cloudflare's API, and changes nothing: what an answer means, and what it means that there is none. */
import { z } from "zod";
import type { Problem } from "../../stacks/settings/problems";

/** A permission of a token on a zone, in the dashboard's words. */
export type Permission =
  "Zone" | "DNS" | "Zone Settings" | "Zone WAF" | "Config Rules" | "SSL and Certificates" | "Bot Management";

/** `denied`: the token may not ask. `absent`: there is no such thing. */
export type Asked<T> = { result: T; pages: number } | "denied" | "absent";

/** Nothing can be asked: neither this nor anything else. */
export class ApiProblem extends Error {
  constructor(readonly problem: Problem) {
    super(problem.problem);
  }
}

const envelope = z.object({
  success: z.boolean(),
  errors: z.array(
    z.object({
      code: z.number().optional(),
      message: z.string(),
      error_chain: z.array(z.object({ message: z.string() })).optional(),
    }),
  ),
  result: z.unknown().optional(),
  result_info: z.object({ total_pages: z.number().optional() }).nullish(),
});
type Envelope = z.output<typeof envelope>;

/** Where the API is; the provider takes the same variable. */
const addressOf = (): string =>
  (process.env["CLOUDFLARE_BASE_URL"] ?? "https://api.cloudflare.com/client/v4").replace(/\/$/, "");

export class ZoneApi {
  private readonly address = addressOf();

  /** @param timeoutMs how long one answer may take. */
  constructor(
    private readonly token: string,
    private readonly timeoutMs = 20_000,
  ) {}

  /**
   * One GET.
   * @throws ApiProblem where the API can't be reached, refuses the token, or says what nobody expects.
   */
  async get<T extends z.ZodType>(path: string, schema: T): Promise<Asked<z.output<T>>> {
    const { status, body } = await this.ask(path);
    const said = envelope.safeParse(body);
    if (!said.success) throw this.unreachable(`it answers ${status}`);
    if (!said.data.success) return this.refusal(status, said.data);
    const result = schema.safeParse(said.data.result);
    if (!result.success)
      throw this.unreachable(
        `its answer to ${path.split("?")[0] ?? path} is none that this version knows: ${z.prettifyError(result.error)}`,
      );
    return { result: result.data, pages: said.data.result_info?.total_pages ?? 1 };
  }

  /** All pages of a list. */
  async list<T extends z.ZodType>(path: string, perPage: number, schema: T): Promise<Asked<z.output<T>[]>> {
    const all: z.output<T>[] = [];
    for (let page = 1; ; page += 1) {
      const separator = path.includes("?") ? "&" : "?";
      const asked = await this.get(`${path}${separator}per_page=${perPage}&page=${page}`, z.array(schema));
      if (typeof asked === "string") return asked;
      all.push(...asked.result);
      if (page >= asked.pages) return { result: all, pages: 1 };
    }
  }

  private async ask(path: string): Promise<{ status: number; body: unknown }> {
    try {
      const response = await fetch(`${this.address}/${path}`, {
        headers: { authorization: `Bearer ${this.token}` },
        signal: AbortSignal.timeout(this.timeoutMs),
      });
      const text = await response.text();
      return { status: response.status, body: parsed(text) };
    } catch (error) {
      throw this.unreachable(wordsOf(error));
    }
  }

  private refusal(status: number, { errors }: Envelope): "denied" | "absent" {
    const words = errors.map(({ message, error_chain = [] }) =>
      [message, ...error_chain.map((one) => one.message)].join(": "),
    );
    const codes = errors.map(({ code }) => code);
    if (isAboutToken(status, codes, words)) throw new ApiProblem(tokenProblem(words.join("; ")));
    // A missing permission has other words in each part of the API, and another status in that of certificates.
    if (status === 403 || (status === 400 && codes.includes(10_000))) return "denied";
    if (status === 404) return "absent";
    throw this.unreachable(`it answers ${status}: ${words.join("; ")}`);
  }

  private unreachable(words: string): ApiProblem {
    return new ApiProblem({
      key: "muster:edge.zone",
      problem: "Cloudflare can't be asked about the zone",
      given: `${this.address}: ${words}`,
      allowed: "an answer of its API",
      fix: "look at this machine's way there, and at https://www.cloudflarestatus.com, and run it again; nothing was changed",
    });
  }
}

/** What fetch says of a failure is in its cause, if it says anything. */
function wordsOf(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: { code?: string; message?: string } };
  return [message, cause?.code, cause?.message]
    .filter((words) => words !== undefined && words !== "")
    .join(": ");
}

const isAboutToken = (
  status: number,
  codes: readonly (number | undefined)[],
  words: readonly string[],
): boolean =>
  status === 401 ||
  codes.some((code) => code === 6003 || code === 1000) ||
  words.some((one) => /access token/i.test(one));

const tokenProblem = (words: string): Problem => ({
  key: "muster:cloudflareToken",
  problem: "Cloudflare refuses the token",
  given: `its words: ${words}`,
  allowed: "a token that is active, and may be used from this machine's address",
  fix: "look at it in Cloudflare's dashboard, API Tokens; set another one with npm run secret",
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
