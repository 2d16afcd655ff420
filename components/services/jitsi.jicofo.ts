import { jitsiContainer, jitsiHealth, jitsiSandbox, jitsiUser, meets, ownCheck, xmppServer } from "./jitsi";
import type { Service } from "./service";
import { model } from "./model";

const size = model.jicofo;

/** Jicofo: makes the rooms and gives each participant a place at the videobridge. */
export const jitsiJicofo: Service = {
  name: "jitsi-jicofo",
  title: "Jitsi Jicofo",
  image: () => "jitsi-jicofo",
  user: jitsiUser,
  when: meets,
  role: "app",
  needs: ({ inMeetings }) => ({
    memoryMiB: size.memoryBeside + Math.min(size.heapMost, size.heapBase + size.heapPerPerson * inMeetings),
    cpus: size.cpusBase + size.cpusPerPerson * inMeetings,
    diskGiB: 0,
  }),
  ports: () => [],
  volumes: () => [],
  container: ({ needs }) =>
    jitsiContainer({
      environment: {
        XMPP_SERVER: xmppServer.name,
        XMPP_PORT: String(xmppServer.port),
        ENABLE_AUTH: "1",
        AUTH_TYPE: "jwt",
        JICOFO_MAX_MEMORY: `${needs.memoryMiB - size.memoryBeside}m`,
      },
      secrets: { JICOFO_AUTH_PASSWORD: "jicofo-password" },
      expectations: [ownCheck],
    }),
  sandbox: jitsiSandbox({}),
  shell: true,
  health: jitsiHealth,
  // Its own check asks for a videobridge.
  startsAfter: ["jitsi-prosody", "jitsi-jvb"],
  stopGraceSeconds: 10,
  jobs: [],
};
