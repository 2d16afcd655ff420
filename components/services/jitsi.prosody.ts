import { relays, turnSecret } from "./coturn";
import { relaysOverTls } from "./coturn.tls";
import {
  jitsiAppId,
  jitsiContainer,
  jitsiHealth,
  jitsiSandbox,
  jitsiUser,
  meets,
  ownCheck,
  xmppServer,
} from "./jitsi";
import type { Service, ServiceContext } from "./service";
import { type PlainText, text } from "./text";
import { mediaName } from "./tls";
import { model } from "./model";

const size = model.prosody;

/** How long credentials for the relay hold: longer than a meeting. */
const turnSeconds = 4 * 60 * 60;

/** Prosody: the XMPP server of Jitsi. Decides who may start and who may join. */
export const jitsiProsody: Service = {
  name: xmppServer.name,
  title: "Jitsi Prosody",
  image: () => "jitsi-prosody",
  user: jitsiUser,
  when: meets,
  role: "app",
  // One core does it all.
  needs: ({ inMeetings }) => ({
    memoryMiB: size.memoryBase + size.memoryPerPerson * inMeetings,
    cpus: size.cpusBase + Math.min(1, size.cpusPerPerson * inMeetings),
    diskGiB: 0,
  }),
  ports: () => [
    {
      name: "xmpp",
      number: xmppServer.port,
      protocol: "tcp",
      exposure: "internal",
      consumers: ["jitsi-jicofo", "jitsi-jvb"],
      why: "Jitsi's own parts",
    },
    {
      name: "http",
      number: 5280,
      protocol: "tcp",
      exposure: "internal",
      consumers: ["jitsi-web"],
      why: "people's signalling, over a websocket",
    },
  ],
  volumes: () => [],
  generates: { "jicofo-password": 32, "jvb-password": 32, "jitsi-app-secret": 40 },
  container: (context) =>
    jitsiContainer({
      environment: { ...access(context), ...turn(context) },
      secrets: {
        JICOFO_AUTH_PASSWORD: "jicofo-password",
        JVB_AUTH_PASSWORD: "jvb-password",
        JWT_APP_SECRET: "jitsi-app-secret",
        ...(relays(context.settings) ? { TURN_CREDENTIALS: text`${turnSecret(context)}` } : {}),
      },
      expectations: [ownCheck],
      files: [{ name: `mod_${lobbyModule}.lua`, content: text`${lobbyScript}` }],
      prepare: `cp /muster/mod_${lobbyModule}.lua /prosody-plugins-custom/`,
    }),
  // Its data are the accounts of Jitsi's own parts, which are made anew at each start: no old password outlives it.
  sandbox: jitsiSandbox({ "/prosody-plugins-custom": 1, "/var/lib/prosody": 16 }),
  shell: true,
  health: jitsiHealth,
  startsAfter: [],
  stopGraceSeconds: 10,
  jobs: [],
};

const lobbyModule = "muster_members_skip_lobby";

/**
 * The image's own modules open a lobby in every room, for members as well, whose tokens would have to say that they
 * pass; the plugin's don't. So who has signed in on the members' host is let through. The host is asked, not the
 * session's token: a guest's session holds whatever the guest put into the address.
 */
const lobbyScript = `local host = require "util.jid".host
local members = module:get_option_string("muc_mapper_domain_base")

module:hook("muc-occupant-pre-join", function (event)
	local room, occupant = event.room, event.occupant
	if host(occupant.bare_jid) ~= members or not room:get_members_only() then return end
	occupant.role = occupant.role or "participant"
	if (room:get_affiliation(occupant.bare_jid) or "none") == "none" then
		room:set_affiliation(true, occupant.bare_jid, "member")
	end
end, -3)
`;

/** Members come with a token that chat made; guests, where they may, come without and wait in the lobby. */
function access({ settings, siteUrl }: ServiceContext): Record<string, string> {
  const guests = settings.meetingAccess === "guests";
  return {
    PUBLIC_URL: siteUrl("meet"),
    ENABLE_AUTH: "1",
    AUTH_TYPE: "jwt",
    JWT_APP_ID: jitsiAppId,
    JWT_ACCEPTED_ISSUERS: jitsiAppId,
    JWT_ACCEPTED_AUDIENCES: jitsiAppId,
    JWT_ALLOW_EMPTY: "0",
    // A token's subject is the site's name, which is no XMPP domain: checked, it would fit nobody.
    JWT_ENABLE_DOMAIN_VERIFICATION: "false",
    ENABLE_GUESTS: guests ? "1" : "0",
    ENABLE_LOBBY: "1",
    ...(guests
      ? { XMPP_MODULES: "persistent_lobby", XMPP_MUC_MODULES: `lobby_autostart,${lobbyModule}` }
      : {}),
    ENABLE_IPV6: "0",
    MAX_PARTICIPANTS: String(settings.people.inMeetings),
  };
}

function turn({ settings, publicAddressOf }: ServiceContext): Record<string, string | PlainText> {
  if (!relays(settings)) return {};
  const port = String(settings.media.turnPort);
  return {
    STUN_HOST: publicAddressOf("coturn"),
    STUN_PORT: port,
    TURN_HOST: publicAddressOf("coturn"),
    TURN_PORT: port,
    TURN_TRANSPORT: "udp,tcp",
    TURN_TTL: String(turnSeconds),
    ...(relaysOverTls(settings)
      ? { TURNS_HOST: mediaName(settings), TURNS_PORT: String(settings.media.turnTlsPort) }
      : {}),
  };
}
