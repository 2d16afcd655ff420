/** Between SDP and the JSON of COLIBRI 2 (jitsi-xmpp-extensions, Colibri2JSONSerializer). */

/** A bridge's side of ICE and DTLS; numbers in candidates are strings. */
export interface BridgeTransport {
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprints?: readonly { readonly fingerprint: string; readonly hash: string }[];
  readonly candidates?: readonly Readonly<Record<string, string>>[];
}

const ICE_UDP = "urn:xmpp:jingle:transports:ice-udp:1";

/** Our side, for the bridge. We open DTLS (`active`). */
export function transportOf(
  offer: string,
  endpointId: string,
): { readonly transport: BridgeTransport; readonly sources: readonly unknown[] } {
  const value = (name: string): string => new RegExp(`^a=${name}:(.*)$`, "m").exec(offer)?.[1]?.trim() ?? "";
  const [hash = "", fingerprint = ""] = value("fingerprint").split(" ");
  const name = `${endpointId}-a0`;
  const [ssrc = "0"] = value("ssrc").split(" ");
  return {
    transport: {
      ...{ xmlns: ICE_UDP, "rtcp-mux": true },
      ufrag: value("ice-ufrag"),
      pwd: value("ice-pwd"),
      fingerprints: [{ fingerprint, hash, setup: "active" } as { fingerprint: string; hash: string }],
    },
    sources: [{ type: "audio", id: name, sources: [{ ssrc: Number(ssrc), name }] }],
  };
}

/** The bridge's side as an answer to our offer, and its candidates as SDP's lines. */
export function answerOf(
  offer: string,
  { ufrag, pwd, fingerprints = [], candidates = [] }: BridgeTransport,
): { readonly sdp: string; readonly candidates: readonly string[] } {
  const audio = offer.split(/^(?=m=)/m).find((section) => section.startsWith("m=audio")) ?? "";
  const mid = /^a=mid:(.*)$/m.exec(audio)?.[1]?.trim() ?? "0";
  const rejected = offer
    .split(/^(?=m=)/m)
    .slice(1)
    .filter((section) => section !== audio);
  const lines = [
    ...["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", `a=group:BUNDLE ${mid}`],
    ...["m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=rtcp-mux", `a=mid:${mid}`, "a=sendrecv"],
    "a=rtpmap:111 opus/48000/2",
    ...[`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${pwd}`],
    ...fingerprints.map(({ hash, fingerprint }) => `a=fingerprint:${hash} ${fingerprint}`),
    "a=setup:passive",
    ...rejected.flatMap((section) => {
      const [, media = "", , protocol = "", format = ""] = /^m=(\S+) (\S+) (\S+) (.*)/.exec(section) ?? [];
      const other = /^a=mid:(.*)$/m.exec(section)?.[1]?.trim() ?? "1";
      return [
        `m=${media} 0 ${protocol} ${format.trim()}`,
        "c=IN IP4 0.0.0.0",
        `a=mid:${other}`,
        "a=inactive",
      ];
    }),
  ];
  return { sdp: `${lines.join("\r\n")}\r\n`, candidates: candidates.map(candidateLine) };
}

function candidateLine(candidate: Readonly<Record<string, string>>): string {
  const text = (key: string, otherwise = ""): string => candidate[key] ?? otherwise;
  const parts = [text("foundation"), text("component", "1"), text("protocol"), text("priority"), text("ip")];
  const related =
    candidate["rel-addr"] === undefined ? "" : ` raddr ${text("rel-addr")} rport ${text("rel-port")}`;
  const tcp = candidate["tcptype"] === undefined ? "" : ` tcptype ${text("tcptype")}`;
  return `candidate:${parts.join(" ")} ${text("port")} typ ${text("type")}${related}${tcp}`;
}
