/** ICE servers as browsers get them. */
import { type Carrying } from "../net/wire";
import { type TurnServer } from "./allocation";

/** One entry of a browser's `iceServers`. */
export interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

/**
 * The TURN servers among ICE servers, one for each URL of theirs (RFC 7065). `stun:` is left out, and `turns:` over
 * UDP. Without ?transport= it is UDP, on port 3478 where none is told; for `turns:` TLS, on port 5349.
 */
export function turnServers(servers: readonly IceServer[]): TurnServer[] {
  return servers.flatMap(({ urls, username, credential }) =>
    [urls].flat().flatMap((url) => {
      const parts =
        /^(?<scheme>turns?):(?:\[(?<six>[^\]]+)\]|(?<name>[^:?]+))(?::(?<port>\d+))?(?:\?transport=(?<by>udp|tcp))?$/i;
      const groups = parts.exec(url)?.groups;
      if (groups === undefined) return [];
      const secure = groups["scheme"]?.toLowerCase() === "turns";
      const by = groups["by"]?.toLowerCase();
      if (secure && by === "udp") return [];
      return [
        {
          host: groups["six"] ?? groups["name"] ?? "",
          port: Number(groups["port"] ?? (secure ? 5349 : 3478)),
          transport: secure ? "tls" : ((by ?? "udp") as Carrying),
          ...(username === undefined ? {} : { username }),
          ...(credential === undefined ? {} : { credential }),
        },
      ];
    }),
  );
}
