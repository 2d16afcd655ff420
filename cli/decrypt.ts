/**
 * Reads values that the Pulumi CLI has encrypted with a passphrase, without the CLI: it opens a state's backend before
 * it decrypts anything, and the backend's own key stands in the settings. Pure.
 *
 * Form: `encryptionsalt: v1:SALT:v1:NONCE:CIPHERTEXT`, whose last part says "pulumi"; values: `v1:NONCE:CIPHERTEXT`.
 * All in base64; AES-256-GCM with the tag at the end; the key by PBKDF2 of SHA-256.
 */
import { createDecipheriv, pbkdf2Sync } from "node:crypto";

const rounds = 1_000_000;
const keyBytes = 32;
const tagBytes = 16;
/** What the salt's own ciphertext says under the right passphrase. */
const proof = "pulumi";

/** What to do where the passphrase isn't the one that a stack was made with, or there is none. */
export const passphraseFix =
  "put the stack's passphrase into PULUMI_CONFIG_PASSPHRASE, or its file into PULUMI_CONFIG_PASSPHRASE_FILE; where .muster/passphrase has the right one, unset both; if it is lost: docs/runbooks/recovery.md";

/** The passphrase isn't the one that the value was encrypted with. */
export class WrongPassphrase extends Error {
  constructor() {
    super("incorrect passphrase");
  }
}

/**
 * A decrypted value of a settings file.
 * @param value what stands behind `secure:`.
 * @param encryptionSalt the file's `encryptionsalt`.
 * @throws WrongPassphrase; Error where one of them has another form.
 */
export const decrypt = (value: string, encryptionSalt: string, passphrase: string): string =>
  opener(encryptionSalt, passphrase)(value);

/** Decrypts any number of values: the key takes the better part of a second to make. @throws as `decrypt`. */
export function opener(encryptionSalt: string, passphrase: string): (value: string) => string {
  const [version, salt, ...own] = encryptionSalt.split(":");
  if (version !== "v1" || salt === undefined) throw new Error("encryptionsalt has an unknown form");
  const key = pbkdf2Sync(passphrase, Buffer.from(salt, "base64"), rounds, keyBytes, "sha256");
  let proven: string;
  try {
    proven = open(own.join(":"), key);
  } catch {
    throw new WrongPassphrase();
  }
  if (proven !== proof) throw new WrongPassphrase();
  return (value) => open(value, key);
}

function open(text: string, key: Buffer): string {
  const [version, nonce, ciphertext, ...rest] = text.split(":");
  if (version !== "v1" || nonce === undefined || ciphertext === undefined || rest.length > 0)
    throw new Error("an encrypted value has an unknown form");
  const bytes = Buffer.from(ciphertext, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"), {
    authTagLength: tagBytes,
  });
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]).toString("utf8");
}
