/** The relay's own certificate, which lego gets and renews. Why so: docs/decisions/0017-certificate-of-the-relay.md. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../stacks/settings/schema";
import { coturn } from "./coturn";
import { relaysOverTls } from "./coturn.tls";
import { filesPath, type Service, type ServiceContext, type ServiceFile } from "./service";
import { secret, text } from "./text";
import { mediaName } from "./tls";
import { model } from "./model";

const size = model.certificates;

/** Where certificates come from when nothing else is said. */
export const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";

/** How lego proves the name by DNS: its provider, and what that one reads from variables. */
export interface DnsProof {
  provider: string;
  /** Variable of the token. */
  tokenVariable?: string | undefined;
  variables: Readonly<Record<string, string>>;
  /** Name servers by which it looks the zone up, instead of the machine's. */
  resolvers: readonly string[];
  /** Whether it waits until the zone's own name servers have the record. */
  check: "zone" | "none";
}

/** `undefined` where the settings name nobody who could change DNS records. */
export function dnsProofOf({ edge }: Settings): DnsProof | undefined {
  if (edge.provider === "none") return edge.dns;
  return {
    provider: "cloudflare",
    tokenVariable: "CF_DNS_API_TOKEN",
    variables: {},
    resolvers: [],
    check: "zone",
  };
}

const script = (name: string): ServiceFile => ({
  name: `${name}.sh`,
  content: text`${readFileSync(join(__dirname, `${name}.sh`), "utf8")}`,
});
const scripts = [script("certificates"), script("certificates.health")];

/** lego: gets the relay's certificate from an ACME authority, proven by DNS, and renews it. */
export const certificates: Service = {
  name: "certificates",
  title: "Certificates",
  image: () => "lego",
  // The relay's, which alone may read what this one writes.
  user: coturn.user,
  when: relaysOverTls,
  role: "media",
  needs: () => ({ memoryMiB: size.memoryBase, cpus: size.cpusBase, diskGiB: 0 }),
  ports: () => [],
  volumes: (settings) => [
    hasMediaHost(settings)
      ? {
          name: "data",
          path: "/data",
          backup: "none",
          why: "the relay's certificate and the ACME account, on a host that no backup reaches; lost, they are got anew",
        }
      : {
          name: "data",
          path: "/data",
          backup: "files",
          why: "the relay's certificate and the ACME account; lost ones count against the authority's limits",
          bound: "domain",
        },
    { name: "published", path: "/published", backup: "none", why: "the certificate as the relay takes it" },
  ],
  container: (context) => ({
    environment: environment(context),
    files: [...scripts, ...ownFiles(context)],
    entrypoint: ["/bin/sh"],
    command: [
      `${filesPath}/certificates.sh`,
      mediaName(context.settings),
      context.settings.edge.authority?.directory ?? letsEncrypt,
      ...options(context.settings),
    ],
  }),
  sandbox: {
    egress: { value: true, reason: "asks the certificate authority, and the DNS provider" },
    temporary: { value: { "/tmp": 2 }, reason: "how long the certificate holds, and what has failed last" },
  },
  health: {
    command: ["/bin/sh", `${filesPath}/certificates.health.sh`],
    intervalSeconds: 5,
    timeoutSeconds: 5,
    retries: 3,
    // Some name servers need minutes to tell the world of a record.
    startSeconds: 600,
  },
  startsAfter: [],
  stopGraceSeconds: 10,
  jobs: [],
};

/** Whether media have a host of their own, without a data disk. */
const hasMediaHost = ({ host }: Settings): boolean => host.provider !== "local" && host.media !== undefined;

/** lego's own, beside those that the script gives it. */
function options(settings: Settings): string[] {
  const { provider = "none", resolvers = [], check } = dnsProofOf(settings) ?? {};
  const { email } = settings.edge;
  return [
    ...(email === undefined ? [] : ["--email", email]),
    ...["--dns", provider],
    ...resolvers.flatMap((resolver) => ["--dns.resolvers", resolver]),
    ...(check === "none" ? ["--dns.disable-cp"] : []),
  ];
}

const tokenFile = "dns-token";
const rootFile = "authority.pem";

function environment({ settings, secrets }: ServiceContext): Record<string, string> {
  const { tokenVariable, variables = {} } = dnsProofOf(settings) ?? {};
  return {
    ...variables,
    ...(tokenVariable !== undefined && secrets.has("dnsToken")
      ? { [`${tokenVariable}_FILE`]: `${filesPath}/${tokenFile}` }
      : {}),
    ...(settings.edge.authority?.root === undefined
      ? {}
      : { LEGO_CA_CERTIFICATES: `${filesPath}/${rootFile}` }),
  };
}

function ownFiles({ settings, secrets }: ServiceContext): ServiceFile[] {
  const root = settings.edge.authority?.root;
  return [
    ...(secrets.has("dnsToken") ? [{ name: tokenFile, content: text`${secret("dnsToken")}` }] : []),
    ...(root === undefined ? [] : [{ name: rootFile, content: text`${root}` }]),
  ];
}
