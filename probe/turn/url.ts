/** ICE servers as browsers get them. */
import { type Transport } from "../net/wire";
import { type TurnServer } from "./allocation";

/** One entry of a browser's `iceServers`. */
export interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

/**
 * The TURN servers among ICE servers, one for each `turn:` URL (RFC 7065). `turns:` (TLS) and `stun:` are left
 * out. Without ?transport= it is UDP, on port 3478 where none is told.
 */
export function turnServers(servers: readonly IceServer[]): TurnServer[] {
  return servers.flatMap(({ urls, username, credential }) =>
    [urls].flat().flatMap((url) => {
      const parts =
        /^turn:(?:\[(?<six>[^\]]+)\]|(?<name>[^:?]+))(?::(?<port>\d+))?(?:\?transport=(?<by>udp|tcp))?$/i;
      const groups = parts.exec(url)?.groups;
      if (groups === undefined) return [];
      return [
        {
          host: groups["six"] ?? groups["name"] ?? "",
          port: Number(groups["port"] ?? 3478),
          transport: (groups["by"]?.toLowerCase() ?? "udp") as Transport,
          ...(username === undefined ? {} : { username }),
          ...(credential === undefined ? {} : { credential }),
        },
      ];
    }),
  );
}
