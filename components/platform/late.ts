/** Puts late values into texts. */
import { createHmac } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Late, PlainText, Text } from "../services/text";

/** Where the hosts' addresses come from. */
export interface Addresses {
  publicAddressOf: (host: string) => pulumi.Input<string>;
  privateAddressOf: (host: string) => pulumi.Input<string>;
  peerAddressOf: (host: string) => pulumi.Input<string>;
}

/** Where late values come from. */
export interface LateValues extends Addresses {
  secret: (name: string) => pulumi.Input<string>;
  containerIdOf: (service: string) => pulumi.Input<string>;
}

/** The text, complete: plain where nothing in it is late, an Output (secret if any part is) otherwise. */
export function resolve(source: string | PlainText, values: Addresses): pulumi.Input<string>;
export function resolve(source: string | Text, values: LateValues): pulumi.Input<string>;
export function resolve(source: string | Text, values: Addresses | LateValues): pulumi.Input<string> {
  if (typeof source === "string") return source;
  const { parts } = source;
  const [only, ...more] = parts;
  if (more.length === 0 && (only === undefined || typeof only === "string")) return only ?? "";
  return pulumi.all(parts.map((part) => valueOf(part, values))).apply((texts) => texts.join(""));
}

function valueOf(part: string | Late, values: Addresses | LateValues): pulumi.Input<string> {
  if (typeof part === "string") return part;
  if ("publicAddressOf" in part) return values.publicAddressOf(part.publicAddressOf);
  if ("privateAddressOf" in part) return values.privateAddressOf(part.privateAddressOf);
  if ("peerAddressOf" in part) return values.peerAddressOf(part.peerAddressOf);
  if (!("secret" in values)) throw new Error(`no ${JSON.stringify(part)} here`);
  if ("containerIdOf" in part) return values.containerIdOf(part.containerIdOf);
  const value = values.secret(part.secret);
  return part.encode === "json" ? pulumi.output(value).apply((plain) => JSON.stringify(plain)) : value;
}

/**
 * Fingerprint of contents, as a label: a change of a file replaces its consumer. Keyed with a secret, so that
 * nobody can guess a weak secret from it; that is why it may be shown.
 */
export function fingerprint(
  key: pulumi.Input<string>,
  contents: pulumi.Input<string>[],
): pulumi.Output<string> {
  const digest = pulumi.all([key, ...contents]).apply(([secretKey, ...texts]) =>
    createHmac("sha256", secretKey ?? "")
      .update(JSON.stringify(texts))
      .digest("hex")
      .slice(0, 16),
  );
  return pulumi.unsecret(digest);
}

/** A late value, once the engine knows it: for hooks, which run when it does. */
export const settled = <T extends string | object>(input: pulumi.Input<T>): Promise<T> =>
  new Promise((done) => {
    (pulumi.output(input) as unknown as pulumi.Output<T>).apply(done);
  });
