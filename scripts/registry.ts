/** Asks registries for digests, by the OCI distribution API and without an account. */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

/** An image to look up. */
export interface Wanted {
  registry: string;
  repository: string;
  tag: string;
}

export interface RegistryOptions {
  /** Address that is asked instead of every registry, such as a mirror's. */
  registry?: string | undefined;
  /** How often a registry that doesn't answer is asked again. */
  retries?: number;
  /** First pause before asking again; each further one is twice as long. */
  pauseMs?: number;
}

/** What an image must run on: Mattermost's images are made for nothing else. */
const platform = { os: "linux", architecture: "amd64" } as const;
const timeoutMs = 20_000;

const indexTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const manifestTypes = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
const accept = [...indexTypes, ...manifestTypes].join(", ");

const platformSchema = z.object({ os: z.string(), architecture: z.string() });
const manifestSchema = z.object({
  manifests: z.array(z.object({ platform: platformSchema.optional() })).optional(),
  config: z.object({ digest: z.string() }).optional(),
});
const tokenSchema = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** Docker Hub's registry answers under another name than its images carry. */
const addressOf = (registry: string): string =>
  registry === "docker.io" ? "https://registry-1.docker.io" : `https://${registry}`;

/**
 * The digest that a tag stands for now: of the index, where the image is made for several platforms.
 * @throws Error that says what went wrong; nothing is guessed.
 */
export async function digestOf(
  { registry, repository, tag }: Wanted,
  options: RegistryOptions,
): Promise<string> {
  const base = `${(options.registry ?? addressOf(registry)).replace(/\/$/, "")}/v2/${repository}`;
  const session = new Session(repository, options);
  const head = await session.ask(`${base}/manifests/${tag}`, "HEAD");
  if (head.status === 404) throw new Error("no such tag");
  const digest = (await expectOk(head)).headers.get("docker-content-digest");
  if (digest === null || !/^sha256:[0-9a-f]{64}$/.test(digest))
    throw new Error(`the registry gave no digest: ${digest ?? "no Docker-Content-Digest"}`);

  const body = await (await expectOk(await session.ask(`${base}/manifests/${digest}`))).text();
  if (`sha256:${createHash("sha256").update(body).digest("hex")}` !== digest)
    throw new Error(`the manifest isn't what its digest says: ${digest}`);
  const platforms = await platformsOf(body, base, session);
  if (!platforms.some(({ os, architecture }) => os === platform.os && architecture === platform.architecture))
    throw new Error(`not made for ${platform.os}/${platform.architecture}`);
  return digest;
}

/** An index names its platforms; a single image has its own in its configuration. */
async function platformsOf(
  body: string,
  base: string,
  session: Session,
): Promise<z.output<typeof platformSchema>[]> {
  const { manifests, config } = manifestSchema.parse(JSON.parse(body));
  if (manifests !== undefined) return manifests.flatMap((manifest) => manifest.platform ?? []);
  if (config === undefined) throw new Error("neither an index nor an image");
  const blob = await expectOk(await session.ask(`${base}/blobs/${config.digest}`));
  return [platformSchema.parse(await blob.json())];
}

async function expectOk(response: Response): Promise<Response> {
  if (response.ok) return response;
  await response.body?.cancel();
  throw new Error(`the registry answers ${response.status} ${response.statusText}`.trimEnd());
}

/** Requests about one repository: fetches a token when the registry asks for one, and asks again when it fails. */
class Session {
  private token: string | undefined;

  constructor(
    private readonly repository: string,
    private readonly options: RegistryOptions,
  ) {}

  async ask(url: string, method: "GET" | "HEAD" = "GET"): Promise<Response> {
    const first = await this.patiently(url, method);
    const challenge = first.headers.get("www-authenticate");
    if (first.status !== 401 || challenge === null || this.token !== undefined) return first;
    this.token = await this.fetchToken(challenge);
    return this.patiently(url, method);
  }

  private async fetchToken(challenge: string): Promise<string> {
    const field = (name: string): string | undefined => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
    const realm = field("realm");
    if (!/^bearer /i.test(challenge) || realm === undefined)
      throw new Error(`the registry wants a sign-in that isn't known here: ${challenge}`);
    const url = new URL(realm);
    const service = field("service");
    if (service !== undefined) url.searchParams.set("service", service);
    url.searchParams.set("scope", field("scope") ?? `repository:${this.repository}:pull`);
    const { token, access_token } = tokenSchema.parse(
      await (await expectOk(await this.patiently(url.href, "GET"))).json(),
    );
    const value = token ?? access_token;
    if (value === undefined) throw new Error("the registry gave no token");
    return value;
  }

  /** Asks again after a while where nobody answers, or the answer is that it is too much at the moment. */
  private async patiently(url: string, method: "GET" | "HEAD"): Promise<Response> {
    const { retries = 3, pauseMs = 500 } = this.options;
    for (let attempt = 0; ; attempt++) {
      const answer = await this.once(url, method);
      const passing = answer instanceof Error || answer.status === 429 || answer.status >= 500;
      if (!passing || attempt >= retries) {
        if (answer instanceof Error) throw answer;
        return answer;
      }
      await sleep(pauseMs * 2 ** attempt);
    }
  }

  private async once(url: string, method: "GET" | "HEAD"): Promise<Response | Error> {
    const authorization = this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
    try {
      return await fetch(url, {
        method,
        headers: { accept, ...authorization },
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      const { message, cause } = error as Error & { cause?: { message?: string; code?: string } };
      const reason = [cause?.message, cause?.code, message].find((text) => text !== undefined && text !== "");
      return new Error(`${new URL(url).origin} doesn't answer: ${reason ?? "no reason given"}`);
    }
  }
}
