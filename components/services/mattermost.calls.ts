/**
 * Mattermost's Calls plugin, which comes with the server.
 * Source: mattermost-plugin-calls 1.11, its configuration and environment overrides.
 */
import type { Settings } from "../../stacks/settings/schema";
import { relays, turnSecret } from "./coturn";
import { relaysOverTls } from "./coturn.tls";
import type { Expectation } from "./health";
import { withOwnAddress } from "./ownAddress";
import { callsLoad, callsMediaPorts } from "./rtcd";
import type { Needs, Port, ServiceContext } from "./service";
import { jsonText, type JsonValue, type Late, type PlainText, text } from "./text";
import { mediaName } from "./tls";
import { model } from "./model";

export const callsPluginId = "com.mattermost.calls";
/** People whose media the chat server itself carries at most, as Mattermost advises. */
export const mostEmbedded = 50;
/** How long credentials for the relay hold: longer than a call. */
const turnMinutes = 240;

/** Embedded, the chat server itself is the media server. */
export const callsPorts = ({ calls, media }: Settings): readonly Port[] =>
  calls === "embedded" ? callsMediaPorts(media.embeddedPort) : [];

/** What calls cost the chat server: all of their media, or its part in signalling. */
export function callsNeeds({ calls, people }: Settings): Needs {
  if (calls === "embedded") return callsLoad(people);
  return {
    memoryMiB: calls === "rtcd" ? model.mattermost.memoryPerPersonInCalls * people.inCalls : 0,
    cpus: 0,
    diskGiB: 0,
  };
}

/**
 * As variables: they hold from the first start on, before any job has run. Without an address of its own, the
 * plugin would ask a server on the internet for it when it is activated, and advertise a container's.
 */
export function callsEnvironment(context: ServiceContext): Record<string, string | PlainText> {
  const { settings, address, publicAddress } = context;
  const { calls, media, people } = settings;
  if (calls === "off") return { MM_CALLS_DISABLE: "true" };
  const own: Record<string, string | PlainText> =
    calls === "rtcd"
      ? { MM_CALLS_RTCD_SERVICE_URL: text`http://${address("rtcd", "api")}` }
      : {
          MM_CALLS_ICE_HOST_OVERRIDE: publicAddress,
          MM_CALLS_UDP_SERVER_PORT: String(media.embeddedPort),
          MM_CALLS_TCP_SERVER_PORT: String(media.embeddedPort),
        };
  return {
    ...own,
    MM_CALLS_ICE_SERVERS_CONFIGS: iceServers(context),
    MM_CALLS_TURN_CREDENTIALS_EXPIRATION_MINUTES: String(turnMinutes),
    MM_CALLS_MAX_CALL_PARTICIPANTS: String(people.inCalls),
    // The other value is the plugin's test mode, in which administrators alone start calls.
    MM_CALLS_DEFAULT_ENABLED: "true",
    MM_CALLS_ALLOW_SCREEN_SHARING: "true",
    MM_CALLS_ENABLE_RINGING: "true",
  };
}

/**
 * Our own relay and nobody else's; credentials are made for each call from the shared secret. No `stun:` beside it:
 * clients learn their address from the relay, and the embedded media server would advertise its container's.
 */
function iceServers({ settings, publicAddressOf }: ServiceContext): PlainText {
  if (!relays(settings)) return text`[]`;
  const at = text`${publicAddressOf("coturn")}:${settings.media.turnPort}`;
  const overTls = text`turns:${mediaName(settings)}:${settings.media.turnTlsPort}?transport=tcp`;
  const urls = [text`turn:${at}?transport=udp`, text`turn:${at}?transport=tcp`];
  return jsonText([{ urls: relaysOverTls(settings) ? [...urls, overTls] : urls }]);
}

/** How the chat server starts where it carries media itself. */
export const callsStart = ({ calls }: Settings): ReturnType<typeof withOwnAddress> | undefined =>
  calls === "embedded"
    ? withOwnAddress(
        ["MM_CALLS_UDP_SERVER_ADDRESS", "MM_CALLS_TCP_SERVER_ADDRESS"],
        ["/mattermost/bin/mattermost"],
      )
    : undefined;

/** What must not stand in a variable. */
export const callsConfiguration = (context: ServiceContext): Record<string, JsonValue<Late>> =>
  context.settings.calls !== "off" && relays(context.settings)
    ? { [callsPluginId]: { turnstaticauthsecret: turnSecret(context) } }
    : {};

/**
 * An active plugin answers here without a sign-in. It isn't activated when rtcd doesn't answer as the server
 * starts, and nobody tries again: so the server is started anew. Switched off by an administrator, alone
 * or with all plugins, it may rest.
 */
export const callsExpectation = ({ calls }: Settings): Expectation[] =>
  calls === "off"
    ? []
    : [
        {
          name: "calls",
          command: `$busybox wget -q -O - http://127.0.0.1:8065/plugins/${callsPluginId}/version || mmctl --local --suppress-warnings config get PluginSettings.Enable | $busybox grep -q false || mmctl --local --suppress-warnings config get PluginSettings.PluginStates | $busybox tr -d " \\n\\t" | $busybox grep -q "\\"${callsPluginId}\\":{\\"Enable\\":false"`,
          restartAfterSeconds: 60,
        },
      ];
