import { createPrivateKey, createPublicKey } from "node:crypto";

/** The start of a private X25519 key in PKCS8, before its 32 bytes (RFC 8410). */
const pkcs8Start = Buffer.from("302e020100300506032b656e04220420", "hex");

/** Public key of a private one, both as WireGuard writes them. */
export function publicKeyOf(privateKey: string): string {
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8Start, Buffer.from(privateKey, "base64")]),
    format: "der",
    type: "pkcs8",
  });
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return Buffer.from(x, "base64url").toString("base64");
}
