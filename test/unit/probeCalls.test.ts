import { setTimeout as pause } from "node:timers/promises";
import { decode } from "@msgpack/msgpack";
import { inflateSync } from "node:zlib";
import { type WebSocket } from "ws";
import { callsIceServers, joinCall, websocketThroughProxy } from "../../probe";
import { websocketUrl } from "../../probe/calls/join";
import { type Signal } from "../../probe/media/session";
import { loopbackSfu } from "../helpers/loopbackSfu";
import { type Site, startSite } from "../helpers/sites";

const prefix = "custom_com.mattermost.calls_";
const plugin = "/plugins/com.mattermost.calls";

let site: Site;
let actions: string[];
const sfus: ReturnType<typeof loopbackSfu>[] = [];

beforeEach(async () => {
  actions = [];
  const stun = { urls: ["stun:turn.example.org:3478"] };
  const turn = { urls: ["turn:turn.example.org:3478?transport=tcp"], username: "1:ann", credential: "c" };
  const bodies: Record<string, unknown> = {
    [`${plugin}/config`]: { ICEServersConfigs: [stun], NeedsTURNCredentials: true },
    [`${plugin}/turn-credentials`]: [turn],
  };
  site = await startSite(
    ({ url = "", headers }, response) => {
      if (headers.authorization !== "Bearer good") response.writeHead(401).end("no session");
      else response.end(JSON.stringify(bodies[url]));
    },
    { path: "/api/v4/websocket", connected: mattermost },
  );
});
afterEach(async () => {
  site.close();
  await Promise.all(sfus.splice(0).map(({ close }) => close()));
});

/** Mattermost with the Calls plugin (1.11), as far as a client sees it. */
function mattermost(socket: WebSocket): void {
  const sfu = loopbackSfu();
  sfus.push(sfu);
  const event = (name: string, data: Record<string, unknown>): void =>
    socket.send(JSON.stringify({ event: name, data, seq: 1 }));
  sfu.signalling.listen(
    (signal) => event(`${prefix}signal`, { data: JSON.stringify(signal), connID: "me" }),
    () => undefined,
  );
  socket.on("message", (raw: Buffer, binary) => {
    const { action, data } = (binary ? decode(raw) : JSON.parse(raw.toString("utf8"))) as {
      action: string;
      data: Record<string, unknown>;
    };
    actions.push(action.replace(prefix, ""));
    if (action === "authentication_challenge") {
      if (data["token"] === "good") event("hello", { connection_id: "me" });
      else socket.send(JSON.stringify({ status: "FAIL", error: { message: "Invalid session" } }));
    }
    if (action === `${prefix}join`) {
      // Someone else's answer, which isn't for us.
      event(`${prefix}error`, { data: "not ours", connID: "other" });
      const forbidden = data["channelID"] === "private";
      event(`${prefix}${forbidden ? "error" : "join"}`, {
        connID: "me",
        ...(forbidden ? { data: "forbidden" } : {}),
      });
    }
    if (action === `${prefix}sdp`)
      sfu.signalling.send(JSON.parse(inflateSync(data["data"] as Uint8Array).toString("utf8")) as Signal);
  });
}

describe("callsIceServers", () => {
  it("are those of the plugin, with short-lived credentials", async () => {
    const { turn, iceServers } = await callsIceServers({ siteUrl: `${site.url}/`, token: "good" });
    expect(iceServers).toHaveLength(2);
    expect(turn).toEqual([
      { host: "turn.example.org", port: 3478, transport: "tcp", username: "1:ann", credential: "c" },
    ]);
  });

  it("says where it wasn't answered", async () => {
    await expect(callsIceServers({ siteUrl: site.url, token: "bad" })).rejects.toThrow(
      /401 no session[^]*\/config/,
    );
  });
});

describe("joinCall", () => {
  it("speaks in a call, unmuted, until it leaves", async () => {
    const call = { siteUrl: site.url, token: "good", channelId: "town", transportPolicy: "udp" } as const;
    const session = await joinCall(call);
    for (let tries = 0; tries < 100 && session.received < 3; tries++) await pause(20);
    expect(session.received).toBeGreaterThanOrEqual(3);
    await session.close();
    for (let tries = 0; tries < 50 && !actions.includes("leave"); tries++) await pause(10);
    expect(actions).toEqual(["authentication_challenge", "join", "sdp", "unmute", "leave"]);
  });

  it("says that the channel isn't open to us", async () => {
    const call = { siteUrl: site.url, token: "good", channelId: "private", transportPolicy: "udp" } as const;
    await expect(joinCall(call)).rejects.toThrow(/can't be joined: forbidden/);
  });

  it("finds the site's websocket, also below a path", () => {
    expect(websocketUrl("https://chat.example.org/").href).toBe("wss://chat.example.org/api/v4/websocket");
    expect(websocketUrl("http://a:8065/team").href).toBe("ws://a:8065/team/api/v4/websocket");
  });
});

describe("websocketThroughProxy", () => {
  const hello = JSON.stringify({ action: "authentication_challenge", data: { token: "good" } });

  it("tells what came and whether it still stands", async () => {
    const socket = await websocketThroughProxy({ url: websocketUrl(site.url).href, hello });
    if (!socket.ok) throw new Error(socket.reason);
    expect(JSON.parse(socket.first ?? "")).toMatchObject({ event: "hello" });
    expect(socket).toMatchObject({ open: true, messages: 1, ended: undefined });
    expect(await socket.alive()).toBe(true);
    site.close();
    expect(await socket.alive(1)).toBe(false);
    expect(socket).toMatchObject({ open: false, ended: { code: 1006 } });
  });

  it("tells why there is none", async () => {
    expect(await websocketThroughProxy({ url: `${site.url.replace("http", "ws")}/other` })).toMatchObject({
      outcome: "refused",
      code: 400,
    });
    const silent = { url: websocketUrl(site.url).href, timeoutSeconds: 0.2 };
    expect(await websocketThroughProxy(silent)).toMatchObject({
      outcome: "no-answer",
      reason: "no message came",
    });
  });
});
