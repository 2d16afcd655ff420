/** What Prosody tells clients of the relays (XEP-0215). */
import { type TurnServer } from "../turn/allocation";
import { childOf, childrenOf, conditionOf, element } from "./xml";
import { type JitsiAccess, openXmpp, type Refusal } from "./xmpp";

const EXTDISCO = "urn:xmpp:extdisco:2";

export interface ExternalService {
  /** stun, turn or turns. */
  readonly type: string;
  readonly host: string;
  readonly port: number;
  readonly transport?: string;
  readonly username?: string;
  readonly password?: string;
  /** When the credentials end, as the server told it: a date and time of XMPP. */
  readonly expires?: string;
}

export interface ExternalServices {
  readonly ok: true;
  readonly services: readonly ExternalService[];
  /** Those that are TURN without TLS, as the other probes take them. */
  readonly turn: readonly TurnServer[];
}

/**
 * STUN and TURN servers that Prosody hands out, with their credentials. Refused like `joinRoom`; the room need
 * not exist.
 * @param options.timeoutSeconds for each question; default 10
 */
export async function externalServices({
  timeoutSeconds = 10,
  ...access
}: Omit<JitsiAccess, "room"> & { room?: string; timeoutSeconds?: number }): Promise<
  ExternalServices | Refusal
> {
  const { guest = false, domain = "meet.jitsi", room = "probe" } = access;
  const session = await openXmpp({ ...access, room }, timeoutSeconds);
  if (!session.ok) return session;
  const to = guest ? `guest.${domain}` : domain;
  const answer = await session.ask(to, "get", element("services", { xmlns: EXTDISCO }));
  session.close();
  const list = answer && childOf(answer, "services");
  if (answer === undefined || list === undefined) {
    const error = answer && childOf(answer, "error");
    const told = error === undefined ? { condition: "no-answer" } : conditionOf(error);
    return { ok: false, stage: "authentication", ...told };
  }
  const services = childrenOf(list, "service").map((service): ExternalService => {
    const optional = Object.fromEntries(
      ["transport", "username", "password", "expires"].flatMap((key) => {
        const value = service.getAttribute(key);
        return value === null || value === "" ? [] : [[key, value]];
      }),
    );
    const text = (key: string): string => service.getAttribute(key) ?? "";
    return { type: text("type"), host: text("host"), port: Number(text("port")), ...optional };
  });
  return { ok: true, services, turn: services.flatMap(turnServerOf) };
}

function turnServerOf({ type, host, port, transport, username, password }: ExternalService): TurnServer[] {
  if (type !== "turn" || (transport !== undefined && transport !== "udp" && transport !== "tcp")) return [];
  return [
    {
      ...{ host, port, transport: transport ?? "udp" },
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { credential: password }),
    },
  ];
}
