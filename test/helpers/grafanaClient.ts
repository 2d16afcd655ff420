/** Asks a Grafana over its HTTP API, as its administrator. */
import { until } from "../e2e/monitoring/prometheus";

/** A panel as Grafana keeps it. */
export interface Panel {
  title: string;
  targets: { refId: string; expr: string }[];
}
export interface Dashboard {
  uid: string;
  title: string;
  panels: Panel[];
}

/** A rule as its alerting sees it. */
export interface Rule {
  name: string;
  state: "inactive" | "pending" | "firing";
  health: string;
  lastError?: string;
  lastEvaluation: string;
}

export class GrafanaClient {
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly url: string,
    password: string,
  ) {
    this.headers = { Authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}` };
  }

  /** @throws Error with its words where that isn't a success. */
  async ask<T>(path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.url}/api/${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { ...this.headers, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  }

  dashboard(uid: string): Promise<{ dashboard: Dashboard; meta: { provisioned: boolean } }> {
    return this.ask(`dashboards/uid/${uid}`);
  }

  /** One that its files have: it reads them after it has begun to answer. */
  provisioned(uid: string): Promise<Awaited<ReturnType<GrafanaClient["dashboard"]>> | undefined> {
    return until(
      60,
      () => this.dashboard(uid).catch(() => undefined),
      (found) => found !== undefined,
    );
  }

  /** Waits until every query of the panels has data. @throws Error naming the panel. */
  async haveData(panels: readonly Panel[], seconds: number): Promise<void> {
    for (const { title, targets } of panels)
      for (const target of targets)
        await until(
          seconds,
          async () => ({ title, ...(await this.rows(target)) }),
          ({ error, rows }) => error === undefined && rows > 0,
        );
  }

  /** How many values it shows of a query, asked by the provisioned data source. */
  private async rows(target: Panel["targets"][number]): Promise<{ error?: string; rows: number }> {
    const query = { ...target, datasource: { type: "prometheus", uid: "prometheus" } };
    const { results } = await this.ask<{
      results: Record<string, { error?: string; frames?: { data: { values: unknown[][] } }[] }>;
    }>("ds/query", { queries: [query], from: "now-5m", to: "now" });
    const { error, frames = [] } = results[target.refId] ?? {};
    const rows = frames.flatMap(({ data }) => data.values[0] ?? []).length;
    return error === undefined ? { rows } : { error, rows };
  }

  /** Every rule of its own alerting. */
  async rules(): Promise<Rule[]> {
    const { data } = await this.ask<{ data: { groups: { rules: Rule[] }[] } }>(
      "prometheus/grafana/api/v1/rules",
    );
    return data.groups.flatMap(({ rules }) => rules);
  }
}
