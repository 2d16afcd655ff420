/** What the Calls plugin tells its clients to connect by. */
import { ProbeError } from "../error";
import { askJson } from "../net/http";
import { type Trust } from "../net/trust";
import { type TurnServer } from "../turn/allocation";
import { type IceServer, turnServers } from "../turn/url";

/** The plugin's path on a Mattermost server. */
const PLUGIN = "/plugins/com.mattermost.calls";

/** A Mattermost site and one of its people. */
export interface MattermostAccess extends Trust {
  /** For example https://chat.example.org */
  readonly siteUrl: string;
  /** A session's token or a personal access token. */
  readonly token: string;
}

export interface CallsIceServers {
  /** As the plugin told them, with short-lived TURN credentials where it gives them. */
  readonly iceServers: readonly IceServer[];
  /** The TURN servers among them, one for each way to reach it. */
  readonly turn: readonly TurnServer[];
}

/**
 * The ICE servers of a Calls client: from /config, and with the credentials of /turn-credentials where the
 * plugin makes short-lived ones.
 * @param options.timeoutSeconds for each question; default 10
 * @throws ProbeError where the site doesn't answer as the plugin does
 */
export async function callsIceServers({
  siteUrl,
  token,
  timeoutSeconds = 10,
  ...trust
}: MattermostAccess & { timeoutSeconds?: number }): Promise<CallsIceServers> {
  const ask = async (path: string): Promise<unknown> => {
    const url = new URL(`${siteUrl.replace(/\/$/, "")}${PLUGIN}${path}`);
    const headers = { authorization: `Bearer ${token}` };
    const answer = await askJson(url, { headers, trust, timeoutSeconds });
    if (answer.ok) return answer.body;
    throw new ProbeError({
      what: `The Calls plugin doesn't answer: ${answer.code ?? answer.outcome} ${answer.reason}`,
      where: url.href,
      fix: "check that the plugin is enabled, the token, and the TURN settings in its configuration",
    });
  };
  const config = (await ask("/config")) as {
    ICEServersConfigs?: IceServer[] | null;
    NeedsTURNCredentials?: boolean;
  };
  const given = config.NeedsTURNCredentials === true ? ((await ask("/turn-credentials")) as IceServer[]) : [];
  const iceServers = [...(config.ICEServersConfigs ?? []), ...given];
  return { iceServers, turn: turnServers(iceServers) };
}
