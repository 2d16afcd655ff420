/** Settings of monitoring: none, a stack of its own, or doors for a Prometheus that is there already. */
import { z } from "zod";
import { email, port } from "./fields";

const off = z.strictObject({
  kind: z.literal("off").describe("No monitoring."),
});
const stack = z.strictObject({
  kind: z
    .literal("stack")
    .describe(
      "Prometheus, Grafana and exporters as services of the stack; reached on their host's loopback alone.",
    ),
  retentionDays: z.int().min(1).max(400).default(30).describe("Days for which measurements are kept."),
  grafanaPort: port.default(3000).describe("Port of Grafana on its host's loopback."),
  prometheusPort: port.default(9090).describe("Port of Prometheus on its host's loopback."),
  alerts: z
    .enum(["none", "mail", "webhook"])
    .default("none")
    .describe(
      "How alerts go out: by mail, over `muster:mail`; or into a chat, as an incoming webhook of Mattermost's or Slack's kind, whose address is `muster:alertWebhook`. None: Grafana shows them and tells nobody.",
    ),
  alertsTo: email.optional().describe("Who gets alerts by mail."),
});
const targets = z.strictObject({
  kind: z
    .literal("targets")
    .describe(
      "Only what a Prometheus of yours scrapes: metrics on the hosts' loopback, listed in the output `monitoring`.",
    ),
  firstPort: z
    .int()
    .min(1024)
    .max(65_000)
    .default(19_100)
    .describe("First of these ports; one more for each service that has metrics."),
});

export const monitoringSchema = z.discriminatedUnion("kind", [off, stack, targets]).prefault({ kind: "off" });

export type MonitoringSettings = z.output<typeof monitoringSchema>;
