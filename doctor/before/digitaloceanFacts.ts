/** What there is in an account at DigitalOcean, by questions alone. */
import { z } from "zod";

/** What a token must be allowed to read, in the console's words. */
export type Scope =
  | "account"
  | "regions"
  | "image"
  | "droplet"
  | "block_storage"
  | "reserved_ip"
  | "firewall"
  | "project"
  | "ssh_key"
  | "tag";

const account = z.object({
  status: z.string(),
  status_message: z.string().default(""),
  droplet_limit: z.number().optional(),
  volume_limit: z.number().optional(),
  reserved_ip_limit: z.number().optional(),
  /** The older name of the same. */
  floating_ip_limit: z.number().optional(),
});
const region = z.object({
  slug: z.string(),
  available: z.boolean(),
  sizes: z.array(z.string()),
  features: z.array(z.string()).default([]),
});
const id = z.union([z.string(), z.number()]).transform(String);
const named = z.object({ id, name: z.string() });
const tagged = named.extend({ tags: z.array(z.string()).nullish() });
const volume = tagged.extend({ region: z.object({ slug: z.string() }) });
const address = z.object({ ip: z.string() });
const key = named.extend({ fingerprint: z.string() });
const image = z.object({ regions: z.array(z.string()).default([]) });

export type Account = z.output<typeof account>;
export type Region = z.output<typeof region>;
export type Volume = z.output<typeof volume>;
export type Tagged = z.output<typeof tagged>;
export type Named = z.output<typeof named>;
export type Key = z.output<typeof key>;

/** What the token may not read is left out, and its scope is among `denied`. */
export interface DigitaloceanFacts {
  account: Account | undefined;
  regions: readonly Region[] | undefined;
  /** Regions that have the image; none where there is no such image. */
  imageRegions: readonly string[] | undefined;
  droplets: readonly Tagged[] | undefined;
  volumes: readonly Volume[] | undefined;
  addresses: readonly { ip: string }[] | undefined;
  firewalls: readonly Named[] | undefined;
  projects: readonly Named[] | undefined;
  keys: readonly Key[] | undefined;
  denied: readonly Scope[];
}

/** The token opens nothing at all. */
export class TokenRefused extends Error {}

/** Where the API is; the provider takes the same variable. */
const addressOf = (): string =>
  (process.env["DIGITALOCEAN_API_URL"] ?? "https://api.digitalocean.com").replace(/\/$/, "");

const perPage = 200;
const page = z.object({
  links: z.object({ pages: z.object({ next: z.string().optional() }).nullish() }).nullish(),
});

/** Asks, and changes nothing. */
class Api {
  readonly denied = new Set<Scope>();
  private readonly address = addressOf();

  constructor(
    private readonly token: string,
    private readonly timeoutMs: number,
  ) {}

  /** One GET; `undefined` where the token may not, "absent" where there is no such thing. */
  async get(scope: Scope, path: string): Promise<unknown> {
    const { status, body } = await this.ask(path);
    const { message = "" } = (body ?? {}) as { message?: string };
    if (status === 401) throw new TokenRefused(`401 ${message}`);
    if (status === 403) {
      this.denied.add(scope);
      return undefined;
    }
    if (status === 404) return "absent";
    if (status !== 200) throw new Error(`${this.address} answers ${status} ${message}`);
    return body;
  }

  /** All pages of a list. */
  async list<T extends z.ZodType>(
    scope: Scope,
    name: string,
    item: T,
    path = name,
  ): Promise<z.output<T>[] | undefined> {
    const all: z.output<T>[] = [];
    for (let number = 1; ; number += 1) {
      const body = await this.get(scope, `${path}?per_page=${perPage}&page=${number}`);
      if (body === undefined) return undefined;
      const items = (body as Record<string, unknown>)[name] ?? [];
      all.push(...parsed(path, z.array(item), items));
      if (parsed(path, page, body).links?.pages?.next === undefined) return all;
    }
  }

  private async ask(path: string): Promise<{ status: number; body: unknown }> {
    try {
      const response = await fetch(`${this.address}/v2/${path}`, {
        headers: { authorization: `Bearer ${this.token}` },
        signal: AbortSignal.timeout(this.timeoutMs),
      });
      return { status: response.status, body: await response.json().catch(() => undefined) };
    } catch (error) {
      const { message, cause } = error as Error & { cause?: { code?: string } };
      throw new Error(`${this.address} doesn't answer: ${cause?.code ?? message}`, { cause: error });
    }
  }
}

function parsed<T extends z.ZodType>(path: string, schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (!result.success)
    throw new Error(
      `DigitalOcean's answer to ${path} is none that this version knows: ${z.prettifyError(result.error)}`,
    );
  return result.data;
}

/**
 * Everything at once.
 * @throws TokenRefused; Error where the API can't be asked.
 */
export async function readDigitalocean(
  token: string,
  imageName: string,
  timeoutMs = 10_000,
): Promise<DigitaloceanFacts> {
  const api = new Api(token, timeoutMs);
  const [own, regions, found, droplets, volumes, addresses, firewalls, projects, keys] = await Promise.all([
    api.get("account", "account"),
    api.list("regions", "regions", region),
    api.get("image", `images/${encodeURIComponent(imageName)}`),
    api.list("droplet", "droplets", tagged),
    api.list("block_storage", "volumes", volume),
    api.list("reserved_ip", "reserved_ips", address),
    api.list("firewall", "firewalls", named),
    api.list("project", "projects", named),
    api.list("ssh_key", "ssh_keys", key, "account/keys"),
    // Whose tag it is, droplets and volumes say; this asks for the right alone.
    api.get("tag", "tags?per_page=1"),
  ]);
  return {
    account: own === undefined ? undefined : parsed("account", z.object({ account }), own).account,
    regions,
    imageRegions:
      found === undefined
        ? undefined
        : found === "absent"
          ? []
          : parsed("images", z.object({ image }), found).image.regions,
    ...{ droplets, volumes, addresses, firewalls, projects, keys },
    denied: [...api.denied].sort(),
  };
}
