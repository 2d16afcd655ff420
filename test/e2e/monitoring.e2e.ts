/** A stack with its own monitoring: the real Prometheus and exporters, every query, and faults that make alerts. */
import { alertsOf } from "../../components/services/monitoring/alerts";
import { dashboardsOf } from "../../components/services/monitoring/dashboards";
import { seconds } from "./monitoring/conditions";
import { seesFaults } from "./monitoring/faults";
import { drawsDashboards, showsInGrafana } from "./monitoring/grafana";
import { givesTargetsOutside } from "./monitoring/outside";
import { until } from "./monitoring/prometheus";
import { MonitoringStage, ofThisMachine, servicesOf } from "./monitoring/stage";

describe("monitoring on a real engine", () => {
  const stage = new MonitoringStage();
  const { prometheus, stack } = stage;

  beforeAll(() => stage.begin());
  afterAll(() => stage.end());

  it("has every target up", async () => {
    // Some services came after Prometheus: its first questions got no answer.
    const targets = await until(
      seconds,
      () => prometheus.targets(),
      (found) => found.every(({ health }) => health === "up"),
    );
    expect(targets.map(({ scrapePool }) => scrapePool)).toEqual(
      expect.arrayContaining([
        "caddy",
        "backup",
        "jitsi-jvb",
        "mattermost",
        "node-exporter",
        "postgres-exporter",
        "rtcd",
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
    expect(servicesOf(running).sort()).toEqual(plans.map(({ name }) => name).sort());
    for (const { metric, value } of await prometheus.query("muster_container_memory_limit_bytes"))
      expect([metric["service"], value / 1024 ** 2]).toEqual([
        metric["service"],
        plans.find(({ name }) => name === metric["service"])?.needs.memoryMiB,
      ]);
  });

  it("answers every query of every dashboard with data", async () => {
    const queries = dashboardsOf(stage.about()).flatMap(({ panels }) =>
      panels.flatMap((panel) => panel.queries),
    );
    for (const { expr } of queries)
      await until(
        seconds,
        async () => ({ expr, samples: (await prometheus.query(expr)).length }),
        ({ samples }) => samples > 0,
      );
  });

  it("has data for every metric that an alert names, and no alert", async () => {
    // What only a fault, or a call, leaves behind.
    const later = /_(last_failure_timestamp_seconds|rtc_sessions_total)$/;
    for (const { name, expr } of alertsOf(stage.about())) {
      const metrics = [...expr.matchAll(/\b(?:muster|node|probe|pg|jitsi|rtcd)_\w+|\bup\b/g)].map(
        ([metric]) => metric,
      );
      expect([name, metrics.length > 0]).toEqual([name, true]);
      for (const metric of metrics.filter((one) => !later.test(one)))
        await until(
          seconds,
          async () => ({ name, metric, samples: (await prometheus.query(metric)).length }),
          ({ samples }) => samples > 0,
        );
      if (!ofThisMachine.test(name)) expect([name, await prometheus.query(expr)]).toEqual([name, []]);
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
      stage.runIn("postgres", [
        "sh",
        "-c",
        `psql -X -t -A -U mattermost -d mattermost -c "SET ROLE monitoring" -c "${query}"`,
      ]);
    expect(await psql("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = 'monitoring'")).toContain(
      "f|f",
    );
    expect(await psql("SELECT count(*) FROM users")).toContain("permission denied for table users");
  });

  showsInGrafana(stage);

  seesFaults(stage);

  it("knows a container that was replaced, and its exporter is the same one", async () => {
    const before = (await stage.part("node-exporter").inspect()).Id;
    await stage.part("jitsi-web").remove({ force: true });
    await stack.up();
    expect((await stage.part("node-exporter").inspect()).Id).toBe(before);
    await until(
      seconds,
      () => prometheus.query('muster_container_up{service="jitsi-web"} == 1'),
      (found) => found.length === 1,
    );
  });

  it("is reached from this machine's loopback alone", async () => {
    for (const name of ["prometheus", "grafana"]) {
      const { HostConfig } = await stage.part(name).inspect();
      const bound = Object.values(HostConfig.PortBindings as Record<string, { HostIp: string }[]>).flat();
      expect(bound.map(({ HostIp }) => HostIp)).toEqual(["127.0.0.1"]);
    }
  });

  drawsDashboards(stage);

  givesTargetsOutside(stage);

  it("goes without a trace when it is switched off, and so do calls and meetings", async () => {
    for (const feature of ["calls", "meetings", "turn"]) stack.set([feature], "off");
    await stage.monitor({ kind: "off" });
    expect(
      [...(await stack.containers()).keys()].filter((name) =>
        /exporter|prometheus|grafana|jitsi|coturn/.test(name),
      ),
    ).toEqual([]);
    expect(await stack.unwell()).toEqual([]);
  });
});
