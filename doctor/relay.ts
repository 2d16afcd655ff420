/** What an app asks of the relay: its own address, and a way for media that goes through it. */
import { relays, relaysOverTls } from "../components/services/coturn.tls";
import { mediaName } from "../components/services/tls";
import { servedCertificate } from "../probe/net/certificate";
import { type Trust, trustBesides } from "../probe/net/trust";
import { stunBinding } from "../probe/stun/binding";
import { allocate, type Allocation, type TurnServer } from "../probe/turn/allocation";
import { turnCredentials } from "../probe/turn/credentials";
import type { Failure } from "../probe/error";
import type { Settings } from "../stacks/settings/schema";
import type { Check, Seen } from "./check";
import { destinationOf, nameCheck } from "./names";
import { needed, type Patient, serviceIn } from "./patient";
import { certificateVerdict } from "./sites";

const timeoutSeconds = 4;

export function relayChecks(patient: Patient): Check[] {
  const { settings } = patient.topology;
  const coturn = serviceIn(patient, "coturn");
  const host = patient.addressOf(coturn?.host ?? "");
  if (!relays(settings) || host === undefined) return [];
  const at = { host, port: settings.media.turnPort };
  return [
    ...(["udp", "tcp"] as const).flatMap((transport) => [
      stunCheck(patient, at, transport),
      turnCheck(patient, { ...at, transport }, `${at.port}/${transport}`),
    ]),
    ...(relaysOverTls(settings) ? tlsChecks(patient, host) : []),
  ];
}

const fixOf = ({ topology: { stack } }: Patient, door: string): string =>
  `let ${door} through to the machine, in every firewall before it as well; then npm run logs -- ${stack} coturn`;

function stunCheck(patient: Patient, at: { host: string; port: number }, transport: "udp" | "tcp"): Check {
  return {
    id: `relay.stun-${transport}`,
    group: "calls",
    title: `STUN at ${at.host}:${at.port}/${transport}`,
    means: `apps can't ask the relay over ${transport.toUpperCase()}`,
    fix: fixOf(patient, `${at.port}/${transport}`),
    needs: needed(patient, "coturn"),
    run: async () => {
      const answer = await stunBinding({ ...at, transport, timeoutSeconds });
      return answer.ok ? { ok: true, saw: `sees us at ${answer.mapped.address}` } : failed(answer);
    },
  };
}

function turnCheck(patient: Patient, server: TurnServer, door: string, needs: readonly string[] = []): Check {
  const by = server.transport ?? "udp";
  return {
    id: `relay.turn-${by}`,
    group: "calls",
    title: `data through the relay, asked over ${by.toUpperCase()}`,
    means: "people whose network lets no media through hear nothing in calls and meetings",
    fix: fixOf(patient, `${door} and the relay's range of ports`),
    needs: [...needed(patient, "coturn"), ...needs],
    run: async () => {
      const secret = await patient.secret("turn-secret");
      return throughRelay({ ...server, ...turnCredentials(secret, { user: "doctor", ttlSeconds: 300 }) });
    },
  };
}

const relayName = "relay.name";

/** Whoever vouches for the sites, the relay's certificate comes from an ACME authority. @param host its address. */
export const relayTrust = ({ edge }: Pick<Settings, "edge">, host: string): Trust => ({
  ...trustBesides(edge.authority?.root),
  address: host,
});

/** Clients ask it by its name. Whatever that says, the machine is asked: so the rest is found as well. */
function tlsChecks(patient: Patient, host: string): Check[] {
  const { settings } = patient.topology;
  const name = mediaName(settings);
  const port = settings.media.turnTlsPort;
  const trust = relayTrust(settings, host);
  const means = "browsers don't find the relay over TLS, silently: calls from strict networks don't connect";
  return [
    nameCheck(patient, name, destinationOf(patient, serviceIn(patient, "coturn")?.host ?? ""), {
      ...{ id: relayName, group: "calls", means },
    }),
    {
      id: "relay.certificate",
      group: "calls",
      title: `certificate of the relay, ${name}`,
      means: "browsers refuse the relay over TLS, silently: calls from strict networks don't connect",
      fix: `npm run logs -- ${patient.topology.stack} certificates`,
      needs: [...needed(patient, "coturn", "certificates"), relayName],
      run: async () => {
        const served = await servedCertificate({ host: name, port, timeoutSeconds, ...trust });
        return served.ok ? certificateVerdict(served, new Date()) : failed(served);
      },
    },
    turnCheck(patient, { host: name, port, transport: "tls", trust }, `${port}/tcp`, [
      ...["relay.certificate", relayName],
    ]),
  ];
}

/**
 * Two relayed addresses, and a packet from one to the other and back: proves the relay's front and its back, and needs
 * nothing else that would have to be well.
 */
async function throughRelay(server: TurnServer): Promise<Seen> {
  const all = await Promise.all([
    allocate({ ...server, timeoutSeconds }),
    allocate({ ...server, timeoutSeconds }),
  ]);
  const [one, other] = all;
  try {
    if (!one.ok) return failed(one);
    if (!other.ok) return failed(other);
    const permitted = await Promise.all([one.permit(other.relayed), other.permit(one.relayed)]);
    const refused = permitted.find((answer): answer is Failure => !answer.ok);
    if (refused !== undefined) return failed(refused);
    const came = (await carries(one, other)) && (await carries(other, one));
    const saw = `between ${one.relayed.address}:${one.relayed.port} and :${other.relayed.port}`;
    return came ? { ok: true, saw } : { ok: false, saw: `nothing comes through ${saw}` };
  } finally {
    await Promise.all(all.flatMap((allocation) => (allocation.ok ? [allocation.close()] : [])));
  }
}

/** Whether a packet gets from one relayed address to another one: of three, since UDP may lose some. */
function carries(from: Allocation, to: Allocation): Promise<boolean> {
  const packet = Buffer.from(`doctor ${from.relayed.port}`);
  return new Promise((resolve) => {
    const timers = [0, 0.3, 0.9].map((seconds) =>
      setTimeout(() => from.send(to.relayed, packet), seconds * 1000),
    );
    timers.push(setTimeout(() => done(false), (timeoutSeconds / 2) * 1000));
    const stop = to.listen(({ data }) => {
      if (data.equals(packet)) done(true);
    });
    function done(came: boolean): void {
      timers.forEach(clearTimeout);
      stop();
      resolve(came);
    }
  });
}

const failed = ({ outcome, code, reason }: Failure): Seen => ({
  ok: false,
  saw: `${code ?? outcome}: ${reason}`,
});
