/** Where things are: the project, each stack's state backend, the passphrase. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { isMap, readEncrypted, readStackFile, stackFile } from "../stacks/settings/file";
import { passphraseFix } from "./decrypt";
import { UserError } from "./errors";
import { stateKeyEnvironment } from "./stateKey";

/** Folder of the project: where `Pulumi.yaml` stands. */
export const projectDir = resolve(__dirname, "..");
const privateDir = join(projectDir, ".muster");
const passphraseFile = join(privateDir, "passphrase");

/** `muster:state` of a stack's file, before it is checked; empty where there is none. */
function stateSettings(stack: string): { backend?: string; accessKeyId?: string } {
  // A restore or a removal may meet a stack whose file is gone.
  if (!existsSync(join(projectDir, stackFile(stack)))) return {};
  const { state } = readStackFile(projectDir, stack).values;
  if (!isMap(state)) return {};
  const { backend, accessKeyId } = state;
  return {
    ...(typeof backend === "string" ? { backend } : {}),
    ...(typeof accessKeyId === "string" ? { accessKeyId } : {}),
  };
}

/** Address of a stack's state backend: the environment's, else the stack's own, else the project's. */
export function backendUrl(stack: string): string {
  const project = parse(readFileSync(join(projectDir, "Pulumi.yaml"), "utf8")) as {
    backend: { url: string };
  };
  return process.env["PULUMI_BACKEND_URL"] ?? stateSettings(stack).backend ?? project.backend.url;
}

/** Folder of a stack's file backend; `undefined` for any other kind. */
export function stateDir(stack: string): string | undefined {
  const url = backendUrl(stack);
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

/** The passphrase, read as the Pulumi CLI reads it; `undefined` where there is none yet. */
export function passphrase(): string | undefined {
  const given = process.env["PULUMI_CONFIG_PASSPHRASE"];
  if (given !== undefined) return given;
  const file = resolve(projectDir, process.env["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? passphraseFile);
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}

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

/**
 * Environment for the Pulumi CLI: nobody is asked, nothing is reported to anyone.
 * @param stack whose backend it opens; `undefined` where it opens none.
 * @throws UserError where the backend's own key can't be decrypted.
 */
export function engineEnvironment(stack: string | undefined): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !strays.includes(name));
  return {
    ...Object.fromEntries(own),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // A plugin that happens to lie on the PATH must not win over the pinned one.
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
    ...(hasPassphrase() || !existsSync(passphraseFile)
      ? {}
      : { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile }),
    ...(stack === undefined ? {} : backendEnvironment(stack)),
  };
}

/** What the CLI needs to open the stack's own backend; nothing where another is named, or it has none. */
function backendEnvironment(stack: string): NodeJS.ProcessEnv {
  const { backend, accessKeyId } = stateSettings(stack);
  if (process.env["PULUMI_BACKEND_URL"] !== undefined || backend === undefined) return {};
  const dir = stateDir(stack);
  return {
    PULUMI_BACKEND_URL: dir === undefined ? backend : `file://${dir}`,
    ...(accessKeyId === undefined || !backend.startsWith("s3:")
      ? {}
      : stateKeyEnvironment(
          { stack, accessKeyId },
          { projectDir, passphrase: passphrase(), source: passphraseSource() },
        )),
  };
}

/**
 * Makes the folder of the stack's state, and a passphrase on the first start: readable by its owner alone.
 * @throws UserError where the stack's secrets have a passphrase already: another one wouldn't open them.
 */
export function prepareProject(stack: string): void {
  const isFirst = !hasPassphrase() && !existsSync(passphraseFile);
  const { salt, provider } = readEncrypted(projectDir, stack, "");
  if (isFirst && salt !== undefined && provider === undefined)
    throw new UserError(
      [
        `The passphrase of stack ${stack} isn't here.`,
        `  given:   secrets that a passphrase encrypts, by ${stackFile(stack)}; no PULUMI_CONFIG_PASSPHRASE, and no ${passphraseFile}`,
        `  fix:     write it to ${passphraseFile}, or ${passphraseFix}; nothing was changed`,
      ].join("\n"),
    );
  const dir = stateDir(stack);
  mkdirSync(privateDir, { recursive: true, mode: 0o700 });
  if (dir !== undefined) makeStateDir(dir);
  if (isFirst) writeFileSync(passphraseFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
}

function makeStateDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new UserError(
      `The folder of the state can't be made: ${(error as Error).message}\n  given:   ${dir}\n  fix:     name another folder in muster:state.backend, or mend the reason above; nothing was changed`,
    );
  }
}
