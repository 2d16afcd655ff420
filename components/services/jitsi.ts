/**
 * What the four parts of Jitsi share. All run without root, on a read-only root.
 * Source: jitsi/docker-jitsi-meet, its compose file and templates of stable-11146.
 */
import type { Settings } from "../../stacks/settings/schema";
import { healthFile, type Expectation, scriptedHealth } from "./health";
import type { ContainerSpec, Sandbox, ServiceFile, Temporary } from "./service";
import { secret, text, type Text } from "./text";

/** Whether the stack has meetings. */
export const meets = ({ meetings }: Settings): boolean => meetings === "jitsi";

/** The issuer of tokens: Mattermost's plugin. */
export const jitsiAppId = "muster";

export const jitsiUser = { uid: 1000, gid: 1000 };

/** Names within the XMPP server; nobody outside resolves them. */
export const xmppDomains = {
  XMPP_DOMAIN: "meet.jitsi",
  XMPP_AUTH_DOMAIN: "auth.meet.jitsi",
  XMPP_MUC_DOMAIN: "muc.meet.jitsi",
  XMPP_INTERNAL_MUC_DOMAIN: "internal-muc.meet.jitsi",
  XMPP_GUEST_DOMAIN: "guest.meet.jitsi",
  XMPP_HIDDEN_DOMAIN: "hidden.meet.jitsi",
};

/** Service name and port of the XMPP server. */
export const xmppServer = { name: "jitsi-prosody", port: 5222 };

interface JitsiContainer {
  environment: ContainerSpec["environment"];
  /** Variables that hold secrets, by the secret's name. */
  secrets?: Readonly<Record<string, string | Text>>;
  expectations: readonly Expectation[];
  /** More files, and what to do with them before it starts. */
  files?: readonly ServiceFile[];
  prepare?: string;
}

/** The container of one part: its secrets come from a file, since everybody who may ask the engine sees variables. */
export function jitsiContainer({ secrets = {}, files = [], ...own }: JitsiContainer): ContainerSpec {
  const prepare = own.prepare === undefined ? "" : `${own.prepare}; `;
  const lines = Object.entries(secrets).reduce<Text>(
    (all, [name, value]) =>
      text`${all}${name}='${typeof value === "string" ? text`${secret(value)}` : value}'\n`,
    text``,
  );
  const hasSecrets = Object.keys(secrets).length > 0;
  return {
    environment: { TZ: "UTC", ...xmppDomains, ...own.environment },
    files: [
      ...(hasSecrets ? [{ name: "secrets.env", content: lines }] : []),
      healthFile(own.expectations),
      ...files,
    ],
    ...(hasSecrets
      ? { entrypoint: ["/bin/sh", "-c", `set -a; . /muster/secrets.env; ${prepare}exec /init`] }
      : {}),
  };
}

/** The images' own health check, with a restart for what stays unhealthy. */
export const ownCheck: Expectation = {
  name: "own-check",
  command: "/usr/local/bin/healthcheck.sh",
  restartAfterSeconds: 180,
};

export const jitsiHealth = scriptedHealth({ startSeconds: 120, retries: 6 });

/** Folders that the images write to; `/config` and the like are volumes of theirs that stay empty. */
export function jitsiSandbox(more: Readonly<Record<string, Temporary>>): Sandbox {
  return {
    temporary: {
      value: { "/run": { sizeMiB: 16, executable: true }, "/tmp": 16, "/config": 1, ...more },
      reason: "its configuration is written at each start; s6 runs its scripts from /run",
    },
  };
}
