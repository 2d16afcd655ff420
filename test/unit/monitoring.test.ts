import fc from "fast-check";
import type { Port } from "../../components/services/service";
import { services as catalogue } from "../../components/services";
import { parseSettings } from "../../stacks/settings/parse";
import { outputsOf } from "../../stacks/outputs";
import { errorsOf, type Topology, topologyOf } from "../../stacks/topology";
import { plainSettings } from "../helpers/arbitrary";
import { fileOf, jsonOf, planOf, type PrometheusFile } from "../helpers/monitored";
import { localTopology, stackTopology } from "../helpers/stacks";

const stack = { monitoring: { kind: "stack" } };
const own = ["prometheus", "grafana", "node-exporter", "postgres-exporter", "blackbox-exporter"];
const names = ({ services }: Topology): string[] => services.map(({ name }) => name);
const metricsOf = (port: Port): readonly string[] => ("metrics" in port ? (port.metrics ?? []) : []);
const scraped = (topology: Topology): PrometheusFile["scrape_configs"] =>
  (jsonOf(topology, "prometheus", "prometheus.yml") as PrometheusFile).scrape_configs;
const probed = (topology: Topology): PrometheusFile["scrape_configs"] =>
  scraped(topology).filter(({ metrics_path: path }) => path === "/probe");

const monitored = (kind: "stack" | "targets"): fc.Arbitrary<Topology> =>
  plainSettings.map((values) =>
    topologyOf(
      "test",
      parseSettings({ source: "test", values: { ...values, monitoring: { kind } }, encrypted: [] }),
    ),
  );
const holds = (check: (topology: Topology) => void, kind: "stack" | "targets" = "stack"): void => {
  fc.assert(fc.property(monitored(kind), check), { numRuns: 20 });
};

describe("any stack with its own monitoring", () => {
  it("counts each running service once, on its own host", () => {
    holds((topology) => {
      const counted = topology.services
        .filter(({ name }) => name.startsWith("node-exporter"))
        .flatMap(({ name, host }) =>
          fileOf(topology, name, "containers")
            .trim()
            .split("\n")
            .map((line) => {
              const [id, service = ""] = line.split(/ (?=[^ ]+$)/);
              expect(id).toBe(service === name ? "-" : `<containerIdOf ${service}>`);
              return `${service} on ${host}`;
            }),
        );
      expect(counted.sort()).toEqual(topology.services.map(({ name, host }) => `${name} on ${host}`).sort());
    });
  });

  it("has one job for each path with metrics, and comes to it by name or as another host", () => {
    holds((topology) => {
      const jobs = scraped(topology).filter(({ metrics_path: path }) => path !== "/probe");
      const found = jobs.map(({ metrics_path: path, static_configs: [only, ...more] }) => {
        expect(more).toEqual([]);
        return `${only?.targets.join() ?? ""}${path} ${only?.labels["service"] ?? ""}`;
      });
      const main = planOf(topology, "prometheus").host;
      const declared = topology.services.flatMap(({ name, host, ports }) =>
        ports.flatMap((port) =>
          metricsOf(port).map(
            (path) => `${host === main ? name : `<peerAddressOf ${host}>`}:${port.number}${path} ${name}`,
          ),
        ),
      );
      expect(found.sort()).toEqual(declared.sort());
      // Whoever was broken into says nothing of others.
      for (const { honor_labels: honours = false, job_name: name } of scraped(topology))
        expect([name, honours]).toEqual([name, name.startsWith("node-exporter")]);
      const jobNames = scraped(topology).map(({ job_name: name }) => name);
      expect(new Set(jobNames).size).toBe(jobNames.length);
      for (const { name, host, ports } of topology.services)
        for (const port of ports.filter((other) => metricsOf(other).length > 0 && name !== "prometheus"))
          expect(
            host === main
              ? topology.networks.some(
                  (network) => network.name === name && network.members.includes("prometheus"),
                )
              : topology.openings.some(
                  (open) => open.service === name && open.port === port.name && open.from === "other hosts",
                ),
          ).toBe(true);
    });
  });

  it("asks for each site by its name, at the reverse proxy", () => {
    holds((topology) => {
      const asked = probed(topology)
        .filter(({ job_name: job }) => job === "sites")
        .flatMap(({ static_configs: targets }) => targets.map(({ labels }) => labels));
      expect(
        asked.map((labels) => [
          labels["__param_hostname"],
          labels["__param_target"],
          labels["__param_module"],
        ]),
      ).toEqual(
        topology.routes.map(({ host, site }) => [
          host,
          `https://caddy:443${
            topology.services
              .flatMap(({ ports }) => ports)
              .flatMap((port) =>
                port.exposure === "web" && port.site === site ? [port.healthPath] : [],
              )[0] ?? ""
          }`,
          "site",
        ]),
      );
      const network = topology.networks.find(({ name }) => name === "caddy");
      expect(network?.members).toEqual(expect.arrayContaining(["caddy", "blackbox-exporter", "prometheus"]));
    });
  });

  it("asks at the doors over TCP of the host's own network and of another host, and at no others", () => {
    holds((topology) => {
      const asked = probed(topology)
        .filter(({ job_name: job }) => job === "doors")
        .flatMap(({ static_configs: targets }) =>
          targets.map(({ labels }) => `${labels["__param_target"] ?? ""} ${labels["__param_module"] ?? ""}`),
        );
      const main = planOf(topology, "prometheus").host;
      const doors = topology.services
        .filter(({ host, service }) => host !== main || service.sandbox.hostNetwork !== undefined)
        .flatMap(({ host, ports }) =>
          ports.flatMap((port) =>
            port.exposure === "media" && port.protocol === "tcp"
              ? [
                  `<${host === main ? "privateAddressOf" : "publicAddressOf"} ${host}>:${port.published} door${port.name === "turn-tls" ? "-tls" : ""}`,
                ]
              : [],
          ),
        );
      expect(asked.sort()).toEqual(doors.sort());
    });
  });

  it("is reached by nobody but who sits at the machine", () => {
    holds(({ openings }) => {
      for (const { service, from, bind, exposure } of openings.filter((open) => own.includes(open.service)))
        expect([service, from, bind, exposure]).toEqual([service, "this machine", "127.0.0.1", "admin"]);
      expect(openings.filter(({ exposure }) => exposure === "admin").map(({ service }) => service)).toEqual([
        "prometheus",
        "grafana",
      ]);
    });
  });
});

describe("any stack with targets alone", () => {
  it("publishes each port with metrics on loopback, under a number of its own, and lists it", () => {
    holds((topology) => {
      const { monitoring, openPorts } = outputsOf(topology, (name) => name);
      const declared = topology.services.flatMap(({ name, ports }) =>
        ports.flatMap((port) => metricsOf(port).map((path) => `${name} ${path}`)),
      );
      expect(
        monitoring.targets.map(({ labels }) => `${labels["service"]} ${labels["__metrics_path__"]}`),
      ).toEqual(declared);
      for (const { targets, labels } of monitoring.targets) {
        const [address, port] = targets[0]?.split(":") ?? [];
        expect(address).toBe("127.0.0.1");
        expect(openPorts).toContainEqual(
          expect.objectContaining({
            service: labels["service"],
            host: labels["host"],
            port: Number(port),
            exposure: "admin",
            from: "this machine",
          }),
        );
      }
      const admin = openPorts.filter(({ exposure }) => exposure === "admin").map(({ port }) => port);
      expect(new Set(admin).size).toBe(admin.length);
      expect(names(topology)).not.toEqual(expect.arrayContaining(["prometheus"]));
      expect(names(topology)).not.toEqual(expect.arrayContaining(["grafana"]));
      expect(names(topology)).toEqual(expect.arrayContaining(["node-exporter", "postgres-exporter"]));
    }, "targets");
  });

  it("leaves the way between hosts to a port that has metrics", () => {
    const topology = stackTopology(
      "prod",
      {
        calls: "rtcd",
        monitoring: { kind: "targets", firstPort: 20_000 },
        host: {
          provider: "digitalocean",
          region: "fra1",
          size: "s-4vcpu-8gb",
          media: { size: "c-4" },
        },
      },
      ["licence"],
    );
    const rtcd = topology.openings.filter(({ service, port }) => service === "rtcd" && port === "api");
    expect(rtcd.map(({ exposure, from, published }) => [exposure, from, published > 20_000])).toEqual([
      ["admin", "this machine", true],
      ["internal", "other hosts", false],
    ]);
    expect(names(topology)).toContain("node-exporter-media");
  });
});

describe("monitoring that is off", () => {
  it("leaves nothing behind", () => {
    const topology = localTopology({ edition: "enterprise" }, ["licence"]);
    expect(names(topology).filter((name) => own.includes(name))).toEqual([]);
    expect(fileOf(topology, "caddy", "Caddyfile")).not.toContain("metrics");
    expect(planOf(topology, "mattermost").spec.environment).not.toHaveProperty("MM_METRICSSETTINGS_ENABLE");
    expect(outputsOf(topology, (name) => name).monitoring).toEqual({ kind: "off", targets: [] });
  });
});

describe("what services say", () => {
  it("is asked of them only where they answer", () => {
    const jobs = (change: Record<string, unknown>): string[] =>
      scraped(localTopology({ ...stack, ...change })).map(({ job_name: name }) => name);
    expect(jobs({})).toEqual([
      "caddy",
      "backup",
      "node-exporter",
      "postgres-exporter",
      "blackbox-exporter",
      "prometheus",
      "grafana",
      "sites",
    ]);
    const everything = jobs({ meetings: "jitsi", calls: "rtcd", edition: "enterprise", turn: "on" });
    expect(everything).toEqual(
      expect.arrayContaining([
        "jitsi-jvb",
        "rtcd",
        "mattermost",
        "mattermost/plugins/com.mattermost.calls/metrics",
        "doors",
      ]),
    );
    expect(jobs({ edition: "enterprise" })).not.toContain("mattermost/plugins/com.mattermost.calls/metrics");
  });

  it("is switched on: at the reverse proxy, on a port of its own, and at the chat server", () => {
    const topology = localTopology({ ...stack, edition: "enterprise" });
    const file = fileOf(topology, "caddy", "Caddyfile");
    expect(file).toMatch(/^\tmetrics$/m);
    expect(file).toContain("http://:9180 {\n\tmetrics /metrics\n}");
    expect(planOf(topology, "mattermost").spec.environment).toMatchObject({
      MM_METRICSSETTINGS_ENABLE: "true",
      MM_METRICSSETTINGS_LISTENADDRESS: ":8067",
    });
  });
});

describe("a site's probe", () => {
  const site = (change: Record<string, unknown>): Record<string, unknown> =>
    (
      jsonOf(localTopology({ ...stack, ...change }), "blackbox-exporter", "blackbox.yml") as {
        modules: { site: { http: Record<string, unknown> } };
      }
    ).modules.site.http;

  it("believes public authorities and your own, and looks at other certificates for their age alone", () => {
    expect(site({})).toMatchObject({ fail_if_not_ssl: true, tls_config: { insecure_skip_verify: true } });
    expect(site({ domain: "example.org" })["tls_config"]).toEqual({});
    const root = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    const authority = { directory: "https://ca.example.org/acme", root };
    const change = { domain: "example.org", edge: { provider: "none", authority } };
    expect(site(change)["tls_config"]).toEqual({ ca_file: "/muster/authority.pem" });
    expect(fileOf(localTopology({ ...stack, ...change }), "blackbox-exporter", "authority.pem")).toBe(root);
  });
});

describe("Prometheus", () => {
  const command = (change: Record<string, unknown>): readonly string[] =>
    planOf(localTopology({ monitoring: { kind: "stack", ...change } }), "prometheus").spec.command ?? [];

  it("keeps measurements for so long, and never more than there is room for", () => {
    expect(command({})).toEqual(
      expect.arrayContaining(["--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.size=1GB"]),
    );
    expect(command({ retentionDays: 365 })).toEqual(
      expect.arrayContaining(["--storage.tsdb.retention.time=365d", "--storage.tsdb.retention.size=11GB"]),
    );
    const year = localTopology({ monitoring: { kind: "stack", retentionDays: 365 } });
    expect(planOf(year, "prometheus").needs.diskGiB).toBe(12);
  });
});

describe("the database's exporter", () => {
  const topology = localTopology({ ...stack, postgres: { major: 17 } });
  const plan = planOf(topology, "postgres-exporter");
  const [role] = plan.jobs;

  it("signs in as a role of its own, which may read what the server says of itself", () => {
    expect(plan.spec.environment).toMatchObject({
      DATA_SOURCE_USER: "monitoring",
      DATA_SOURCE_PASS_FILE: "/muster/password",
    });
    const sql = role?.spec.files?.find(({ name }) => name === "role.sql")?.content.parts.join("") ?? "";
    expect(sql).toContain("GRANT pg_monitor TO monitoring;");
    expect(sql).toContain("NOSUPERUSER NOCREATEDB NOCREATEROLE");
  });

  it("has it made by the server's own client, over the database's network", () => {
    expect(role?.image.name).toBe("postgres-17");
    expect(role?.job.connects).toBe(true);
    expect(topology.networks.find(({ name }) => name === "postgres")?.members).toContain("postgres-exporter");
  });
});

describe("settings that reach nobody", () => {
  const mail = { host: "smtp.example.org", from: "chat@example.org" };
  const found = (monitoring: object, change: Record<string, unknown> = {}, secrets: string[] = []) =>
    errorsOf(localTopology({ monitoring: { kind: "stack", ...monitoring }, ...change }, secrets)).map(
      ({ key, problem }) => `${key} ${problem}`,
    );

  it.each<[string, object, Record<string, unknown>, string[], string[]]>([
    ["mail that works", { alerts: "mail", alertsTo: "a@b.org" }, { mail }, [], []],
    ["a webhook that works", { alerts: "webhook" }, {}, ["alertWebhook"], []],
    [
      "no outgoing mail",
      { alerts: "mail", alertsTo: "a@b.org" },
      {},
      [],
      ["muster:monitoring.alerts by mail, but there is no outgoing mail"],
    ],
    [
      "nobody to write to",
      { alerts: "mail" },
      { mail },
      [],
      ["muster:monitoring.alertsTo missing, but muster:monitoring.alerts is mail"],
    ],
    [
      "an address that nobody writes to",
      { alertsTo: "a@b.org" },
      { mail },
      [],
      ["muster:monitoring.alertsTo without muster:monitoring.alerts: mail nobody uses it"],
    ],
    [
      "TLS where Grafana speaks none",
      { alerts: "mail", alertsTo: "a@b.org" },
      { mail: { ...mail, security: "tls", port: 4465 } },
      [],
      ["muster:mail.port Grafana speaks TLS from the start on port 465 alone: its alerts would not get out"],
    ],
    [
      "TLS where it speaks it",
      { alerts: "mail", alertsTo: "a@b.org" },
      { mail: { ...mail, security: "tls", port: 465 } },
      [],
      [],
    ],
    [
      "a webhook without an address",
      { alerts: "webhook" },
      {},
      [],
      ["muster:alertWebhook missing, but muster:monitoring.alerts is webhook"],
    ],
    [
      "an address without a webhook",
      {},
      {},
      ["alertWebhook"],
      ["muster:alertWebhook without muster:monitoring.alerts: webhook nobody uses it"],
    ],
  ])("%s", (_, monitoring, change, secrets, problems) => {
    expect(found(monitoring, change, secrets)).toEqual(problems);
  });

  it("the secret is for nobody where monitoring is off", () => {
    expect(errorsOf(localTopology({}, ["alertWebhook"])).map(({ key }) => key)).toEqual([
      "muster:alertWebhook",
    ]);
  });

  it("alerts that nobody hears are worth a warning", () => {
    const warned = (change: object): string[] =>
      localTopology({ monitoring: { kind: "stack", ...change } })
        .findings.filter(({ severity, key }) => severity === "warning" && key.startsWith("muster:monitoring"))
        .map(({ key }) => key);
    expect(warned({})).toEqual(["muster:monitoring.alerts"]);
    expect(warned({ alerts: "webhook" })).toEqual([]);
  });

  it("ports that stand in each other's way name the settings that decide them", () => {
    const keys = (monitoring: object): string[] =>
      errorsOf(localTopology({ monitoring })).map(({ key, fix }) => `${key}: ${fix}`);
    expect(keys({ kind: "stack", grafanaPort: 9090 })).toEqual([
      "muster:monitoring.grafanaPort: change muster:monitoring.grafanaPort or muster:monitoring.prometheusPort",
    ]);
    expect(
      errorsOf(
        localTopology({ monitoring: { kind: "targets", firstPort: 20_000 }, web: { httpsPort: 20_001 } }),
      ).map(({ key }) => key),
    ).toEqual(["muster:monitoring.firstPort"]);
  });
});

it("every part of monitoring runs only where it is asked for", () => {
  const { settings } = parseSettings({
    source: "",
    values: { domain: "localhost", host: { provider: "local" } },
    encrypted: [],
  });
  for (const name of own)
    expect(catalogue.find((service) => service.name === name)?.when(settings)).toBe(false);
});
