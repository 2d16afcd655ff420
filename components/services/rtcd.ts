import { healthFile, scriptedHealth } from "./health";
import { withOwnAddress } from "./ownAddress";
import type { Demand, Needs, Service } from "./service";
import { model } from "./model";

/** Port of its interface, for the chat server alone: metrics and profiles there ask for no password. */
const apiPort = 8045;

const start = withOwnAddress(["RTCD_RTC_ICEADDRESSUDP", "RTCD_RTC_ICEADDRESSTCP"], ["/opt/rtcd/bin/rtcd"]);

/** rtcd: the media server of calls, outside the chat server. Source: mattermost/rtcd, docs/env_config.md. */
export const rtcd: Service = {
  name: "rtcd",
  title: "rtcd",
  image: () => "rtcd",
  user: { uid: 65532, gid: 65532 },
  when: ({ calls }) => calls === "rtcd",
  role: "media",
  needs: (people) => {
    const load = callsLoad(people);
    return { ...load, memoryMiB: model.rtcd.memoryBase + load.memoryMiB };
  },
  ports: ({ media }) => [
    {
      name: "api",
      number: apiPort,
      protocol: "tcp",
      exposure: "internal",
      consumers: ["mattermost"],
      metrics: ["/metrics"],
      why: "the chat server's signalling",
    },
    ...callsMediaPorts(media.rtcdPort),
  ],
  volumes: () => [
    { name: "store", path: "/data", backup: "none", why: "its clients, which register again by themselves" },
  ],
  container: ({ settings: { media }, publicAddress }) => ({
    entrypoint: start.entrypoint,
    command: start.command,
    environment: {
      RTCD_API_HTTP_LISTENADDRESS: `:${apiPort}`,
      // On the private network with the chat server alone: it registers again when the store is lost.
      RTCD_API_SECURITY_ALLOWSELFREGISTRATION: "true",
      RTCD_RTC_ICEPORTUDP: String(media.rtcdPort),
      RTCD_RTC_ICEPORTTCP: String(media.rtcdPort),
      RTCD_RTC_ICEHOSTOVERRIDE: publicAddress,
      // Its documentation advises this for stability.
      RTCD_RTC_NACKDISABLECOPY: "false",
      RTCD_STORE_DATASOURCE: "/data/db",
      RTCD_LOGGER_ENABLEFILE: "false",
    },
    files: [
      start.file,
      healthFile([
        {
          name: "api",
          command: `$busybox wget -q -O - http://127.0.0.1:${apiPort}/version`,
          restartAfterSeconds: 120,
        },
      ]),
    ],
  }),
  shell: true,
  sandbox: {
    egress: { value: true, reason: "sends media to clients" },
    temporary: { value: { "/tmp": 16 }, reason: "the health check's memory" },
    openFiles: {
      value: 16_384,
      reason: "hundreds of UDP sockets, and one TCP connection per client behind a firewall",
    },
  },
  health: scriptedHealth({ startSeconds: 60 }),
  sysctls: () => callsSysctls,
  startsAfter: [],
  // It waits for its calls to end, without a limit of its own.
  stopGraceSeconds: 300,
  jobs: [],
};

/** Its sockets ask for buffers of 16 MiB. */
export const callsSysctls = { "net.core.rmem_max": 16_777_216, "net.core.wmem_max": 16_777_216 };

/** Doors for the media of calls, wherever the server for them runs. */
export function callsMediaPorts(port: number): ReturnType<Service["ports"]> {
  return (["udp", "tcp"] as const).map((protocol) => ({
    name: `media-${protocol}`,
    number: port,
    published: port,
    protocol,
    exposure: "media" as const,
    why:
      protocol === "udp"
        ? "voice, video and screens of calls"
        : "the same for clients whose network stops UDP",
  }));
}

/** What calls cost whoever carries their media: all people in one call, which is the most that they can ask. */
export function callsLoad({ inCalls, sharing }: Pick<Demand, "inCalls" | "sharing">): Needs {
  const others = Math.max(0, inCalls - 1);
  return streamsLoad({
    people: inCalls,
    voicesIn: Math.min(model.calls.voices, inCalls),
    voicesOut: Math.min(model.calls.voices, inCalls) * others,
    screensIn: sharing,
    screensOut: sharing * others,
  });
}

/** Streams through a media server: in from those who speak or share, out to everybody else in their call. */
export interface Streams {
  people: number;
  voicesIn: number;
  voicesOut: number;
  screensIn: number;
  screensOut: number;
}

/** What streams cost. */
export function streamsLoad({ people, voicesIn, voicesOut, screensIn, screensOut }: Streams) {
  const size = model.calls;
  return {
    memoryMiB: size.memoryPerPerson * people + size.memoryPerScreen * screensIn,
    cpus:
      size.cpusPerVoiceIn * voicesIn +
      size.cpusPerVoiceOut * voicesOut +
      size.cpusPerScreenIn * screensIn +
      size.cpusPerScreenOut * screensOut,
    diskGiB: 0,
    egressMbps: size.trafficPerVoice * voicesOut + size.trafficPerScreen * screensOut,
  };
}
