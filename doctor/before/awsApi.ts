/** How AWS is asked: with the stack's key alone, once or twice, and not for long. */

export interface AwsKey {
  id: string;
  secret: string;
}

/** The key opens nothing: there is none of this id, or the secret isn't its own. */
export class KeyRefused extends Error {
  constructor(
    readonly code: string,
    words: string,
  ) {
    super(`${code}: ${words}`);
  }
}

/**
 * For every client. Nothing comes from the person's own profile or environment, but for `AWS_ENDPOINT_URL`, which leads
 * all programs for AWS elsewhere.
 */
export function optionsOf({ id, secret }: AwsKey, region: string) {
  const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
  return {
    region,
    credentials: { accessKeyId: id, secretAccessKey: secret },
    ...(endpoint === "" ? {} : { endpoint }),
    ignoreConfiguredEndpointUrls: true,
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    retryMode: "standard",
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 3000, requestTimeout: 5000, throwOnRequestTimeout: true },
  };
}

/** How AWS's services say no. Each has words of its own. */
const denials = new Set(["UnauthorizedOperation", "AccessDenied", "AccessDeniedException"]);
const refusals = new Set([
  ...["InvalidClientTokenId", "AuthFailure", "UnrecognizedClientException"],
  ...["SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"],
  ...["ExpiredToken", "ExpiredTokenException", "RequestExpired"],
]);

type Send<T> = (options: { abortSignal: AbortSignal }) => Promise<T>;

/** Asks, notes what the key may not, and changes nothing. */
export class Questions {
  /** Actions, as policies name them. */
  readonly denied = new Set<string>();
  private readonly end: number;

  constructor(private readonly timeoutMs: number) {
    this.end = performance.now() + timeoutMs;
  }

  /**
   * `undefined` where the key may not, "absent" where there is no such thing.
   * @param absent codes that say so.
   * @throws KeyRefused; Error where there is no answer, or one that nobody expects.
   */
  async ask<T>(action: string, send: Send<T>, absent?: RegExp): Promise<T | "absent" | undefined> {
    try {
      return await send(this.limit());
    } catch (error) {
      const { code, words } = this.answerIn(action, error);
      if (denials.has(code)) {
        this.denied.add(action);
        return undefined;
      }
      if (refusals.has(code)) throw new KeyRefused(code, words);
      if (absent?.test(code) === true) return "absent";
      throw new Error(`AWS answers ${code} to ${action}: ${words}`, { cause: error });
    }
  }

  /** What can't be absent, such as a list. */
  async read<T>(action: string, send: Send<T>): Promise<T | undefined> {
    const answer = await this.ask(action, send);
    return answer === "absent" ? undefined : answer;
  }

  /**
   * Whether the key may write, by a dry run: EC2 judges it and does nothing. It refuses each one; other refusals than
   * for lack of a right say nothing about rights.
   */
  async rehearse(action: string, send: Send<unknown>): Promise<void> {
    try {
      await send(this.limit());
    } catch (error) {
      if (denials.has(this.answerIn(action, error).code)) this.denied.add(action);
    }
  }

  /** One for each: so many calls at one signal look like a leak to Node. */
  private limit(): { abortSignal: AbortSignal } {
    return { abortSignal: AbortSignal.timeout(Math.max(0, Math.round(this.end - performance.now()))) };
  }

  /** @throws Error where it is none of the server's. */
  private answerIn(action: string, error: unknown): { code: string; words: string } {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    if ($metadata?.httpStatusCode !== undefined) return { code: name, words: message };
    const why = name === "AbortError" ? `nothing within ${this.timeoutMs / 1000} s` : message || name;
    throw new Error(`AWS doesn't answer to ${action}: ${why}`, { cause: error });
  }
}
