import { relays } from "./coturn";
import { jitsiContainer, jitsiHealth, jitsiSandbox, jitsiUser, meets, xmppServer } from "./jitsi";
import type { Service } from "./service";
import { text } from "./text";
import { model } from "./model";

const size = model.jitsiWeb;

/** Jitsi Meet's pages, and the way of their signalling to the XMPP server. */
export const jitsiWeb: Service = {
  name: "jitsi-web",
  title: "Jitsi web",
  image: () => "jitsi-web",
  user: jitsiUser,
  when: meets,
  role: "app",
  needs: ({ inMeetings }) => ({
    memoryMiB: size.memoryBase + size.memoryPerPerson * inMeetings,
    cpus: size.cpusBase,
    diskGiB: 0,
  }),
  ports: () => [
    {
      name: "http",
      number: 8000,
      protocol: "tcp",
      exposure: "web",
      site: "meet",
      healthPath: "/",
      maxBodyMiB: 10,
      framedBy: ["chat"],
      why: "pages and signalling of meetings",
    },
  ],
  volumes: () => [],
  container: ({ settings, address, siteUrl, publicAddressOf }) =>
    jitsiContainer({
      environment: {
        PUBLIC_URL: siteUrl("meet"),
        XMPP_BOSH_URL_BASE: text`http://${address(xmppServer.name, "http")}`,
        DISABLE_HTTPS: "1",
        ENABLE_HTTP_REDIRECT: "0",
        ENABLE_IPV6: "0",
        ENABLE_AUTH: "1",
        ENABLE_GUESTS: settings.meetingAccess === "guests" ? "1" : "0",
        ENABLE_LOBBY: "1",
        ENABLE_PREJOIN_PAGE: "1",
        RESOLUTION: "720",
        // All through the videobridge: people don't learn each other's addresses, and what works for two works for ten.
        ENABLE_P2P: "0",
        ...(relays(settings)
          ? { P2P_STUN_SERVERS: text`${publicAddressOf("coturn")}:${settings.media.turnPort}` }
          : {}),
      },
      expectations: [{ name: "pages", command: "curl -fs http://127.0.0.1:8000/", restartAfterSeconds: 180 }],
    }),
  sandbox: jitsiSandbox({ "/usr/share/jitsi-meet/transcripts": 1 }),
  shell: true,
  health: jitsiHealth,
  startsAfter: ["jitsi-prosody"],
  stopGraceSeconds: 10,
  jobs: [],
};
