/** What changes DNS records when lego asks for it, by its provider `httpreq`. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { NameServer } from "./nameServer";

export class DnsApi {
  /** Whether it refuses every request, as one does whose token has expired. */
  refuses = false;
  /** How many records were asked for. */
  asked = 0;
  private readonly server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
    request.on("end", () => {
      response.statusCode = this.change(request.url ?? "", body);
      response.end("{}");
    });
  });

  private constructor(
    private readonly names: NameServer,
    readonly endpoint: string,
  ) {}

  static async open(names: NameServer, port: number): Promise<DnsApi> {
    const api = new DnsApi(names, `http://${names.address}:${port}`);
    api.server.listen(port, names.address);
    await once(api.server, "listening");
    return api;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private change(path: string, body: string): number {
    if (path === "/present") this.asked++;
    if (this.refuses) return 403;
    const { fqdn, value } = JSON.parse(body) as { fqdn: string; value: string };
    if (path === "/present") this.names.addText(fqdn, value);
    else this.names.removeText(fqdn, value);
    return 200;
  }
}
