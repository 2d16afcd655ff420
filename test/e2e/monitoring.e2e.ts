/** A stack with its own monitoring: the real Prometheus and exporters, every query, and faults that make alerts. */
import { alertsOf } from "../../components/services/monitoring/alerts";
import { dashboardsOf } from "../../components/services/monitoring/dashboards";
import { aboutOf } from "../helpers/monitored";
import { MediaStack } from "./media/stack";
import { givesTargetsOutside } from "./monitoring/outside";
import { PrometheusClient, type Sample, until } from "./monitoring/prometheus";
import { suites } from "./suites";

/** Two measurements, and some patience. */
const seconds = 120;

describe("monitoring on a real engine", () => {
  const site = new MediaStack(suites.monitoring);
  const { stack } = site;
  const prometheus = new PrometheusClient(suites.monitoring.monitoring.prometheusPort);
  const about = () => aboutOf(stack.topology());
  const container = (service: string) => stack.docker.getContainer(site.container(service));
  const exprOf = (name: string): string => {
    const found = alertsOf(about()).find((alert) => alert.name === name);
    if (found === undefined) throw new Error(`no alert ${name}`);
    return found.expr;
  };
  const wrong = (name: string): Promise<Sample[]> => prometheus.query(exprOf(name));
  const services = (samples: readonly Sample[]): (string | undefined)[] =>
    samples.map(({ metric }) => metric["service"]);

  beforeAll(async () => {
    await site.open({ monitoring: { kind: "stack", ...suites.monitoring.monitoring }, turn: "on" });
    await site.up();
    await stack.must(["backup", stack.name]);
    await stack.must(["check", stack.name]);
    await stack.must(["drill", stack.name]);
  });

  afterAll(() => site.remove());

  it("has every target up", async () => {
    const targets = await until(
      seconds,
      () => prometheus.targets(),
      (found) => found.every(({ health }) => health !== "unknown"),
    );
    expect(
      targets
        .filter(({ health }) => health !== "up")
        .map(({ scrapeUrl, lastError }) => [scrapeUrl, lastError]),
    ).toEqual([]);
    expect(targets.map(({ scrapePool }) => scrapePool)).toEqual(
      expect.arrayContaining([
        "caddy",
        "backup",
        "jitsi-jvb",
        "node-exporter",
        "postgres-exporter",
        "sites",
        "doors",
      ]),
    );
  });

  it("counts every service of the stack as running, with its limit", async () => {
    const { services: plans } = stack.topology();
    const running = await until(
      seconds,
      () => prometheus.query("muster_container_up == 1"),
      (found) => found.length >= plans.length,
    );
    expect(services(running).sort()).toEqual(plans.map(({ name }) => name).sort());
    for (const { metric, value } of await prometheus.query("muster_container_memory_limit_bytes"))
      expect([metric["service"], value / 1024 ** 2]).toEqual([
        metric["service"],
        plans.find(({ name }) => name === metric["service"])?.needs.memoryMiB,
      ]);
  });

  it("answers every query of every dashboard with data", async () => {
    const queries = dashboardsOf(about()).flatMap(({ panels }) => panels.flatMap((panel) => panel.queries));
    for (const { expr } of queries)
      await until(
        seconds,
        async () => ({ expr, samples: (await prometheus.query(expr)).length }),
        ({ samples }) => samples > 0,
      );
  });

  it("has data for every metric that an alert names, and no alert", async () => {
    // What only a fault leaves behind.
    const never = "_last_failure_timestamp_seconds";
    for (const { name, expr } of alertsOf(about())) {
      const metrics = [...expr.matchAll(/\b(?:muster|node|probe|pg|jitsi|rtcd)_\w+|\bup\b/g)].map(
        ([metric]) => metric,
      );
      expect([name, metrics.length > 0]).toEqual([name, true]);
      for (const metric of metrics.filter((one) => !one.endsWith(never)))
        await until(
          seconds,
          async () => ({ name, metric, samples: (await prometheus.query(metric)).length }),
          ({ samples }) => samples > 0,
        );
      // The disk and the memory are this machine's, and may be what they are.
      if (!/^(Disk|Machine)/.test(name)) expect([name, await prometheus.query(expr)]).toEqual([name, []]);
    }
  });

  it("collects what its health checks have started", async () => {
    const dead = Object.entries(await stack.dead());
    expect(dead).toContainEqual(["mattermost", expect.any(Number)]);
    // By now there were dozens of checks; one may be under way.
    expect(dead.filter(([, count]) => count > 3)).toEqual([]);
  });

  it("reads what the database says of itself, and none of its tables", async () => {
    const psql = (query: string): Promise<string> =>
      site.runIn("postgres", [
        "sh",
        "-c",
        `psql -X -t -A -U mattermost -d mattermost -c "SET ROLE monitoring" -c "${query}"`,
      ]);
    expect(await psql("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = 'monitoring'")).toContain(
      "f|f",
    );
    expect(await psql("SELECT count(*) FROM users")).toContain("permission denied for table users");
  });

  it("sees a service that is gone, the site behind it, and both come back", async () => {
    await container("jitsi-web").stop();
    const down = await until(
      seconds,
      () => wrong("ServiceDown"),
      (found) => found.length > 0,
    );
    expect(services(down)).toEqual(["jitsi-web"]);
    const sites = await until(
      seconds,
      () => wrong("EndpointDown"),
      (found) => found.length > 0,
    );
    expect(services(sites)).toEqual(["jitsi-web"]);
    await container("jitsi-web").start();
    await until(
      seconds,
      () => wrong("ServiceDown"),
      (found) => found.length === 0,
    );
    await until(
      seconds,
      () => wrong("EndpointDown"),
      (found) => found.length === 0,
    );
  });

  it("sees a door that is shut, an exporter that is silent, and a database that doesn't answer", async () => {
    for (const service of ["coturn", "jitsi-jvb", "postgres"]) await container(service).stop();
    const has = (name: string, service: string) =>
      until(
        seconds,
        () => wrong(name),
        (found) => services(found).includes(service),
      );
    await has("EndpointDown", "coturn");
    await has("MetricsMissing", "jitsi-jvb");
    await has("DatabaseUnreachable", "postgres-exporter");
    for (const service of ["postgres", "jitsi-jvb", "coturn"]) await container(service).start();
    for (const name of ["EndpointDown", "MetricsMissing", "DatabaseUnreachable", "ServiceDown"])
      await until(
        2 * seconds,
        () => wrong(name),
        (found) => found.length === 0,
      );
  });

  it("sees a service that starts again and again", async () => {
    for (let times = 0; times < 3; times++) {
      const since = Date.now();
      await container("jitsi-web").restart();
      // Each start is measured.
      await until(
        seconds,
        () => prometheus.query('muster_container_start_time_seconds{service="jitsi-web"}'),
        ([sample]) => sample !== undefined && sample.value * 1000 > since - 5000,
      );
    }
    const restarts = await until(
      seconds,
      () => wrong("ServiceRestarts"),
      (found) => found.length > 0,
    );
    expect(services(restarts)).toContain("jitsi-web");
  });

  it("sees a program that wanted more memory than its service has", async () => {
    // Busybox keeps a line until it ends, and this one never does.
    await expect(site.runIn("backup", ["tail", "/dev/zero"])).resolves.toBeDefined();
    const found = await until(
      seconds,
      () => wrong("ServiceOutOfMemory"),
      (samples) => samples.length > 0,
    );
    expect(services(found)).toEqual(["backup"]);
    expect((await wrong("OutOfMemory")).length).toBe(1);
    expect(await stack.unwell()).toEqual([]);
  });

  it("sees a backup that fails, and one that is good again", async () => {
    const move = (from: string, to: string) =>
      site.runIn("backup", ["mv", `/repository/${from}`, `/repository/${to}`]);
    await move("config", "config.away");
    expect((await stack.run(["backup", stack.name])).code).not.toBe(0);
    await until(
      seconds,
      () => wrong("BackupFails"),
      (samples) => samples.length > 0,
    );
    await move("config.away", "config");
    await stack.must(["backup", stack.name]);
    await until(
      seconds,
      () => wrong("BackupFails"),
      (samples) => samples.length === 0,
    );
  });

  it("knows a container that was replaced, and its exporter is the same one", async () => {
    const before = (await container("node-exporter").inspect()).Id;
    await container("jitsi-web").remove({ force: true });
    await stack.up();
    expect((await container("node-exporter").inspect()).Id).toBe(before);
    await until(
      seconds,
      () => prometheus.query('muster_container_up{service="jitsi-web"} == 1'),
      (found) => found.length === 1,
    );
  });

  it("is reached from this machine's loopback alone", async () => {
    for (const name of ["prometheus", "grafana"]) {
      const { HostConfig } = await container(name).inspect();
      const bound = Object.values(HostConfig.PortBindings as Record<string, { HostIp: string }[]>).flat();
      expect(bound.map(({ HostIp }) => HostIp)).toEqual(["127.0.0.1"]);
    }
  });

  givesTargetsOutside(site);

  it("goes without a trace when it is switched off, and so do calls and meetings", async () => {
    stack.set(["monitoring"], { kind: "off" });
    for (const feature of ["calls", "meetings", "turn"]) stack.set([feature], "off");
    await stack.up();
    expect(
      [...(await stack.containers()).keys()].filter((name) =>
        /exporter|prometheus|grafana|jitsi|coturn/.test(name),
      ),
    ).toEqual([]);
    expect(await stack.unwell()).toEqual([]);
  });
});
