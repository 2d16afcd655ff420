/** The commands of docs/outputs.md and its programs for jq: what they make of the outputs. */
import fc from "fast-check";
import type { Outputs } from "../../stacks/outputs";
import { hostileText } from "../helpers/arbitrary";
import { backedUp, outputsFrom, outputsOfStacks } from "../helpers/exampleOutputs";
import { declaredMetrics, jq, type MetricSample, samplesIn } from "../helpers/jq";
import { exampleText, OutputsPage, pageStack } from "../helpers/outputsPage";
import { withPrograms } from "../helpers/programs";
import { hasPromtool, promtool } from "../helpers/promtool";
import { projectDir, stackTopology } from "../helpers/stacks";

const withPromtool = hasPromtool ? describe : describe.skip;
const stacks = outputsOfStacks();
const program = (name: string): string => `${projectDir}/docs/examples/${name}`;
const text = (values: object): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));

withPrograms(["jq"], "no reader of the outputs is run")("the commands of docs/outputs.md", () => {
  const page = new OutputsPage();
  afterAll(() => page.remove());
  const outputs = outputsFrom(stackTopology(pageStack, { monitoring: { kind: "targets" } }), backedUp);
  beforeAll(() => page.run(outputs));

  it("write what there is to scrape, as it stands in the outputs", () => {
    expect(outputs.monitoring.targets.length).toBeGreaterThan(3);
    expect(page.json(`muster-${pageStack}-targets.json`)).toEqual(outputs.monitoring.targets);
  });

  it("write every site and every health address that answers elsewhere, once", () => {
    const { stack } = outputs;
    const sites = Object.entries(outputs.endpoints).map(([site, url]) => ({
      targets: [url],
      labels: { stack, site },
    }));
    const health = Object.entries(outputs.services)
      .filter(([, { healthAddress }]) => healthAddress.startsWith("https://"))
      .map(([service, { host, healthAddress }]) => ({
        targets: [healthAddress],
        labels: { stack, service, host },
      }));
    expect(health.map(({ labels }) => labels.service)).toEqual(["mattermost", "jitsi-web"]);
    expect(page.json(`muster-${pageStack}-probes.json`)).toEqual([...sites, ...health]);
  });

  it("write metrics", () => {
    expect(samplesIn(page.read(`muster-${pageStack}.prom`))).toEqual(
      samplesIn(jq(program("metrics.jq"), outputs)),
    );
  });

  withPromtool("promtool", () => {
    const files = {
      "prometheus.yml": exampleText("prometheus.yml"),
      get "muster-x-targets.json"() {
        return page.read(`muster-${pageStack}-targets.json`);
      },
      get "muster-x-probes.json"() {
        return page.read(`muster-${pageStack}-probes.json`);
      },
    };

    it("takes the configuration with the files beside it", () => {
      expect(promtool(["check", "config", "prometheus.yml"], files)).toContain(
        "is valid prometheus config file",
      );
    });

    it("discovers every probe, asked at the blackbox exporter", () => {
      const args = ["check", "service-discovery", "--timeout=3s", "prometheus.yml", "muster-probes"];
      const found = promtool(args, files);
      expect(found).toContain('"__address__": "127.0.0.1:9115"');
      expect(new Set(found.match(/"__param_target": ".*"/g)).size).toBe(4);
      expect(found).not.toContain('"error"');
    });

    it.each(Object.entries(stacks))("has nothing to say against the metrics of %s", (_, found) => {
      expect(promtool(["check", "metrics"], {}, jq(program("metrics.jq"), found))).toBe("");
    });
  });
});

withPrograms(["jq"], "no metric of the outputs is compared")("the outputs as metrics", () => {
  const full = stacks["everything, on two hosts"];
  if (full === undefined) throw new Error("no such stack");
  const metrics = (outputs: unknown): MetricSample[] =>
    samplesIn(jq(program("metrics.jq"), outputs)).map(({ name, ...rest }) => ({
      name: name.replace("muster_outputs_", ""),
      ...rest,
    }));
  const of = (outputs: Outputs, name: string): { labels: Record<string, string>; value: number }[] =>
    metrics(outputs)
      .filter((sample) => sample.name === name)
      .map(({ labels: { stack, ...labels }, value }) => {
        expect(stack).toBe(outputs.stack);
        return { labels, value };
      });
  const MiB = 1024 ** 2;
  const GiB = 1024 ** 3;

  it("tell sizing, host by host", () => {
    const hosts = Object.entries(full.sizing.hosts);
    expect(hosts).toHaveLength(2);
    const each = (value: (host: Outputs["sizing"]["hosts"][string]) => number | null | undefined) =>
      hosts.flatMap(([host, found]) => {
        const number = value(found) ?? undefined;
        return number === undefined ? [] : [{ labels: { host }, value: number }];
      });
    const times = (number: number | null | undefined, unit: number) =>
      number === null || number === undefined ? undefined : number * unit;
    expect(of(full, "sizing_memory_bytes")).toEqual(each(({ demand }) => demand.memoryMiB * MiB));
    expect(of(full, "sizing_cpus")).toEqual(each(({ demand }) => demand.cpus));
    expect(of(full, "sizing_disk_bytes")).toEqual(each(({ demand }) => demand.diskGiB * GiB));
    expect(of(full, "sizing_egress_bytes_per_second")).toEqual(
      each(({ demand }) => (demand.egressMbps * 1_000_000) / 8),
    );
    expect(of(full, "sizing_traffic_bytes")).toEqual(each(({ demand }) => demand.trafficGB * 1e9));
    expect(of(full, "headroom_memory_bytes")).toEqual(each(({ headroomMiB }) => times(headroomMiB, MiB)));
    expect(of(full, "capacity_memory_bytes")).toEqual(
      each(({ capacity }) => times(capacity?.memoryMiB, MiB)),
    );
    expect(of(full, "capacity_cpus")).toEqual(each(({ capacity }) => capacity?.cpus));
    const { busyHours, historyMonths, ...people } = full.sizing.people;
    expect([busyHours, historyMonths]).toEqual([expect.any(Number), expect.any(Number)]);
    expect(
      Object.fromEntries(of(full, "sizing_people").map(({ labels, value }) => [labels["kind"], value])),
    ).toEqual(people);
    const cloud = stacks["prod with targets"];
    if (cloud === undefined) throw new Error("no such stack");
    const { capacity } = cloud.sizing.hosts["main"] ?? {};
    expect(of(cloud, "capacity_disk_bytes")).toEqual([
      { labels: { host: "main" }, value: times(capacity?.diskGiB, GiB) },
    ]);
    expect(of(cloud, "capacity_traffic_bytes")).toEqual([
      { labels: { host: "main" }, value: times(capacity?.trafficGB, 1e9) },
    ]);
    expect(of(cloud, "cost_per_month")).toEqual([
      { labels: { currency: "USD", as_of: cloud.cost.asOf }, value: cloud.cost.monthly },
    ]);
  });

  it("tell every open port, service and site with all that is said of it", () => {
    expect(of(full, "open_port_info")).toEqual(
      full.openPorts.map(({ lastPort, ...port }) => ({
        labels: text({ ...port, last_port: lastPort }),
        value: 1,
      })),
    );
    const services = Object.entries(full.services);
    expect(of(full, "service_info")).toEqual(
      services.map(([service, { healthAddress, host, title, container, image }]) => ({
        labels: { service, host, title, container, image, health_address: healthAddress },
        value: 1,
      })),
    );
    expect(of(full, "service_memory_bytes")).toEqual(
      services.map(([service, { host, memoryMiB }]) => ({
        labels: { service, host },
        value: memoryMiB * MiB,
      })),
    );
    expect(of(full, "endpoint_info")).toEqual(
      Object.entries(full.endpoints).map(([site, address]) => ({ labels: { site, address }, value: 1 })),
    );
    expect(of(full, "stack_info")).toEqual([
      { labels: { edition: full.edition, monitoring: "targets" }, value: 1 },
    ]);
  });

  it("tell backups", () => {
    const { target, repository, schedule, last, proven } = full.backup;
    const seconds = (time: string | undefined): number => Date.parse(time ?? "") / 1000;
    expect(of(full, "backup_info")).toEqual([{ labels: { target, repository, at: schedule.at }, value: 1 }]);
    expect(
      Object.fromEntries(
        of(full, "backup_keep_snapshots").map(({ labels, value }) => [labels["kind"], value]),
      ),
    ).toEqual(schedule.keep);
    const values = Object.fromEntries(
      metrics(full)
        .filter(({ name }) => /^backup_(check|drill|last|proven)/.test(name))
        .map(({ name, value }) => [name, value]),
    );
    expect(values).toEqual({
      backup_check_interval_seconds: schedule.checkDays * 86_400,
      backup_drill_interval_seconds: schedule.drillDays * 86_400,
      backup_last_timestamp_seconds: seconds(last?.at),
      backup_last_size_bytes: last?.bytes,
      backup_last_files: last?.files,
      backup_proven_timestamp_seconds: seconds(proven?.at),
      backup_proven_taken_timestamp_seconds: seconds(proven?.taken),
      backup_proven_size_bytes: proven?.bytes,
    });
  });

  it("say nothing of what nobody knows, and describe it all the same", () => {
    const { local } = stacks;
    if (local === undefined) throw new Error("no such stack");
    const written = jq(program("metrics.jq"), local);
    const found = new Set(samplesIn(written).map(({ name }) => name));
    const silent = declaredMetrics(written).filter((name) => !found.has(name));
    expect(silent.map((name) => name.replace("muster_outputs_", ""))).toEqual([
      "capacity_memory_bytes",
      "capacity_cpus",
      "capacity_disk_bytes",
      "capacity_traffic_bytes",
      "headroom_memory_bytes",
      "cost_per_month",
      "backup_last_timestamp_seconds",
      "backup_last_size_bytes",
      "backup_last_files",
      "backup_proven_timestamp_seconds",
      "backup_proven_taken_timestamp_seconds",
      "backup_proven_size_bytes",
    ]);
  });

  it("carry any text, for Prometheus' own reader as well", () => {
    const [port] = full.openPorts;
    if (port === undefined) throw new Error("no open port");
    const whys = [
      '"',
      "\\",
      "\\n",
      "a\nb",
      '\\"',
      'a,b="c"} 1',
      ...fc.sample(hostileText, { numRuns: 300, seed: 9 }),
    ]
      // JSON has no half characters.
      .filter((why) => Buffer.from(why).toString() === why)
      .map((why, index) => `${index} ${why}`);
    const outputs = { ...full, openPorts: whys.map((why) => ({ ...port, why })) };
    const written = jq(program("metrics.jq"), outputs);
    expect(
      samplesIn(written)
        .filter(({ name }) => name === "muster_outputs_open_port_info")
        .map(({ labels }) => labels["why"]),
    ).toEqual(whys);
    if (hasPromtool) expect(promtool(["check", "metrics"], {}, written)).toBe("");
  });

  it.each(["metrics.jq", "probes.jq"])(
    "%s says so where it meets another version of the contract",
    (name) => {
      expect(() => jq(program(name), { ...full, schemaVersion: 2 })).toThrow(
        `${name} reads schemaVersion 1, not 2`,
      );
    },
  );
});
