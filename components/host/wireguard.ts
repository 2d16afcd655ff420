import { createHash, createPrivateKey, createPublicKey } from "node:crypto";

/** The start of a private X25519 key in PKCS8, before its 32 bytes (RFC 8410). */
const pkcs8Start = Buffer.from("302e020100300506032b656e04220420", "hex");

/** Length of a password of letters and digits that is worth a key: 256 bits. */
export const seedLength = 43;

/**
 * Private key, as WireGuard writes it, of such a password. Not of `random.RandomBytes`, whose id in the state is what it
 * has made, in plain text.
 */
export const privateKeyOf = (seed: string): string => createHash("sha256").update(seed).digest("base64");

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
