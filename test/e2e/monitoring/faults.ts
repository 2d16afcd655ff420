/** Faults that take a while to become an alert: each one's condition holds while the fault is there, and no longer. */
import { bridgeEndpoint } from "../../../probe";
import { inPairs, joined, leave } from "../media/calls";
import { faults as doctorFaults, issued, type Undo } from "../media/doctorFaults";
import { bridgeUrl } from "../media/meetings";
import type { MediaStack } from "../media/stack";
import { seconds } from "./conditions";
import { until } from "./prometheus";
import { type MonitoringStage, servicesOf } from "./stage";

export interface AlertFault {
  fault: string;
  /** Produces it. */
  make: (media: MediaStack) => Promise<Undo> | Undo;
  /** Alerts whose condition it makes true. */
  alerts: readonly string[];
}

/** One that the doctor finds as well. */
const known = (fault: string): Pick<AlertFault, "fault" | "make"> => {
  const found = doctorFaults.find((one) => one.fault === fault);
  if (found === undefined) throw new Error(`the doctor's tests know no ${fault}`);
  return found;
};

/** A run that nothing has followed: the metrics are those of the last one, or of the container's start. */
function aged(kind: "backup" | "check" | "drill", alerts: readonly string[]): AlertFault {
  const { fault, make } = known(`a ${kind} that is too old`);
  const measure = (media: MediaStack) => media.runIn("backup", ["sh", "/muster/metrics.sh"]);
  return {
    fault,
    make: async (media) => {
      const undo = await make(media);
      await measure(media);
      return async () => {
        await undo();
        await measure(media);
      };
    },
    alerts,
  };
}

const minutes = 1 / (24 * 60);
const domainFolder = "/data/caddy/certificates/local/chat.localhost";

const psql = (media: MediaStack, ...queries: readonly string[]): Promise<string> =>
  media.runIn("postgres", [
    ...["psql", "-X", "-q", "-U", "mattermost", "-d", "mattermost"],
    ...queries.flatMap((query) => ["-c", query]),
  ]);

/** One session takes all but eight of the connections, and waits. */
const wanted = "current_setting('max_connections')::int - 8";
const taken = "(SELECT count(*)::int FROM pg_stat_activity WHERE datname IS NOT NULL)";
const hold = `SELECT count(dblink_connect('held' || number, 'dbname=mattermost user=mattermost')) FROM generate_series(1, ${wanted} - ${taken}) AS number`;
const wait = "SELECT pg_sleep(600)";
const letGo = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query = '${wait}'`;

export const alertFaults: readonly AlertFault[] = [
  aged("backup", ["BackupOld", "BackupFails"]),
  aged("drill", ["RestoreOld", "RestoreFails"]),
  aged("check", ["BackupCheckOld", "BackupCheckFails"]),
  { ...known("a container whose memory is nearly full"), alerts: ["ServiceMemoryShort"] },
  {
    fault: "a database whose connections are taken",
    make: (media) => {
      const held = psql(media, "CREATE EXTENSION dblink", hold, wait);
      return async () => {
        await psql(media, letGo);
        await held;
        await psql(media, "DROP EXTENSION dblink");
      };
    },
    alerts: ["DatabaseConnectionsShort"],
  },
  {
    fault: "a certificate that ends soon",
    make: async (media) => {
      const restart = () => media.stack.docker.getContainer(media.container("caddy")).restart();
      // More than a third of its time is left, so Caddy keeps it.
      const { cert, key } = await issued(media, 25 * minutes, 55 * minutes);
      const write = `cd ${domainFolder} && printf %s "$0" > chat.localhost.crt && printf %s "$1" > chat.localhost.key`;
      await media.runIn("caddy", ["sh", "-c", write, cert, key]);
      await restart();
      return async () => {
        await media.runIn("caddy", ["rm", "-r", domainFolder]);
        await restart();
      };
    },
    alerts: ["CertificateEnds"],
  },
  {
    fault: "more people in calls than the stack is sized for",
    make: async (media) => {
      // No call takes more of them: two do.
      const sessions = await joined(media, { transportPolicy: "udp" }, await inPairs(media, 4));
      return () => leave(sessions);
    },
    alerts: ["CallsCrowded"],
  },
  {
    fault: "more people in meetings than the stack is sized for",
    make: async (media) => {
      const conference = await bridgeEndpoint(await bridgeUrl(media));
      const one = () => conference.join({ transportPolicy: "udp", mediaAddress: media.address });
      const sessions = await Promise.all([one(), one(), one()]);
      return () => leave(sessions);
    },
    alerts: ["MeetingsCrowded"],
  },
];

/** Produces faults one at a time: each is seen, and none is once it is mended. */
export function seesFaults(stage: MonitoringStage): void {
  const { prometheus, stack } = stage;

  it("sees a service that is gone, the site behind it, and both come back", async () => {
    await stage.part("jitsi-web").stop();
    for (const name of ["ServiceDown", "EndpointDown"])
      expect(servicesOf(await stage.alerts.holds(name))).toEqual(["jitsi-web"]);
    await stage.part("jitsi-web").start();
    for (const name of ["ServiceDown", "EndpointDown"]) await stage.alerts.clears(name);
  });

  it("sees a door that is shut, an exporter that is silent, and a database that doesn't answer", async () => {
    const broken = ["coturn", "jitsi-jvb", "postgres"];
    for (const service of broken) await stage.part(service).stop();
    await stage.alerts.holds("EndpointDown", { service: "coturn" });
    await stage.alerts.holds("MetricsMissing", { service: "jitsi-jvb" });
    await stage.alerts.holds("DatabaseUnreachable", { service: "postgres-exporter" });
    for (const service of broken.reverse()) await stage.part(service).start();
    for (const name of ["EndpointDown", "MetricsMissing", "DatabaseUnreachable", "ServiceDown"])
      await stage.alerts.clears(name, {}, 2 * seconds);
  });

  it("sees a service that starts again and again", async () => {
    for (let times = 0; times < 3; times++) {
      const since = Date.now();
      await stage.part("jitsi-web").restart();
      // Each start is measured.
      await until(
        seconds,
        () => prometheus.query('muster_container_start_time_seconds{service="jitsi-web"}'),
        ([sample]) => sample !== undefined && sample.value * 1000 > since - 5000,
      );
    }
    await stage.alerts.holds("ServiceRestarts", { service: "jitsi-web" });
  });

  it("sees a program that wanted more memory than its service has", async () => {
    // Busybox keeps a line until it ends, and this one never does.
    await expect(stage.runIn("backup", ["tail", "/dev/zero"])).resolves.toBeDefined();
    expect(servicesOf(await stage.alerts.holds("ServiceOutOfMemory"))).toEqual(["backup"]);
    expect((await stage.alerts.wrong("OutOfMemory")).length).toBe(1);
    expect(await stack.unwell()).toEqual([]);
  });

  it("sees a backup that fails, and one that is good again", async () => {
    const move = (from: string, to: string) =>
      stage.runIn("backup", ["mv", `/repository/${from}`, `/repository/${to}`]);
    await move("config", "config.away");
    expect((await stack.run(["backup", stack.name])).code).not.toBe(0);
    await stage.alerts.holds("BackupFails");
    await move("config.away", "config");
    await stack.must(["backup", stack.name]);
    await stage.alerts.clears("BackupFails");
  });

  it.each(alertFaults)("sees $fault", async ({ make, alerts }) => {
    const undo = await make(stage);
    try {
      for (const name of alerts) await stage.alerts.holds(name);
    } finally {
      await undo();
    }
    for (const name of alerts) await stage.alerts.clears(name);
    await stack.healthy(120);
  });
}
