/** HTTP questions, and those with JSON answers, with a site's own root certificate. */
import { type IncomingHttpHeaders, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { checkTimeout, type Failure } from "../error";
import { lookupOf, tlsOptions, type Trust } from "./trust";
import { failureOf } from "./wire";

export interface HttpAnswer {
  readonly ok: true;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface JsonAnswer {
  readonly ok: true;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

interface Question {
  method?: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  trust?: Trust;
  timeoutSeconds: number;
}

/** Sends a request and takes whatever comes back, refusals and redirects too: none is followed. */
export function askHttp(
  url: URL,
  { method = "GET", headers = {}, body, trust = {}, timeoutSeconds }: Question,
): Promise<HttpAnswer | Failure> {
  checkTimeout(timeoutSeconds, url.href);
  const secure = url.protocol === "https:";
  const type = body === undefined ? {} : { "content-type": "application/json" };
  const signal = AbortSignal.timeout(timeoutSeconds * 1000);
  const how = secure ? tlsOptions(trust) : lookupOf(trust.address);
  const options = { method, headers: { ...type, ...headers }, signal, ...how };
  return new Promise((resolve) => {
    const failed = (error: Error): void =>
      resolve(
        signal.aborted
          ? { ok: false, outcome: "no-answer", reason: `no answer in ${timeoutSeconds} s` }
          : failureOf(error),
      );
    const request = (secure ? requestHttps : requestHttp)(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", failed);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ ok: true, status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    request.on("error", failed);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Sends a request, with a JSON body if there is one, and reads the JSON that comes back. */
export async function askJson(url: URL, question: Question): Promise<JsonAnswer | Failure> {
  const answer = await askHttp(url, question);
  if (!answer.ok) return answer;
  const { status, headers, text } = answer;
  if (status < 200 || status >= 300)
    return { ok: false, outcome: "refused", code: status, reason: text.trim().slice(0, 500) };
  return { ok: true, status, headers, body: parseJson(text) ?? text };
}

/** What JSON says, or undefined where it isn't JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
