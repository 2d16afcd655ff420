/** What a browser meets at a site: its name, its certificate, its page. */
import { isLocalDomain, tlsMode } from "../components/services/tls";
import type { Site } from "../components/services/service";
import { askHttp } from "../probe/net/http";
import { type ServedCertificate, servedCertificate } from "../probe/net/certificate";
import { websocketThroughProxy } from "../probe/net/websocket";
import type { Check, Seen } from "./check";
import { nameCheck, siteDestination, siteTrust } from "./names";
import { needed, type Patient, siteAt } from "./patient";

const timeoutSeconds = 6;

/** Share of a certificate's time that is left when a renewal is overdue, and when it is urgent: it is due at a third. */
const overdue = 0.25;
const urgent = 0.1;

export const siteChecks = (patient: Patient): Check[] =>
  patient.topology.routes.flatMap(({ site }) => [
    ...siteNameCheck(patient, site),
    certificateCheck(patient, site),
    redirectCheck(patient, site),
    pageCheck(patient, site),
    ...(site === "chat" ? chatChecks(patient) : []),
  ]);

/** Names below `localhost` need no DNS: browsers know them. */
function siteNameCheck(patient: Patient, site: Site): Check[] {
  const { settings } = patient.topology;
  if (isLocalDomain(settings.domain)) return [];
  const means = "browsers and apps find another machine, or none";
  const words = { id: `${site}.name`, group: "sites", means } as const;
  return [nameCheck(patient, siteAt(settings, site).host, siteDestination(patient, site), words)];
}

function certificateCheck(patient: Patient, site: Site): Check {
  const { settings } = patient.topology;
  const { host, port } = siteAt(settings, site);
  return {
    id: `${site}.certificate`,
    group: "sites",
    title: `certificate of ${host}`,
    means: "browsers warn of the site, and apps refuse it",
    fix: `read why it isn't renewed: npm run logs -- ${patient.topology.stack} caddy`,
    needs: [...needed(patient, "caddy"), `${site}.name`],
    run: async () => {
      if (tlsMode(settings) === "internal" && patient.trust.ca === undefined)
        return { ok: "unchecked", saw: "its authority is Caddy's own, and Caddy can't be asked" };
      const trust = await siteTrust(patient, site);
      const served = await servedCertificate({ host, port, timeoutSeconds, ...trust });
      return served.ok ? certificateVerdict(served, new Date()) : { ok: false, saw: served.reason };
    },
  };
}

/** Pure. A certificate that is trusted may still be one that nobody renews. */
export function certificateVerdict({ from, until, protocol }: ServedCertificate, now: Date): Seen {
  const left = (until.getTime() - now.getTime()) / (until.getTime() - from.getTime());
  const saw = `${protocol}, until ${until.toISOString().slice(0, 16).replace("T", " ")} UTC`;
  if (left > overdue) return { ok: true, saw };
  return {
    ok: false,
    saw,
    means: "its renewal is overdue; once it ends, browsers warn of the site and apps refuse it",
    ...(left > urgent ? { severity: "warning" as const } : {}),
  };
}

function redirectCheck(patient: Patient, site: Site): Check {
  const { settings } = patient.topology;
  const { host } = siteAt(settings, site);
  const port = settings.web.httpPort;
  return {
    id: `${site}.redirect`,
    group: "sites",
    title: `HTTP of ${host} leads to HTTPS`,
    means: "who types the name without https:// meets nothing, and certificates by HTTP can't be renewed",
    fix: `look what answers at port ${port}: npm run logs -- ${patient.topology.stack} caddy`,
    needs: [...needed(patient, "caddy"), `${site}.name`],
    run: async () => {
      const url = new URL(`http://${host}${port === 80 ? "" : `:${port}`}/`);
      const answer = await askHttp(url, { trust: await siteTrust(patient, site), timeoutSeconds });
      if (!answer.ok) return { ok: false, saw: answer.reason };
      const { location = "" } = answer.headers;
      const there = [301, 302, 307, 308].includes(answer.status) && location.startsWith(`https://${host}`);
      return { ok: there, saw: `${answer.status} ${location}`.trim() };
    },
  };
}

/** What each site shows who comes first. */
const firstPage: Readonly<Record<Site, { path: string; title: string; service: string }>> = {
  chat: { path: "/login", title: "sign-in page", service: "mattermost" },
  meet: { path: "/", title: "page", service: "jitsi-web" },
};

function pageCheck(patient: Patient, site: Site): Check {
  const { settings, stack } = patient.topology;
  const { url } = siteAt(settings, site);
  const { path, title, service } = firstPage[site];
  return {
    id: `${site}.page`,
    group: "sites",
    title: `${title} of ${url}`,
    means: "people see an error instead of the site",
    fix: `npm run logs -- ${stack} caddy ${service}`,
    through: [`${site}.certificate`],
    needs: needed(patient, service),
    run: async () => {
      const trust = await siteTrust(patient, site);
      const answer = await askHttp(new URL(path, url), { trust, timeoutSeconds });
      if (!answer.ok) return { ok: false, saw: answer.reason };
      const type = answer.headers["content-type"] ?? "";
      const isPage = answer.status === 200 && type.includes("text/html") && answer.text.includes("<");
      return { ok: isPage, saw: `${answer.status} ${type}` };
    },
  };
}

function chatChecks(patient: Patient): Check[] {
  const { settings, stack } = patient.topology;
  const { url } = siteAt(settings, "chat");
  const logs = `npm run logs -- ${stack} mattermost postgres`;
  const shared = {
    group: "sites",
    through: ["chat.certificate"],
    needs: needed(patient, "mattermost"),
  } as const;
  return [
    {
      ...shared,
      id: "chat.server",
      title: "Mattermost, its database and its file store",
      means: "messages or files can't be read or written",
      fix: logs,
      needs: [...shared.needs, ...needed(patient, "postgres")],
      run: async () => {
        const question = new URL("/api/v4/system/ping?get_server_status=true", url);
        const answer = await askHttp(question, { trust: await siteTrust(patient, "chat"), timeoutSeconds });
        return answer.ok ? serverVerdict(answer.status, answer.text) : { ok: false, saw: answer.reason };
      },
    },
    {
      ...shared,
      id: "chat.websocket",
      title: "websocket of chat",
      means: "messages appear only after a reload, and no call rings",
      fix: "let whatever stands before the site pass websockets on (Upgrade, Connection)",
      run: async () => {
        const opened = await websocketThroughProxy({
          url: `${url.replace(/^http/, "ws")}/api/v4/websocket`,
          headers: { origin: url },
          expectMessage: false,
          timeoutSeconds,
          ...(await siteTrust(patient, "chat")),
        });
        if (!opened.ok) return { ok: false, saw: `${opened.code ?? opened.outcome} ${opened.reason}` };
        const alive = await opened.alive(timeoutSeconds / 2);
        opened.close();
        return { ok: alive, saw: alive ? "opens, and answers" : "opens, but nothing comes back" };
      },
    },
  ];
}

/** Pure. @param text the server's JSON about itself. */
export function serverVerdict(status: number, text: string): Seen {
  const parts = Object.entries(parsed(text)).filter(
    ([name]) => name === "status" || name.endsWith("_status"),
  );
  const unwell = parts
    .filter(([, value]) => value !== "OK")
    .map(([name, value]) => `${name} ${String(value)}`);
  if (status === 200 && parts.length > 0 && unwell.length === 0)
    return { ok: true, saw: parts.map(([name]) => name.replace("_status", "")).join(", ") };
  return { ok: false, saw: [String(status), ...unwell].join(" ") };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
