/** What went wrong with a probe, in the words of every other error of Muster. */

/** Parts of an error's text. Each is one line. */
export interface Problem {
  /** What is wrong. */
  readonly what: string;
  /** The address, URL or argument that it was found at. */
  readonly where: string;
  readonly given?: string;
  readonly allowed?: string;
  readonly fix: string;
}

/**
 * A probe that can't give an answer: a wrong argument, or a session that couldn't be set up. A server that
 * refuses or doesn't answer a single question is no error: it is told as data (`Failure`).
 */
export class ProbeError extends Error {
  override readonly name = "ProbeError";

  constructor(
    readonly problem: Problem,
    options?: ErrorOptions,
  ) {
    const { what, ...lines } = problem;
    const label = (key: string): string => `${key}:`.padEnd("allowed: ".length);
    super(
      [what, ...Object.entries(lines).map(([key, text]) => `  ${label(key)}${text}`)].join("\n"),
      options,
    );
  }
}

/** A question that got no good answer. */
export interface Failure {
  readonly ok: false;
  /**
   * `no-answer`: nothing came back in time. `unreachable`: the network or the machine said no (ICMP
   * unreachable, connection refused, name unknown). `refused`: the server itself answered with an error.
   */
  readonly outcome: "no-answer" | "unreachable" | "refused";
  /** The server's error code where it refused: STUN's (RFC 8489, 8656), HTTP's. */
  readonly code?: number;
  /** For people: the server's reason phrase, or the system's error. */
  readonly reason: string;
}

/** A number of seconds that can be waited for. */
export function checkTimeout(seconds: number, where: string): number {
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 3600) return seconds;
  throw new ProbeError({
    what: "timeoutSeconds isn't a time that can be waited for.",
    where,
    given: String(seconds),
    allowed: "a number above 0, at most 3600",
    fix: "leave it out for the default",
  });
}

/** The promise's value, or the other one when the time is over first. */
export async function within<T, L>(seconds: number, promise: Promise<T>, late: L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<L>((resolve) => (timer = setTimeout(resolve, seconds * 1000, late)));
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
