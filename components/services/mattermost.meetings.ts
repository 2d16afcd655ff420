/** Mattermost's Jitsi plugin. Source: mattermost-community/mattermost-plugin-jitsi 2.1. */
import type { Settings } from "../../stacks/settings/schema";
import { jitsiAppId, meets } from "./jitsi";
import lock from "./plugins.lock.json";
import type { ServiceContext } from "./service";
import { type JsonValue, type Late, secret } from "./text";

/** A plugin that the first-run job installs from its archive. */
export interface PluginArchive {
  id: string;
  version: string;
  url: string;
  /** Checksum of the archive; `undefined` where the lock file doesn't know it yet. */
  sha256: string | undefined;
  /** Without it everything else works: when its publisher doesn't answer, the next start tries again. */
  optional?: true;
}

// renovate: datasource=github-releases depName=mattermost-community/mattermost-plugin-jitsi
const pin = { id: "jitsi", tag: "2.1.0" };
const releases = "https://github.com/mattermost-community/mattermost-plugin-jitsi/releases/download";

/** The plugin as its publisher offers it. Its checksum comes from the archive itself through `npm run digests`. */
export const jitsiPlugin: PluginArchive = {
  id: pin.id,
  version: pin.tag,
  url: `${releases}/v${pin.tag}/${pin.id}-${pin.tag}.tar.gz`,
  sha256: (lock as Record<string, string>)[`${pin.id}:${pin.tag}`],
  optional: true,
};

/** All plugins to install: one that the settings name wins over Muster's own, from a mirror for example. */
export const pluginArchives = (settings: Settings): readonly PluginArchive[] =>
  !meets(settings) || settings.chat.plugins.some(({ id }) => id === jitsiPlugin.id)
    ? settings.chat.plugins
    : [jitsiPlugin, ...settings.chat.plugins];

/** How long a link to a meeting holds. */
const linkMinutes = 60;

/** The plugin makes a token for each meeting, which the XMPP server checks. */
export const meetingsConfiguration = ({
  settings,
  siteUrl,
}: ServiceContext): Record<string, JsonValue<Late>> =>
  meets(settings)
    ? {
        [jitsiPlugin.id]: {
          jitsiurl: siteUrl("meet"),
          jitsiembedded: true,
          jitsiprejoinpage: true,
          // Nobody guesses it, and it tells nothing of the channel.
          jitsinamingscheme: "uuid",
          jitsijwt: true,
          jitsiappid: jitsiAppId,
          jitsiappsecret: secret("jitsi-app-secret"),
          jitsilinkvalidtime: linkMinutes,
          jitsicompatibilitymode: false,
        },
      }
    : {};
