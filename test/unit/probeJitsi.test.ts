import { setTimeout as pause } from "node:timers/promises";
import { type Element } from "@xmldom/xmldom";
import { type WebSocket } from "ws";
import { bridgeHealth, externalServices, joinRoom } from "../../probe";
import { answerOf, transportOf } from "../../probe/jitsi/colibri";
import { childOf, conditionOf, element, parseXml } from "../../probe/jitsi/xml";
import { type Site, startSite } from "../helpers/sites";

function parsed(text: string): Element {
  const read = parseXml(text);
  if (read === undefined) throw new Error(`not XML: ${text}`);
  return read;
}

describe("XML of XMPP", () => {
  it("is escaped and read back", () => {
    const wild = `<&>"'ü`;
    const text = element("a", { xmlns: "urn:x", b: wild, left: undefined }, element("c", {}, { text: wild }));
    const read = parsed(text);
    expect(read.getAttribute("b")).toBe(wild);
    expect(read.hasAttribute("left")).toBe(false);
    expect(childOf(read, "c", "urn:x")?.textContent).toBe(wild);
  });

  it.each(["<html", "Bad Gateway", ""])("isn't just anything: %p", (text) => {
    expect(parseXml(text)).toBeUndefined();
  });

  it("has conditions and their text", () => {
    const sasl = `<failure xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><not-allowed/><text>expired</text></failure>`;
    expect(conditionOf(parsed(sasl))).toEqual({ condition: "not-allowed", text: "expired" });
    const stanza = `<error xmlns="jabber:client"><conflict xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>`;
    expect(conditionOf(parsed(stanza))).toEqual({ condition: "conflict" });
  });
});

const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";
const error = (condition: string, more = ""): string =>
  `<error type="auth"><${condition} xmlns="${STANZAS}"/>${more}</error>`;
const jitmeet = (name: string): string =>
  `<${name} xmlns="http://jitsi.org/jitmeet">r@lobby.meet.jitsi</${name}>`;

/** What is said at the places where Prosody and jicofo may refuse. */
let focus: string;
let door: string;
let site: Site;
let seen: URL | undefined;

function prosody(socket: WebSocket, url: URL): void {
  seen = url;
  let authenticated = false;
  socket.on("message", (raw: Buffer) => {
    const stanza = parsed(raw.toString("utf8"));
    const [id, to] = [stanza.getAttribute("id") ?? "", stanza.getAttribute("to") ?? ""];
    const result = (content: string): void =>
      socket.send(`<iq xmlns="jabber:client" type="result" id="${id}">${content}</iq>`);
    const presence = (who: string, role: string, more = ""): void =>
      socket.send(
        `<presence xmlns="jabber:client" from="r@muc.meet.jitsi/${who}">` +
          `<x xmlns="http://jabber.org/protocol/muc#user"><item role="${role}"/>${more}</x></presence>`,
      );
    if (stanza.localName === "open") {
      socket.send(`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" version="1.0"/>`);
      socket.send(`<stream:features xmlns:stream="http://etherx.jabber.org/streams"/>`);
    } else if (stanza.localName === "auth") {
      authenticated = url.searchParams.get("token") !== "bad";
      const sasl = `xmlns="urn:ietf:params:xml:ns:xmpp-sasl"`;
      socket.send(authenticated ? `<success ${sasl}/>` : `<failure ${sasl}><not-allowed/></failure>`);
    } else if (childOf(stanza, "bind") !== undefined) {
      result(`<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><jid>abcdefgh-1@${to}/x</jid></bind>`);
    } else if (childOf(stanza, "services") !== undefined) {
      const turn = `type="turn" host="turn.example.org" port="3478" transport="udp" username="u" password="p"`;
      result(
        `<services xmlns="urn:xmpp:extdisco:2"><service ${turn}/><service type="stun" host="s" port="1"/></services>`,
      );
    } else if (childOf(stanza, "conference") !== undefined) {
      if (focus === "") result(`<conference xmlns="http://jitsi.org/protocol/focus" ready="true"/>`);
      else socket.send(`<iq xmlns="jabber:client" type="error" id="${id}">${focus}</iq>`);
    } else if (stanza.localName === "presence" && stanza.getAttribute("type") === null) {
      if (door !== "") {
        socket.send(
          `<presence xmlns="jabber:client" type="error" from="r@muc.meet.jitsi/abcdefgh">${door}</presence>`,
        );
        return;
      }
      presence("focus", "moderator");
      presence("abcdefgh", "participant", `<status code="110"/>`);
      presence("abcdefgh", "moderator", `<status code="110"/>`);
    }
  });
}

beforeEach(async () => {
  [focus, door] = ["", ""];
  site = await startSite(
    ({ url }, response) => response.writeHead(url === "/about/health" ? 500 : 404).end("ill"),
    {
      ...{ path: "/xmpp-websocket", protocol: "xmpp" },
      connected: prosody,
    },
  );
});
afterEach(() => site.close());

describe("joinRoom", () => {
  const join = (jwt?: string) => joinRoom({ siteUrl: site.url, room: "R", jwt, timeoutSeconds: 2 });

  it("gets in, and knows who is there", async () => {
    const visit = await join("good");
    expect(seen?.search).toBe("?room=R&token=good");
    expect(visit).toMatchObject({
      outcome: "joined",
      nick: "abcdefgh",
      occupants: ["abcdefgh", "focus"],
      open: true,
    });
    for (let tries = 0; tries < 50 && visit.role !== "moderator"; tries++) await pause(5);
    expect(visit.role).toBe("moderator");
    visit.close();
  });

  it.each([
    ["bad", "", "", { outcome: "refused", stage: "authentication", condition: "not-allowed" }],
    ["", error("not-authorized"), "", { outcome: "waiting-for-host", stage: "conference" }],
    ["", error("service-unavailable"), "", { outcome: "refused", condition: "service-unavailable" }],
    ["", "", error("not-allowed"), { outcome: "refused", stage: "room", condition: "not-allowed" }],
    ["", "", error("registration-required", jitmeet("lobbyroom")), { outcome: "lobby", stage: "room" }],
    [
      "",
      "",
      error("registration-required", jitmeet("waiting-for-host") + jitmeet("lobbyroom")),
      { outcome: "waiting-for-host", stage: "room", condition: "registration-required" },
    ],
  ])("tells who was refused where (%#)", async (jwt, atFocus, atDoor, expected) => {
    [focus, door] = [atFocus, atDoor];
    expect(await join(jwt === "" ? undefined : jwt)).toMatchObject({
      ...expected,
      open: false,
      occupants: [],
    });
  });

  it("tells a websocket that isn't XMPP's", async () => {
    const other = await startSite((_, response) => response.end(), {
      ...{ path: "/xmpp-websocket", protocol: "xmpp" },
      connected: (socket) => socket.send("hello"),
    });
    expect(await joinRoom({ siteUrl: other.url, room: "r" })).toMatchObject({
      stage: "websocket",
      condition: "not-xml",
    });
    other.close();
  });

  it("tells a site without a websocket", async () => {
    const visit = await joinRoom({ siteUrl: `${site.url}/elsewhere`, room: "r" });
    expect(visit).toMatchObject({ outcome: "refused", stage: "websocket", condition: "400" });
  });
});

describe("what else is asked of Jitsi", () => {
  it("are relays with credentials", async () => {
    expect(await externalServices({ siteUrl: site.url, guest: true })).toMatchObject({
      services: [{ type: "turn" }, { type: "stun", host: "s", port: 1 }],
      turn: [{ host: "turn.example.org", port: 3478, transport: "udp", username: "u", credential: "p" }],
    });
    expect(await externalServices({ siteUrl: site.url, jwt: "bad" })).toMatchObject({
      condition: "not-allowed",
    });
  });

  it("is the bridge's health", async () => {
    expect(await bridgeHealth(site.url)).toEqual({ ok: false, outcome: "refused", code: 500, reason: "ill" });
  });
});

describe("COLIBRI", () => {
  const offer = [
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    ...["a=mid:0", "a=ice-ufrag:us", "a=ice-pwd:secret", "a=fingerprint:sha-256 AA:BB", "a=ssrc:42 cname:x"],
  ].join("\r\n");

  it("takes our side from an offer", () => {
    const { transport, sources } = transportOf(`${offer}\r\n`, "e1");
    expect(transport).toMatchObject({
      ...{ ufrag: "us", pwd: "secret", "rtcp-mux": true },
      fingerprints: [{ hash: "sha-256", fingerprint: "AA:BB", setup: "active" }],
    });
    expect(sources).toEqual([{ type: "audio", id: "e1-a0", sources: [{ ssrc: 42, name: "e1-a0" }] }]);
  });

  it("makes the bridge's side an answer", () => {
    const candidate = { component: "1", foundation: "2", protocol: "udp", priority: "9", type: "srflx" };
    const address = { ip: "192.0.2.1", port: "10000", "rel-addr": "10.0.0.1", "rel-port": "10000" };
    const { sdp, candidates } = answerOf(offer, {
      ...{ ufrag: "them", pwd: "theirs", fingerprints: [{ hash: "sha-256", fingerprint: "CC" }] },
      candidates: [{ ...candidate, ...address }],
    });
    expect(sdp).toContain(
      "a=ice-ufrag:them\r\na=ice-pwd:theirs\r\na=fingerprint:sha-256 CC\r\na=setup:passive\r\n",
    );
    expect(candidates).toEqual(["candidate:2 1 udp 9 192.0.2.1 10000 typ srflx raddr 10.0.0.1 rport 10000"]);
  });
});
