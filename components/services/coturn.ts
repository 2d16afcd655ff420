import type { Settings } from "../../stacks/settings/schema";
import { meets } from "./jitsi";
import {
  certificateVolume,
  relays,
  relaysOverTls,
  tlsExpectations,
  tlsLines,
  tlsPorts,
  tlsStart,
} from "./coturn.tls";
import { healthFile, scriptedHealth } from "./health";
import { lowestPort, type Service, type ServiceContext } from "./service";
import { type PlainText, secret, text, type Text } from "./text";
import { model } from "./model";

const size = model.coturn;

/** A browser asks for one over UDP and one over TCP, on each of two networks. */
const allocationsPerPerson = 4;
const leastAllocations = 40;

/** Ports that relay, and how many allocations there may be: one port each. */
export function relayRange(settings: Settings): { first: number; last: number; allocations: number } {
  const { people, calls, media } = settings;
  const persons = (calls === "off" ? 0 : people.inCalls) + (meets(settings) ? people.inMeetings : 0);
  const allocations = Math.max(leastAllocations, allocationsPerPerson * persons);
  return { first: media.relayFirstPort, last: media.relayFirstPort + allocations - 1, allocations };
}

export { relays };

/** The secret that coturn shares with those who hand out credentials: the operator's, or a generated one. */
export const turnSecret = ({ secrets }: Pick<ServiceContext, "secrets">) =>
  secret(secrets.has("turnSecret") ? "turnSecret" : "turn-secret");

/** coturn: relays media for clients whose network lets it through by no other way. */
export const coturn: Service = {
  name: "coturn",
  title: "coturn",
  image: () => "coturn",
  user: { uid: 65534, gid: 65534 },
  when: relays,
  role: "media",
  needs: (_, settings) => {
    const { allocations } = relayRange(settings);
    return {
      memoryMiB: size.memoryBase + size.memoryPerAllocation * allocations,
      cpus: size.cpusBase + size.cpusPerAllocation * allocations,
      diskGiB: 0,
    };
  },
  ports: (settings) => [
    {
      name: "turn-udp",
      number: settings.media.turnPort,
      published: settings.media.turnPort,
      protocol: "udp",
      exposure: "media",
      why: "STUN, and the relay's front over UDP",
    },
    {
      name: "turn-tcp",
      number: settings.media.turnPort,
      published: settings.media.turnPort,
      protocol: "tcp",
      exposure: "media",
      why: "the relay's front for clients whose network stops UDP",
    },
    {
      name: "relay",
      number: relayRange(settings).first,
      published: relayRange(settings).first,
      last: relayRange(settings).last,
      protocol: "udp",
      exposure: "media",
      why: "the relay's back, towards the media servers",
    },
    ...tlsPorts(settings),
  ],
  volumes: () => [],
  sees: certificateVolume,
  generates: { "turn-secret": 40 },
  container: (context) => ({
    environment: {},
    files: [
      // In a file alone: the image's entrypoint evaluates what stands on the command line.
      { name: "turnserver.conf", content: configuration(context) },
      healthFile([
        {
          name: "stun",
          command: text`turnutils_stunclient -p ${context.settings.media.turnPort} ${context.privateAddress}`,
          restartAfterSeconds: 120,
        },
        ...tlsExpectations(context.settings),
      ]),
      ...(relaysOverTls(context.settings) ? [tlsStart.file] : []),
    ],
    ...(relaysOverTls(context.settings) ? { entrypoint: tlsStart.entrypoint } : {}),
    command: ["turnserver", "-c", "/muster/turnserver.conf"],
  }),
  shell: true,
  sandbox: {
    hostNetwork: {
      value: true,
      reason:
        "behind a bridge it can't relay to a media server on its own public address, and a range of published ports is slow",
    },
    capabilities: {
      value: ["CAP_NET_BIND_SERVICE"],
      reason: "the image's program carries this file capability and can't be run without it",
    },
    temporary: {
      value: { "/tmp": 16, "/var/lib/coturn": 16 },
      reason: "its empty user database and process id",
    },
    openFiles: { value: 16_384, reason: "a socket per allocation and per client" },
  },
  health: scriptedHealth({ startSeconds: 60 }),
  // On the host's network no right of the container's helps.
  sysctls: ({ media, turn }) => {
    const lowest = Math.min(media.turnPort, ...(turn === "tls" ? [media.turnTlsPort] : []));
    return lowest < 1024 ? { [lowestPort]: lowest } : {};
  },
  startsAfter: [],
  stopGraceSeconds: 10,
  jobs: [],
};

/** Nobody may be relayed to these. As ranges: coturn takes no CIDR, and a malformed one keeps it from starting. */
const denied = [
  "0.0.0.0-0.255.255.255",
  "10.0.0.0-10.255.255.255",
  "100.64.0.0-100.127.255.255",
  "127.0.0.0-127.255.255.255",
  "169.254.0.0-169.254.255.255",
  "172.16.0.0-172.31.255.255",
  "192.0.0.0-192.0.0.255",
  "192.0.2.0-192.0.2.255",
  "192.88.99.0-192.88.99.255",
  "192.168.0.0-192.168.255.255",
  "198.18.0.0-198.19.255.255",
  "198.51.100.0-198.51.100.255",
  "203.0.113.0-203.0.113.255",
  "224.0.0.0-255.255.255.255",
  "::-::ffff:ffff:ffff",
  "64:ff9b::-64:ff9b::ffff:ffff",
  "fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
  "fe80::-febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];

/**
 * Allocations of one name. In meetings, those who join in the same second share a name: half of a meeting may.
 */
export function userQuota(settings: Settings): number {
  const { allocations } = relayRange(settings);
  const atOnce = meets(settings) ? (allocationsPerPerson * settings.people.inMeetings) / 2 : 0;
  return Math.max(allocationsPerPerson * 3, Math.ceil(allocations / 4), atOnce);
}

function configuration(context: ServiceContext): Text {
  const { settings, publicAddress, privateAddress, mediaHosts } = context;
  const { first, last, allocations } = relayRange(settings);
  const rest = [
    `listening-port=${settings.media.turnPort}`,
    `min-port=${first}`,
    `max-port=${last}`,
    `realm=${settings.domain}`,
    "fingerprint",
    "use-auth-secret",
    `user-quota=${userQuota(settings)}`,
    `total-quota=${allocations}`,
    "stale-nonce=600",
    "no-multicast-peers",
    "no-tcp-relay",
    ...tlsLines(settings),
    "no-dtls",
    "no-software-attribute",
    "log-file=stdout",
    "pidfile=/tmp/turnserver.pid",
    ...denied.map((range) => `denied-peer-ip=${range}`),
  ];
  const peers = mediaHosts.reduce<PlainText>(
    (all, host) =>
      text`${all}allowed-peer-ip=${host.publicAddress}\nallowed-peer-ip=${host.privateAddress}\n`,
    text``,
  );
  // coturn itself puts the private address in the place of the public one before it looks whom it may relay to.
  return text`listening-ip=${privateAddress}
relay-ip=${privateAddress}
external-ip=${publicAddress}/${privateAddress}
${peers}static-auth-secret=${turnSecret(context)}
${rest.join("\n")}
`;
}
