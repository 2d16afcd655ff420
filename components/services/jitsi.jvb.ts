import { jitsiContainer, jitsiHealth, jitsiSandbox, jitsiUser, meets, ownCheck, xmppServer } from "./jitsi";
import type { Service } from "./service";

/** Memory of the JVM beside its heap. */
const beside = 256;

/** Jitsi Videobridge: everybody's media goes through it. */
export const jitsiJvb: Service = {
  name: "jitsi-jvb",
  title: "Jitsi Videobridge",
  image: () => "jitsi-jvb",
  user: jitsiUser,
  when: meets,
  role: "media",
  // Four cores carry 225 people with cameras; a tile view of ten is 3 Mbit/s. Source: the handbook's requirements.
  needs: ({ inMeetings }) => ({
    memoryMiB: beside + Math.min(3072, 448 + 6 * inMeetings),
    cpus: 0.1 + inMeetings / 56,
    diskGiB: 0,
    egressMbps: 3 * inMeetings,
  }),
  ports: ({ media }) => [
    {
      name: "media",
      number: media.meetingsPort,
      published: media.meetingsPort,
      protocol: "udp",
      exposure: "media",
      why: "voice, video and screens of meetings",
    },
    {
      name: "http",
      number: 8080,
      protocol: "tcp",
      exposure: "internal",
      consumers: [],
      why: "its own health, and endpoints for probes",
    },
  ],
  volumes: () => [],
  container: ({ settings, needs, mediaAddress }) =>
    jitsiContainer({
      environment: {
        XMPP_SERVER: xmppServer.name,
        XMPP_PORT: String(xmppServer.port),
        JVB_PORT: String(settings.media.meetingsPort),
        // The one address, and no other: a private one would be refused by the relay, and seen by everybody.
        JVB_ADVERTISE_IPS: mediaAddress,
        JVB_ADVERTISE_PRIVATE_CANDIDATES: "false",
        JVB_DISABLE_STUN: "1",
        DISABLE_AWS_HARVESTER: "true",
        // On the private network of Jitsi's own parts alone: a probe asks here for a place to send media to.
        COLIBRI_REST_ENABLED: "true",
        VIDEOBRIDGE_MAX_MEMORY: `${needs.memoryMiB - beside}m`,
      },
      secrets: { JVB_AUTH_PASSWORD: "jvb-password" },
      expectations: [ownCheck],
    }),
  sandbox: {
    ...jitsiSandbox({}),
    egress: { value: true, reason: "sends media to clients" },
    openFiles: { value: 16_384, reason: "sockets and files of hundreds of participants" },
  },
  health: jitsiHealth,
  sysctls: { "net.core.rmem_max": 10_485_760 },
  startsAfter: ["jitsi-prosody"],
  stopGraceSeconds: 30,
  jobs: [],
};
