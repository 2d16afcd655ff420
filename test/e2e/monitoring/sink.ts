import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { until } from "./prometheus";

/** Takes alerts as a chat's incoming webhook does. */
export class AlertSink {
  /** Their words, in the order in which they came. */
  readonly messages: string[] = [];
  private server: Server | undefined;

  /** @returns where it listens. */
  async open(address: string): Promise<string> {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        this.messages.push(body);
        // As Slack's: Grafana before 9.5 takes Mattermost's text/plain for a failure (grafana/grafana#64079).
        response.setHeader("Content-Type", "text/html").end("ok");
      }, console.error);
    });
    this.server = server;
    await new Promise<void>((listening) => server.listen(0, address, listening));
    return `http://${address}:${(server.address() as AddressInfo).port}/hooks/alerts`;
  }

  close(): void {
    this.server?.close();
  }

  /** Waits for a message of that kind about an alert. */
  async about(kind: "FIRING" | "RESOLVED", alert: string, seconds: number): Promise<string> {
    const is = (message: string): boolean => message.includes(`[${kind}`) && message.includes(alert);
    const found = await until(
      seconds,
      () => Promise.resolve(this.messages),
      (messages) => messages.some(is),
    );
    return found.find(is) ?? "";
  }
}
