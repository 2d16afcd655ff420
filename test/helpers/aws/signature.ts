/** AWS's signature, version 4, of requests to the root: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";

const hash = (value: string): string => createHash("sha256").update(value).digest("hex");
const mac = (key: string | Buffer, value: string): Buffer => createHmac("sha256", key).update(value).digest();

/** Who asks, and what for. */
export interface Scope {
  keyId: string;
  day: string;
  region: string;
  service: string;
}

export function scopeOf({ headers }: IncomingMessage): Scope {
  const [keyId = "", day = "", region = "", service = ""] =
    /Credential=([^,]+)/.exec(headers.authorization ?? "")?.[1]?.split("/") ?? [];
  return { keyId, day, region, service };
}

/** Whether a request was signed with this secret. */
export function isSigned(request: IncomingMessage, body: string, secret: string): boolean {
  const { authorization = "", ...headers } = request.headers;
  const { day, region, service } = scopeOf(request);
  const names = (/SignedHeaders=([^,]+)/.exec(authorization)?.[1] ?? "").split(";");
  const canonical = [
    ...[request.method ?? "", "/", ""],
    ...names.map((name) => `${name}:${String(headers[name]).trim()}`),
    ...["", names.join(";"), hash(body)],
  ].join("\n");
  const date = String(headers["x-amz-date"]);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = [region, service, "aws4_request"].reduce<Buffer>(mac, mac(`AWS4${secret}`, day));
  const signature = mac(key, ["AWS4-HMAC-SHA256", date, scope, hash(canonical)].join("\n")).toString("hex");
  return authorization.endsWith(`Signature=${signature}`);
}
