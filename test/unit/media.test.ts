import fc from "fast-check";
import { relayRange, userQuota } from "../../components/services/coturn";
import { fill, secretsIn, type Text } from "../../components/services/text";
import type { ServicePlan, Topology } from "../../stacks/topology";
import { localTopology } from "../helpers/stacks";

const address = "203.0.113.10";
const own = "10.0.0.5";
const host = { provider: "local", address, privateAddress: own };
const everything = { host, calls: "embedded", meetings: "jitsi" };
const licensed = { ...everything, calls: "rtcd", edition: "enterprise" };

const shown = (source: string | Text): string =>
  typeof source === "string"
    ? source
    : fill(source, (late) =>
        "secret" in late
          ? `<${late.secret}>`
          : "publicAddressOf" in late
            ? `public of ${late.publicAddressOf}`
            : "privateAddressOf" in late
              ? `own of ${late.privateAddressOf}`
              : "peerAddressOf" in late
                ? `peer of ${late.peerAddressOf}`
                : `id of ${late.containerIdOf}`,
      );
const planOf = ({ services }: Topology, name: string): ServicePlan => {
  const found = services.find((plan) => plan.name === name);
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
};
const environmentOf = (topology: Topology, name: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(planOf(topology, name).spec.environment).map(([key, value]) => [key, shown(value)]),
  );
const fileOf = (topology: Topology, service: string, name: string): string =>
  shown(planOf(topology, service).spec.files?.find((file) => file.name === name)?.content ?? "");
const names = (topology: Topology): string[] => topology.services.map(({ name }) => name).sort();
const base = ["backup", "caddy", "mattermost", "postgres"];
const jitsi = ["jitsi-jicofo", "jitsi-jvb", "jitsi-prosody", "jitsi-web"];

describe("which services run", () => {
  it.each([
    [{ calls: "off", meetings: "off" }, base],
    [{ calls: "embedded", meetings: "off" }, [...base, "coturn"]],
    [{ calls: "embedded", meetings: "off", turn: "off" }, base],
    [{ calls: "off", meetings: "jitsi" }, [...base, ...jitsi, "coturn"]],
    [{ calls: "rtcd", meetings: "jitsi", turn: "off" }, [...base, ...jitsi, "rtcd"]],
  ])("with %j", (change, expected) => {
    expect(names(localTopology({ host, ...change }))).toEqual([...expected].sort());
  });
});

describe("the one advertised address", () => {
  it("is given to all that advertise one, and to nobody the container's own", () => {
    const topology = localTopology(licensed, ["licence"]);
    const embedded = localTopology(everything);
    expect(environmentOf(embedded, "mattermost")["MM_CALLS_ICE_HOST_OVERRIDE"]).toBe("public of main");
    expect(environmentOf(topology, "rtcd")["RTCD_RTC_ICEHOSTOVERRIDE"]).toBe("public of main");
    expect(environmentOf(topology, "jitsi-jvb")["JVB_ADVERTISE_IPS"]).toBe("public of main");
    expect(fileOf(topology, "coturn", "turnserver.conf")).toContain(
      "external-ip=public of main/own of main\n",
    );
  });

  it.each([
    ["203.0.113.10", "false"],
    ["192.168.7.10", "true"],
    ["10.1.2.3", "true"],
    ["172.31.0.1", "true"],
    ["172.32.0.1", "false"],
  ])("%s: the videobridge, which takes it away where private ones are off, has them on: %s", (at, on) => {
    const topology = localTopology({ ...everything, host: { provider: "local", address: at } });
    expect(environmentOf(topology, "jitsi-jvb")["JVB_ADVERTISE_PRIVATE_CANDIDATES"]).toBe(on);
  });

  it("must be an address", () => {
    expect(() => localTopology({ host: { provider: "local", address: "chat.example.org" } })).toThrow(
      /muster:host\.address: not an IPv4 address/,
    );
  });

  it("is asked of nobody on the internet", () => {
    const topology = localTopology(licensed, ["licence"]);
    expect(environmentOf(topology, "jitsi-jvb")["JVB_DISABLE_STUN"]).toBe("1");
    for (const { name } of topology.services)
      for (const value of Object.values(environmentOf(topology, name)))
        expect(value).not.toMatch(/stun\.|meet-jit-si|google/);
    expect(environmentOf(topology, "jitsi-web")["P2P_STUN_SERVERS"]).toBe("public of main:3478");
    const without = localTopology({ ...everything, turn: "off" });
    expect(environmentOf(without, "jitsi-web")).not.toHaveProperty("P2P_STUN_SERVERS");
  });
});

it("are different for rtcd and for embedded calls, of which one starts before the other has ended", () => {
  const { rtcdPort, embeddedPort } = localTopology().settings.media;
  expect(rtcdPort).not.toBe(embeddedPort);
});

describe("media servers on several networks", () => {
  it("listen on the way out alone, whose address they learn at each start", () => {
    const embedded = planOf(localTopology(everything), "mattermost");
    const rtcd = planOf(localTopology(licensed, ["licence"]), "rtcd");
    for (const { spec, service } of [embedded, rtcd]) {
      expect(service.shell).toBe(true);
      expect(spec.entrypoint).toEqual(["/muster/busybox", "sh", "/muster/start.sh"]);
    }
    expect(embedded.spec.command).toEqual(["/mattermost/bin/mattermost"]);
    expect(rtcd.spec.command).toEqual(["/opt/rtcd/bin/rtcd"]);
    const start = fileOf(localTopology(everything), "mattermost", "start.sh");
    expect(start).toContain(
      'export MM_CALLS_UDP_SERVER_ADDRESS="$own"\nexport MM_CALLS_TCP_SERVER_ADDRESS="$own"\n',
    );
    expect(fileOf(localTopology(licensed, ["licence"]), "rtcd", "start.sh")).toContain(
      'export RTCD_RTC_ICEADDRESSUDP="$own"\nexport RTCD_RTC_ICEADDRESSTCP="$own"\nexec "$@"',
    );
    expect(planOf(localTopology(licensed, ["licence"]), "mattermost").spec.entrypoint).toBeUndefined();
  });
});

describe("the media ports", () => {
  it("are those that the processes are told", () => {
    const media = {
      embeddedPort: 4443,
      rtcdPort: 4445,
      meetingsPort: 4000,
      turnPort: 4478,
      relayFirstPort: 30_000,
    };
    const embedded = localTopology({ ...everything, media });
    const topology = localTopology({ ...licensed, media }, ["licence"]);
    const open = (of: Topology, service: string): string[] =>
      of.openings
        .filter((opening) => opening.service === service)
        .map(({ published, number, last, protocol }) => {
          expect(number).toBe(published);
          return `${published}-${last}/${protocol}`;
        });
    expect(open(embedded, "mattermost")).toEqual(["4443-4443/udp", "4443-4443/tcp"]);
    expect(environmentOf(embedded, "mattermost")).toMatchObject({
      MM_CALLS_UDP_SERVER_PORT: "4443",
      MM_CALLS_TCP_SERVER_PORT: "4443",
    });
    expect(open(topology, "mattermost")).toEqual([]);
    expect(open(topology, "rtcd")).toEqual(["4445-4445/udp", "4445-4445/tcp"]);
    expect(environmentOf(topology, "rtcd")).toMatchObject({
      RTCD_RTC_ICEPORTUDP: "4445",
      RTCD_RTC_ICEPORTTCP: "4445",
    });
    expect(open(topology, "jitsi-jvb")).toEqual(["4000-4000/udp"]);
    expect(environmentOf(topology, "jitsi-jvb")["JVB_PORT"]).toBe("4000");
    expect(open(topology, "coturn")).toEqual(["4478-4478/udp", "4478-4478/tcp", "30000-30079/udp"]);
    expect(fileOf(topology, "coturn", "turnserver.conf")).toMatch(
      /\nlistening-port=4478\nmin-port=30000\nmax-port=30079\n/,
    );
  });
});

describe("the relay", () => {
  it("has a port for each allocation that its quota grants, and more for more people", () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(2000), (inCalls, inMeetings) => {
        const people = { accounts: 5000, active: 5000, inCalls, inMeetings };
        const { settings } = localTopology({ ...everything, people, edition: "enterprise" });
        const { first, last, allocations } = relayRange(settings);
        expect(last - first + 1).toBe(allocations);
        expect(allocations).toBeGreaterThanOrEqual(Math.max(40, 4 * (inCalls + inMeetings)));
        const more = { ...settings, people: { ...settings.people, inCalls: inCalls + 10 } };
        expect(relayRange(more).allocations).toBeGreaterThanOrEqual(allocations);
      }),
    );
  });

  it("lets half of a meeting join in one second, whose credentials share a name, and no name take all", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 2000 }),
        fc.integer({ min: 2, max: 2000 }),
        (inCalls, inMeetings) => {
          const people = { accounts: 5000, active: 5000, inCalls, inMeetings };
          for (const calls of ["embedded", "off"]) {
            const { settings } = localTopology({ ...everything, calls, people, edition: "enterprise" });
            expect(userQuota(settings)).toBeGreaterThanOrEqual(Math.max(12, 2 * inMeetings));
            expect(userQuota(settings)).toBeLessThan(relayRange(settings).allocations);
          }
        },
      ),
    );
  });

  it("counts nobody in what is off", () => {
    const people = { active: 20, inCalls: 20, inMeetings: 20 };
    const allocations = (change: Record<string, unknown>): number =>
      relayRange(localTopology({ host, people, ...change }).settings).allocations;
    expect(allocations({ calls: "embedded", meetings: "jitsi" })).toBe(160);
    expect(allocations({ calls: "embedded", meetings: "off" })).toBe(80);
    expect(allocations({ calls: "off", meetings: "jitsi" })).toBe(80);
  });

  it("relays to the media servers' own addresses, and to nothing else that is private", () => {
    const lines = fileOf(localTopology(everything), "coturn", "turnserver.conf").split("\n");
    const of = (key: string): string[] =>
      lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
    expect(of("allowed-peer-ip")).toEqual(["public of main", "own of main"]);
    expect(of("listening-ip")).toEqual(["own of main"]);
    expect(of("relay-ip")).toEqual(["own of main"]);
    const ranges = of("denied-peer-ip");
    for (const start of ["10.0.0.0", "127.0.0.0", "169.254.0.0", "172.16.0.0", "192.168.0.0", "100.64.0.0"])
      expect(ranges.filter((range) => range.startsWith(`${start}-`))).toHaveLength(1);
    // Neither CIDR nor a single host name: coturn would not start.
    for (const range of ranges) expect(range).toMatch(/^[0-9a-f:.]+-[0-9a-f:.]+$/);
    for (const flag of ["use-auth-secret", "no-tcp-relay", "no-multicast-peers", "stale-nonce=600"])
      expect(lines).toContain(flag);
    expect(Number(of("user-quota")[0])).toBeLessThan(Number(of("total-quota")[0]));
  });

  it("has its secret in its file alone, and shares it with those who hand out credentials", () => {
    const topology = localTopology(everything);
    expect(fileOf(topology, "coturn", "turnserver.conf")).toContain("static-auth-secret=<turn-secret>\n");
    expect(planOf(topology, "coturn").spec.command).toEqual(["turnserver", "-c", "/muster/turnserver.conf"]);
    expect(planOf(topology, "coturn").spec.environment).toEqual({});
    expect(fileOf(topology, "jitsi-prosody", "secrets.env")).toContain("TURN_CREDENTIALS='<turn-secret>'\n");
    const [job] = planOf(topology, "mattermost").jobs;
    const configuration = job?.spec.files?.find(({ name }) => name === "configuration.json");
    expect(secretsIn(configuration?.content ?? { parts: [] })).toContain("turn-secret");
  });

  it("uses the operator's secret where there is one", () => {
    const topology = localTopology(everything, ["turnSecret"]);
    expect(fileOf(topology, "coturn", "turnserver.conf")).toContain("static-auth-secret=<turnSecret>\n");
    expect(fileOf(topology, "jitsi-prosody", "secrets.env")).toContain("TURN_CREDENTIALS='<turnSecret>'\n");
  });

  it("leaves no trace where it is off", () => {
    const topology = localTopology({ ...everything, turn: "off" });
    expect(environmentOf(topology, "mattermost")["MM_CALLS_ICE_SERVERS_CONFIGS"]).toBe("[]");
    expect(
      Object.keys(environmentOf(topology, "jitsi-prosody")).filter((key) => /TURN|STUN/.test(key)),
    ).toEqual([]);
    expect(fileOf(topology, "jitsi-prosody", "secrets.env")).not.toContain("TURN");
  });
});

describe("calls", () => {
  it("use our own ICE servers, and leave the plugin's test mode", () => {
    const environment = environmentOf(localTopology(everything), "mattermost");
    expect(JSON.parse(environment["MM_CALLS_ICE_SERVERS_CONFIGS"] ?? "")).toEqual([
      { urls: ["turn:public of main:3478?transport=udp", "turn:public of main:3478?transport=tcp"] },
    ]);
    expect(environment).toMatchObject({
      MM_CALLS_DEFAULT_ENABLED: "true",
      MM_CALLS_MAX_CALL_PARTICIPANTS: "10",
    });
    expect(environment).not.toHaveProperty("MM_CALLS_DISABLE");
    expect(environment).not.toHaveProperty("MM_CALLS_RTCD_SERVICE_URL");
  });

  it("find rtcd on the private network, and wait for it", () => {
    const topology = localTopology(licensed, ["licence"]);
    expect(environmentOf(topology, "mattermost")).toMatchObject({
      MM_CALLS_RTCD_SERVICE_URL: "http://rtcd:8045",
    });
    expect(environmentOf(topology, "mattermost")).not.toHaveProperty("MM_CALLS_ICE_HOST_OVERRIDE");
    expect(planOf(topology, "mattermost").service.startsAfter).toContain("rtcd");
    expect(topology.networks.find(({ name }) => name === "rtcd")).toMatchObject({
      internal: true,
      members: ["rtcd", "mattermost"],
    });
    expect(topology.openings.map(({ published }) => published)).not.toContain(8045);
    expect(planOf(topology, "rtcd").service.stopGraceSeconds).toBeGreaterThanOrEqual(300);
  });

  it("are part of the chat server's health, unless they are off", () => {
    const check = (change: Record<string, unknown>): string =>
      fileOf(localTopology({ host, ...change }), "mattermost", "health.sh");
    expect(check({ calls: "embedded" })).toContain("/plugins/com.mattermost.calls/version");
    expect(check({ calls: "off" })).not.toContain("com.mattermost.calls");
    expect(environmentOf(localTopology({ calls: "off" }), "mattermost")["MM_CALLS_DISABLE"]).toBe("true");
  });
});
