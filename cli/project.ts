/** Where things are: the project, its state backend, its passphrase. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";

/** Folder of the project: where `Pulumi.yaml` stands. */
export const projectDir = resolve(__dirname, "..");
const privateDir = join(projectDir, ".muster");
const passphraseFile = join(privateDir, "passphrase");

/** Address of the state backend: the environment's, or the project's own. */
export function backendUrl(): string {
  const project = parse(readFileSync(join(projectDir, "Pulumi.yaml"), "utf8")) as {
    backend: { url: string };
  };
  return process.env["PULUMI_BACKEND_URL"] ?? project.backend.url;
}

/** Folder of a file backend; `undefined` for any other kind. */
export function stateDir(url = backendUrl()): string | undefined {
  return url.startsWith("file://") ? resolve(projectDir, url.slice("file://".length)) : undefined;
}

/** A stack's file in a file backend. */
export const checkpointFile = (dir: string, stack: string): string =>
  join(dir, ".pulumi", "stacks", "muster", `${stack}.json`);

/** Whether the environment already says how secrets are decrypted. */
const hasPassphrase = (): boolean =>
  process.env["PULUMI_CONFIG_PASSPHRASE"] !== undefined ||
  process.env["PULUMI_CONFIG_PASSPHRASE_FILE"] !== undefined;

/** Where the passphrase comes from, in words. */
export const passphraseSource = (): string =>
  process.env["PULUMI_CONFIG_PASSPHRASE"] !== undefined
    ? "PULUMI_CONFIG_PASSPHRASE"
    : (process.env["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? passphraseFile);

/** Muster's own passphrase; `undefined` where the environment names another, or there is none yet. */
export const ownPassphrase = (): string | undefined =>
  hasPassphrase() || !existsSync(passphraseFile) ? undefined : readFileSync(passphraseFile, "utf8");

/** What would decide in our place where containers land, or keep a connection from being made. */
const strays = [
  "DOCKER_HOST",
  "DOCKER_CONTEXT",
  "DOCKER_SSH_OPTS",
  "DOCKER_CERT_PATH",
  "DOCKER_CA_MATERIAL",
  "DOCKER_CERT_MATERIAL",
  "DOCKER_KEY_MATERIAL",
  "SSH_AUTH_SOCK",
];

/** Environment for the Pulumi CLI: nobody is asked, nothing is reported to anyone. */
export function engineEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !strays.includes(name));
  return {
    ...Object.fromEntries(own),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // A plugin that happens to lie on the PATH must not win over the pinned one.
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
    ...(hasPassphrase() || !existsSync(passphraseFile)
      ? {}
      : { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile }),
  };
}

/** Makes the state folder, and a passphrase on the first start: readable by its owner alone. */
export function prepareProject(): void {
  const dir = stateDir();
  mkdirSync(privateDir, { recursive: true, mode: 0o700 });
  if (dir !== undefined) mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (!hasPassphrase() && !existsSync(passphraseFile))
    writeFileSync(passphraseFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
}
