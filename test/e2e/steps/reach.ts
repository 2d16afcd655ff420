import { get, type IncomingMessage } from "node:http";
import { Client, rootCertificate } from "../client";
import { askFrom, openTcpPorts } from "../network";
import type { Stack } from "../stack";
import { suites } from "../suites";

const {
  neighbour,
  web: { httpPort, httpsPort },
} = suites.muster;
const origin = `https://chat.localhost:${httpsPort}`;

/** What people reach, and that nobody reaches anything else. */
export function reach(stack: Stack, neighbourhood: { there: boolean; openBefore: () => number[] }): void {
  describe("reaching it", () => {
    const browser = async (): Promise<Client> =>
      new Client(await rootCertificate(stack.docker, `muster-${stack.name}-caddy`), httpsPort);

    it("answers over HTTPS with a certificate of Caddy's own authority", async () => {
      const { status, body } = await (await browser()).ask("/api/v4/system/ping?get_server_status=true");
      expect(status).toBe(200);
      expect(JSON.parse(body)).toMatchObject({ status: "OK", database_status: "OK" });
    });

    it("sends HTTP to HTTPS, with the port", async () => {
      const { statusCode, headers } = await new Promise<IncomingMessage>((answer, reject) => {
        const options = {
          host: "127.0.0.1",
          port: httpPort,
          path: "/some/page",
          headers: { Host: "chat.localhost" },
        };
        get(options, answer).on("error", reject);
      });
      expect(statusCode).toBe(308);
      expect(headers.location).toBe(`${origin}/some/page`);
    });

    it("lets the administrator sign in with the first password, and nobody with another", async () => {
      const client = await browser();
      await expect(client.signIn("admin", "wrong")).rejects.toThrow("401");
      const token = await client.signIn("admin", await stack.secret("administrator-password"));
      const { status } = await client.ask("/api/v4/users/me", {
        headers: { Authorization: `Bearer ${token}` },
      });
      expect(status).toBe(200);
    });

    it("carries a websocket through the proxy", async () => {
      const client = await browser();
      const token = await client.signIn("admin", await stack.secret("administrator-password"));
      expect(await client.hello(token)).toBe("hello");
    });

    describe("from another machine", () => {
      const withNeighbour = neighbourhood.there ? it : it.skip;

      withNeighbour("shows Mattermost the real client address, whatever the client claims", () => {
        const path = `${origin}/double/last-address`;
        expect(askFrom(neighbour, path, {})).toContain(neighbour.address);
        const forged = askFrom(neighbour, path, {
          "X-Forwarded-For": "203.0.113.9",
          "X-Real-IP": "203.0.113.9",
        });
        expect(forged).toContain(neighbour.address);
        expect(forged).not.toContain("203.0.113.9");
      });

      withNeighbour("has the topology's ports open and no other", async () => {
        const declared = JSON.parse(await stack.pulumi(["stack", "output", "openPorts", "--json"])) as {
          port: number;
        }[];
        const before = neighbourhood.openBefore();
        const opened = openTcpPorts(suites.muster).filter((port) => !before.includes(port));
        expect(opened).toEqual(declared.map(({ port }) => port).sort((a, b) => a - b));
        expect(opened).toEqual([httpPort, httpsPort]);
      });
    });
  });
}
