import { jitsiContainer, jitsiHealth, jitsiSandbox, jitsiUser, meets, ownCheck, xmppServer } from "./jitsi";
import type { Settings } from "../../stacks/settings/schema";
import type { Demand, Service } from "./service";
import { model } from "./model";

const size = model.jvb;

/** Whether the advertised address is one of a private network, which Java calls site-local. */
function isPrivate({ host }: Settings): boolean {
  const address = "address" in host ? host.address : "";
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address);
}

/** What the bridge sends when everybody is in one meeting: to each, the others' cameras and voices. */
function meetingsMbps({ inMeetings, cameras }: Demand): number {
  const seen = Math.max(0, Math.min(cameras, inMeetings - 1));
  const perPerson = Math.min(size.trafficPerPersonMost, size.trafficPerCamera * seen) + size.trafficPerPerson;
  return inMeetings * perPerson;
}

/** Jitsi Videobridge: everybody's media goes through it. */
export const jitsiJvb: Service = {
  name: "jitsi-jvb",
  title: "Jitsi Videobridge",
  image: () => "jitsi-jvb",
  user: jitsiUser,
  when: meets,
  role: "media",
  needs: (people) => ({
    memoryMiB:
      size.memoryBeside + Math.min(size.heapMost, size.heapBase + size.heapPerPerson * people.inMeetings),
    cpus: size.cpusBase + size.cpusPerTraffic * meetingsMbps(people),
    diskGiB: 0,
    egressMbps: meetingsMbps(people),
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
      metrics: ["/metrics"],
      why: "its own health, and endpoints for probes; Jitsi's other parts are on the same network",
    },
  ],
  volumes: () => [],
  container: ({ settings, needs, publicAddress, hostName }) =>
    jitsiContainer({
      environment: {
        XMPP_SERVER: hostName(xmppServer.name),
        XMPP_PORT: String(xmppServer.port),
        JVB_PORT: String(settings.media.meetingsPort),
        JVB_ADVERTISE_IPS: publicAddress,
        // The container's own address is of no use to anybody; but off, this would take a LAN's address away as well.
        JVB_ADVERTISE_PRIVATE_CANDIDATES: String(isPrivate(settings)),
        JVB_DISABLE_STUN: "1",
        DISABLE_AWS_HARVESTER: "true",
        // A probe asks here for a place to send media to.
        COLIBRI_REST_ENABLED: "true",
        VIDEOBRIDGE_MAX_MEMORY: `${needs.memoryMiB - size.memoryBeside}m`,
      },
      secrets: { JVB_AUTH_PASSWORD: "jvb-password" },
      expectations: [ownCheck],
    }),
  sandbox: {
    ...jitsiSandbox({}),
    egress: { value: true, reason: "sends media to clients" },
    openFiles: { value: 16_384, reason: "sockets and files of hundreds of participants" },
  },
  shell: true,
  health: jitsiHealth,
  sysctls: () => ({ "net.core.rmem_max": 10_485_760 }),
  startsAfter: ["jitsi-prosody"],
  stopGraceSeconds: 30,
  jobs: [],
};
