/** A stack with its own monitoring, whose alerts go into a chat of the test's. */
import type Docker from "dockerode";
import { aboutOf } from "../../helpers/monitored";
import { licence } from "../media/enterprise";
import { resolveLocalNames } from "../media/names";
import { MediaStack } from "../media/stack";
import { suites } from "../suites";
import { AlertConditions } from "./conditions";
import { PrometheusClient, type Sample } from "./prometheus";
import { AlertSink } from "./sink";

/** Alerts about disks and memory that are this machine's, and may be what they are. */
export const ofThisMachine = /^(Disk|Machine|OutOfMemory)/;

export class MonitoringStage extends MediaStack {
  readonly prometheus = new PrometheusClient(suites.monitoring.monitoring.prometheusPort);
  readonly alerts = new AlertConditions(this.prometheus, () => this.stack.topology());
  readonly sink = new AlertSink();
  private forget: () => void = () => undefined;

  constructor() {
    super(suites.monitoring);
  }

  async begin(): Promise<void> {
    this.forget = resolveLocalNames();
    const monitoring = { kind: "stack", alerts: "webhook", ...suites.monitoring.monitoring };
    await this.open({
      monitoring,
      turn: "on",
      // Nobody counts the calls of the free edition.
      edition: "enterprise",
      calls: "rtcd",
      // Few make a crowd.
      people: { accounts: 20, active: 20, inCalls: 2, inMeetings: 2 },
    });
    await this.stack.store("licence", licence);
    await this.stack.store("alertWebhook", await this.sink.open(this.address));
    await this.up();
    // A stack that nobody uses has no backup that could be too old.
    await this.people(1);
    for (const verb of ["backup", "check", "drill"]) await this.stack.must([verb, this.stack.name]);
  }

  async end(): Promise<void> {
    this.forget();
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
}

export const servicesOf = (samples: readonly Sample[]): (string | undefined)[] =>
  samples.map(({ metric }) => metric["service"]);
