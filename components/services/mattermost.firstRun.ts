import type { Settings } from "../../stacks/settings/schema";
import { quote, sayReady, undoneCode, undoneMark } from "./job";
import type { Job, ServiceContext } from "./service";
import { callsConfiguration } from "./mattermost.calls";
import { jitsiPlugin, meetingsConfiguration, pluginArchives } from "./mattermost.meetings";
import { meets } from "./jitsi";
import { jsonText, type JsonValue, type Late, secret, text, type Text } from "./text";

/**
 * First administrator, first team, plugins, and the few keys that only the configuration file can hold.
 * Runs in Mattermost's own image over its local socket, as often as anyone likes: people and teams are made
 * once, and of the configuration it patches its own keys only.
 */
export const firstRun: Job = {
  name: "first-run",
  image: "own",
  volumes: ["config", "run"],
  shell: true,
  memoryMiB: 192,
  timeoutSeconds: 180,
  sandbox: {
    temporary: { value: { "/tmp": 512 }, reason: "plugin archives on their way" },
    egress: { value: true, reason: "fetches plugin archives" },
  },
  container: (context) => ({
    environment: {},
    files: [
      { name: "first-run.sh", content: text`${script(context.settings)}` },
      { name: "administrator-password", content: text`${secret("administrator-password")}` },
      ...configuration(context).map((content) => ({ name: "configuration.json", content })),
    ],
    entrypoint: ["/muster/busybox", "sh"],
    command: ["/muster/first-run.sh"],
  }),
};

/** Keys that only the configuration file can hold: secrets, and what plugins read. */
function configuration(context: ServiceContext): Text[] {
  const plugins: Record<string, JsonValue<Late>> = {
    ...callsConfiguration(context),
    ...meetingsConfiguration(context),
  };
  const keys: Record<string, JsonValue<Late>> = {
    ...(context.secrets.has("mailPassword")
      ? { EmailSettings: { SMTPPassword: secret("mailPassword") } }
      : {}),
    ...(Object.keys(plugins).length === 0 ? {} : { PluginSettings: { Plugins: plugins } }),
  };
  return Object.keys(keys).length === 0 ? [] : [jsonText<Late>(keys)];
}

/** The marker lies beside the configuration, so that a backup brings it back with the people it stands for. */
const marker = "/mattermost/config/.muster-first-run";

/** Stands while the meetings' plugin is on because of Muster. */
const meetingsMarker = "/mattermost/config/.muster-meetings";

/** The image has no shell and no tools: busybox stands in for both. */
function script(settings: Settings): string {
  const { administrator, team } = settings.chat;
  const installs = pluginArchives(settings).map(
    ({ id, version, url, sha256 = "", optional = false }) =>
      `install ${[id, version, url, sha256, optional ? "optional" : ""].map(quote).join(" ")}`,
  );
  return `set -eu
/muster/busybox mkdir -p /tmp/bin
/muster/busybox --install -s /tmp/bin
export PATH=/tmp/bin:/mattermost/bin
mm() { mmctl --local --suppress-warnings "$@"; }
uploads() { mm config set PluginSettings.EnableUploads "$1"; }

# Makes something, and is content where it is there already.
make() {
  if out=$("$@" 2>&1); then echo "$out"; return; fi
  case "$out" in *"already exists"*) ;; *) echo "$out" >&2; return 1 ;; esac
}

# An archive is installed only if it is what its checksum says; uploads are on only while it is installed.
install() {
  id=$1 version=$2 url=$3 sha256=$4 optional=$5
  if mm plugin list --json | tr -d ' \\n' | grep -q "\\"id\\":\\"$id\\"[^{}]*\\"version\\":\\"$version\\""; then return; fi
  echo "installing plugin $id $version"
  timeout 120 wget -q -O /tmp/plugin.tar.gz "$url" || {
    said="plugin $id: $url doesn't answer; muster:chat.plugins may name it with another address"
    if [ -z "$optional" ]; then echo "$said" >&2; exit 1; fi
    echo "${undoneMark}$said; the next start tries again"
    undone=${undoneCode}
    return
  }
  [ -z "$sha256" ] || echo "$sha256  /tmp/plugin.tar.gz" | sha256sum -c -s || {
    echo "plugin $id: the archive at $url is not the pinned one: $(sha256sum /tmp/plugin.tar.gz)" >&2
    exit 1
  }
  trap 'uploads false' EXIT
  uploads true
  mm plugin add --force /tmp/plugin.tar.gz
  # One that can't be enabled is taken out again, so that the next run tries anew.
  mm plugin enable "$id" || { mm plugin delete "$id"; exit 1; }
  uploads false
  trap - EXIT
  rm /tmp/plugin.tar.gz
}

undone=0
# A run that was killed may have left them on.
uploads false
if [ ! -e ${marker} ]; then
  make mm user create --username ${quote(administrator.username)} --email ${quote(administrator.email)} \\
    --password "$(cat /muster/administrator-password)" --system-admin --email-verified --disable-welcome-email
  make mm team create --name ${quote(team.name)} --display-name ${quote(team.title)}
  mm team users add ${quote(team.name)} ${quote(administrator.username)}
  touch ${marker}
fi
if [ -e /muster/configuration.json ]; then mm config patch /muster/configuration.json; fi
${installs.join("\n")}
${meetings(settings)}
echo "first run is done"
${sayReady}
exit $undone
`;
}

/** Switched off with the meetings, unless it is somebody else's; switched on again with them. */
function meetings(settings: Settings): string {
  const id = jitsiPlugin.id;
  return meets(settings)
    ? `if [ "$undone" = 0 ]; then mm plugin enable ${id}; touch ${meetingsMarker}; fi`
    : `if [ -e ${meetingsMarker} ]; then mm plugin disable ${id}; rm ${meetingsMarker}; fi`;
}
