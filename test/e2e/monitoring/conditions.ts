/** What the alerts of a stack find, by its own Prometheus: their conditions, without the minutes that they wait. */
import { alertsOf } from "../../../components/services/monitoring/alerts";
import type { Topology } from "../../../stacks/topology";
import { aboutOf } from "../../helpers/monitored";
import { type PrometheusClient, type Sample, until } from "./prometheus";

/** Two measurements, and some patience. */
export const seconds = 120;

/** Of samples: those that say something else don't count. Default: none. */
type Labels = Readonly<Record<string, string>>;

export class AlertConditions {
  constructor(
    private readonly prometheus: PrometheusClient,
    private readonly topology: () => Topology,
  ) {}

  /** What an alert's condition finds now. */
  async wrong(name: string, labels: Labels = {}): Promise<Sample[]> {
    const found = alertsOf(aboutOf(this.topology())).find((alert) => alert.name === name);
    if (found === undefined) throw new Error(`no alert ${name}`);
    const samples = await this.prometheus.query(found.expr);
    return samples.filter(({ metric }) =>
      Object.entries(labels).every(([label, value]) => metric[label] === value),
    );
  }

  /** Waits until an alert's condition holds. */
  holds(name: string, labels: Labels = {}): Promise<Sample[]> {
    return until(
      seconds,
      () => this.wrong(name, labels),
      (found) => found.length > 0,
    );
  }

  /** Waits until it holds no longer. */
  clears(name: string, labels: Labels = {}, patience = seconds): Promise<Sample[]> {
    return until(
      patience,
      () => this.wrong(name, labels),
      (found) => found.length === 0,
    );
  }
}
