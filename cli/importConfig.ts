/** What of an old server's config.json comes along. Pure. */
import { jitsiPlugin } from "../components/services/mattermost.meetings";

type Json = Record<string, unknown>;

/** Without these, links that people have shared, or data that are encrypted, can't be read any more. */
const keys = ["SqlSettings.AtRestEncryptKey", "FileSettings.PublicLinkSalt"];

/** How people sign in. */
const sections = [
  "GitLabSettings",
  "GoogleSettings",
  "Office365Settings",
  "OpenIdSettings",
  "LdapSettings",
  "SamlSettings",
];

/** Plugins whose settings this program makes itself. */
const own = ["com.mattermost.calls", jitsiPlugin.id];

/** Stands in place of a secret where a configuration was shown, and not copied. */
const isHidden = (value: unknown): boolean => typeof value === "string" && /^\*+$/.test(value);

/**
 * The part of an old configuration that goes with the data, for `mmctl config patch`: keys, sign-on, and plugins with
 * what they encrypt by. All else is this stack's: addresses, paths, mail.
 */
export function carriedOver(old: unknown): { patch: Json; keys: string[]; hidden: string[] } {
  const config = isObject(old) ? old : {};
  const patch: Json = {};
  for (const key of keys) {
    const [section = "", name = ""] = key.split(".");
    const value = objectAt(config, section)[name];
    if (typeof value === "string" && value !== "")
      patch[section] = { ...objectAt(patch, section), [name]: value };
  }
  for (const section of sections)
    if (objectAt(config, section)["Enable"] === true) patch[section] = config[section];
  const { Plugins: plugins, PluginStates: states } = objectAt(config, "PluginSettings");
  const kept = { Plugins: others(plugins), PluginStates: others(states) };
  const filled = Object.fromEntries(
    Object.entries(kept).filter(([, value]) => Object.keys(value).length > 0),
  );
  if (Object.keys(filled).length > 0) patch["PluginSettings"] = filled;
  const hidden: string[] = [];
  const shown = withoutHidden(patch, "", hidden);
  return { patch: shown, keys: keysIn(shown), hidden };
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const objectAt = (config: Json, section: string): Json => {
  const value = config[section];
  return isObject(value) ? value : {};
};

const others = (plugins: unknown): Json =>
  Object.fromEntries(Object.entries(isObject(plugins) ? plugins : {}).filter(([id]) => !own.includes(id)));

function withoutHidden(value: Json, path: string, hidden: string[]): Json {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const name = path === "" ? key : `${path}.${key}`;
      if (isHidden(inner)) {
        hidden.push(name);
        return [];
      }
      if (!isObject(inner)) return [[key, inner]];
      const rest = withoutHidden(inner, name, hidden);
      return Object.keys(rest).length === 0 && Object.keys(inner).length > 0 ? [] : [[key, rest]];
    }),
  );
}

/** What is said of it: no value, since some are secret. */
const keysIn = (patch: Json): string[] =>
  Object.entries(patch).flatMap(([section, value]) =>
    sections.includes(section)
      ? [section]
      : Object.keys(objectAt({ section: value }, "section")).map((key) => `${section}.${key}`),
  );
