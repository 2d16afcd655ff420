/** Certificates that sign themselves, made by OpenSSL. */
import { spawnSync } from "node:child_process";

export interface SelfSigned {
  certificate: string;
  key: string;
}

/** For names, or IPv4 addresses. */
export function selfSigned(names: string | readonly string[], days = 1): SelfSigned {
  const all = [names].flat();
  const kinds = all.map((name) => `${/^[\d.]+$/.test(name) ? "IP" : "DNS"}:${name}`);
  const { status, stdout, stderr } = spawnSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "-"],
      ...["-out", "-", "-days", String(days), "-subj", `/CN=${all[0] ?? ""}`],
      ...["-addext", `subjectAltName=${kinds.join(",")}`],
    ],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`openssl req: ${stderr}`);
  const [key = ""] = /-----BEGIN PRIVATE KEY-----[^]*?-----END PRIVATE KEY-----\n/.exec(stdout) ?? [];
  const [certificate = ""] = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n/.exec(stdout) ?? [];
  return { certificate, key };
}
