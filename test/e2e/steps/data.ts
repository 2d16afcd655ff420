import { Client, rootCertificate } from "../client";
import type { Stack } from "../stack";
import { suites } from "../suites";

/** Stopping keeps what people wrote. */
export function data(stack: Stack): void {
  describe("stopping it", () => {
    it("keeps the data, and a start finds it again", async () => {
      const written = await write(stack, "kept over a stop");
      const { output } = await stack.must(["destroy", stack.name, "--yes"]);
      expect(output).toContain("Data and secrets are kept");
      expect((await stack.containers()).size).toBe(0);
      await stack.up();
      expect(await read(stack, written)).toContain("kept over a stop");
    });

    it("does not remove data when another stack's name is said", async () => {
      const { code, output } = await stack.run(["destroy", stack.name, "--remove-data", "other"]);
      expect(code).toBe(1);
      expect(output).toContain("--remove-data names another stack");
      expect(await stack.unwell()).toEqual([]);
    });
  });
}

async function signedIn(stack: Stack): Promise<{ client: Client; headers: Record<string, string> }> {
  const client = new Client(
    await rootCertificate(stack.docker, `muster-${stack.name}-caddy`),
    suites.muster.web.httpsPort,
  );
  const token = await client.signIn("admin", await stack.secret("administrator-password"));
  return { client, headers: { Authorization: `Bearer ${token}` } };
}

async function write(stack: Stack, message: string): Promise<string> {
  const { client, headers } = await signedIn(stack);
  const [team] = JSON.parse((await client.ask("/api/v4/users/me/teams", { headers })).body) as {
    id: string;
  }[];
  const channelPath = `/api/v4/teams/${team?.id ?? ""}/channels/name/town-square`;
  const channel = JSON.parse((await client.ask(channelPath, { headers })).body) as { id: string };
  const { status, body } = await client.ask("/api/v4/posts", {
    method: "POST",
    headers,
    body: { channel_id: channel.id, message },
  });
  expect({ status, body }).toMatchObject({ status: 201 });
  return (JSON.parse(body) as { id: string }).id;
}

async function read(stack: Stack, id: string): Promise<string> {
  const { client, headers } = await signedIn(stack);
  return (await client.ask(`/api/v4/posts/${id}`, { headers })).body;
}
