/** A stack with its own monitoring, whose alerts go into a chat of the test's. */
import { alertsOf } from "../../../components/services/monitoring/alerts";
import type Docker from "dockerode";
import { aboutOf } from "../../helpers/monitored";
import { MediaStack } from "../media/stack";
import { suites } from "../suites";
import { PrometheusClient, type Sample, until } from "./prometheus";
import { AlertSink } from "./sink";

/** Two measurements, and some patience. */
export const seconds = 120;

/** Alerts about disks and memory that are this machine's, and may be what they are. */
export const ofThisMachine = /^(Disk|Machine|OutOfMemory)/;

export class MonitoringStage extends MediaStack {
  readonly prometheus = new PrometheusClient(suites.monitoring.monitoring.prometheusPort);
  readonly sink = new AlertSink();

  constructor() {
    super(suites.monitoring);
  }

  async begin(): Promise<void> {
    const monitoring = { kind: "stack", alerts: "webhook", ...suites.monitoring.monitoring };
    await this.open({ monitoring, turn: "on" });
    await this.stack.store("alertWebhook", await this.sink.open(this.address));
    await this.up();
    // A stack that nobody uses has no backup that could be too old.
    await this.people(1);
    for (const verb of ["backup", "check", "drill"]) await this.stack.must([verb, this.stack.name]);
  }

  async end(): Promise<void> {
    this.sink.close();
    await this.remove();
  }

  /** Another kind of monitoring: alerts go nowhere any more. */
  async monitor(setting: Record<string, unknown>): Promise<void> {
    this.stack.set(["monitoring"], setting);
    this.stack.set(["alertWebhook"], undefined);
    await this.stack.up();
  }

  about(): ReturnType<typeof aboutOf> {
    return aboutOf(this.stack.topology());
  }

  part(service: string): Docker.Container {
    return this.stack.docker.getContainer(this.container(service));
  }

  /** What an alert's condition finds now. */
  wrong(name: string): Promise<Sample[]> {
    const found = alertsOf(this.about()).find((alert) => alert.name === name);
    if (found === undefined) throw new Error(`no alert ${name}`);
    return this.prometheus.query(found.expr);
  }

  /** Waits until an alert's condition holds, for a service where one is named. */
  holds(name: string, service?: string): Promise<Sample[]> {
    return until(
      seconds,
      () => this.wrong(name),
      (found) => (service === undefined ? found.length > 0 : servicesOf(found).includes(service)),
    );
  }

  /** Waits until it holds no longer. */
  clears(name: string, patience = seconds): Promise<Sample[]> {
    return until(
      patience,
      () => this.wrong(name),
      (found) => found.length === 0,
    );
  }
}

export const servicesOf = (samples: readonly Sample[]): (string | undefined)[] =>
  samples.map(({ metric }) => metric["service"]);
