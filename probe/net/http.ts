/** HTTP questions with JSON answers, with a site's own root certificate. */
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { type Failure } from "../error";
import { tlsOptions, type Trust } from "./trust";
import { failureOf } from "./wire";

export interface JsonAnswer {
  readonly ok: true;
  readonly status: number;
  readonly body: unknown;
}

/** Sends a request, with a JSON body if there is one, and reads the JSON that comes back. */
export function askJson(
  url: URL,
  {
    method = "GET",
    headers = {},
    body,
    trust = {},
    timeoutSeconds,
  }: {
    method?: string;
    headers?: Record<string, string>;
    body?: unknown;
    trust?: Trust;
    timeoutSeconds: number;
  },
): Promise<JsonAnswer | Failure> {
  const secure = url.protocol === "https:";
  const type = body === undefined ? {} : { "content-type": "application/json" };
  const signal = AbortSignal.timeout(timeoutSeconds * 1000);
  const options = { method, headers: { ...type, ...headers }, signal, ...(secure ? tlsOptions(trust) : {}) };
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
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve({ ok: true, status, body: parseJson(text) ?? text });
        else resolve({ ok: false, outcome: "refused", code: status, reason: text.trim().slice(0, 500) });
      });
    });
    request.on("error", failed);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** What JSON says, or undefined where it isn't JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
