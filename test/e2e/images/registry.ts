import type Dockerode from "dockerode";
import type { Reference } from "./recipe";

/** A registry has this long for its first answer, and then this long between two signs of life. */
const firstAnswerMs = 3_000;
const silenceMs = 60_000;

/** Registries that did not answer in this run: asking one again would only cost time. */
const silent = new Set<string>();

/** Pulls an image. Returns why it could not be had, or undefined when it is here. */
export async function pull(docker: Dockerode, reference: Reference): Promise<string | undefined> {
  if (silent.has(reference.registry)) return "it did not answer before";
  try {
    await pullNow(docker, reference.text);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const reason = message.replace(/^\(HTTP code \d+\)[^-]*- /, "").trim();
    // An answer such as "not found" or "denied" is about this one image.
    const answered = /not found|manifest|denied|unauthorized|toomanyrequests/i.test(reason);
    if (!answered) silent.add(reference.registry);
    return reason;
  }
}

async function pullNow(docker: Dockerode, reference: string): Promise<void> {
  const abort = new AbortController();
  let limit = "";
  let timer: NodeJS.Timeout | undefined;
  const allow = (ms: number): void => {
    clearTimeout(timer);
    limit = `no answer in ${ms / 1000} s`;
    timer = setTimeout(() => abort.abort(), ms);
  };
  allow(firstAnswerMs);
  try {
    const stream = await docker.pull(reference, { abortSignal: abort.signal });
    await followed(docker, stream, () => allow(silenceMs));
  } catch (error) {
    throw abort.signal.aborted ? new Error(limit) : error;
  } finally {
    clearTimeout(timer);
  }
}

interface Progress {
  readonly error?: string;
  readonly stream?: string;
}

/** Waits for the end of Docker's messages, and fails with the error among them where there is one. */
export async function followed(
  docker: Dockerode,
  stream: NodeJS.ReadableStream,
  sign: () => void = () => undefined,
): Promise<void> {
  const messages = await new Promise<Progress[]>((done, fail) => {
    docker.modem.followProgress(stream, (error, all: Progress[]) => (error ? fail(error) : done(all)), sign);
  });
  const failed = messages.find(({ error }) => error !== undefined);
  if (failed?.error !== undefined) throw new Error(failed.error);
}
