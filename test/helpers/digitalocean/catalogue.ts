/** What an account may have, and what can be had where. */
import { sizes } from "../../../stacks/topology/sizes";
import { missing, type Account } from "./account";
import type { Answer, Routes } from "./types";

/** What an account is told of itself. */
export interface Standing {
  status: "active" | "warning" | "locked";
  message: string;
  droplets: number;
  volumes: number;
  addresses: number;
}

/** A region as the API lists it. */
export interface Region {
  slug: string;
  available: boolean;
  features: string[];
  sizes: string[];
}

const all = Object.keys(sizes.digitalocean);
export const usualRegions = (): Region[] => [
  { slug: "fra1", available: true, features: ["storage", "backups"], sizes: all },
  {
    slug: "ams3",
    available: true,
    features: ["storage"],
    sizes: all.filter((size) => size !== "s-4vcpu-8gb"),
  },
  { slug: "nyc2", available: false, features: ["storage"], sizes: [] },
  { slug: "tor1", available: true, features: [], sizes: all },
];

export const catalogueRoutes = (account: Account): Routes => ({
  "GET /v2/account": () => ({ body: { account: accountBody(account.standing) } }),
  "GET /v2/regions": ({ query }) =>
    pageOf(
      "regions",
      query,
      account.regions.map((region) => ({ ...region, name: region.slug.toUpperCase() })),
    ),
  "GET /v2/images/:slug": ({ params: [slug = ""] }) => ({
    body: { image: { id: 1, slug, regions: account.images.get(slug) ?? missing() } },
  }),
});

const accountBody = ({
  status,
  message,
  droplets,
  volumes,
  addresses,
}: Standing): Record<string, unknown> => ({
  ...{ droplet_limit: droplets, volume_limit: volumes },
  ...{ reserved_ip_limit: addresses, floating_ip_limit: addresses },
  ...{ email: "ops@example.org", uuid: "00000000-0000-4000-8000-000000000001", email_verified: true },
  ...{ status, status_message: message },
});

/** One page of a list, with the way to the next. */
export function pageOf(name: string, query: URLSearchParams, items: readonly unknown[]): Answer {
  const perPage = Number(query.get("per_page") ?? 20);
  const page = Number(query.get("page") ?? 1);
  const shown = items.slice((page - 1) * perPage, page * perPage);
  const next =
    page * perPage < items.length
      ? { pages: { next: `https://api.digitalocean.com/v2/${name}?page=${page + 1}&per_page=${perPage}` } }
      : {};
  return { body: { [name]: shown, links: next, meta: { total: items.length } } };
}
