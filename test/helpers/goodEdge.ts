/** A graph of an edge that breaks no rule: tests change one thing in it. */
import { type Expected, type GraphResource, types } from "../../policy/graph";
import { expected as elsewhere, part, stack } from "./goodGraph";

const inEdge = { parent: "urn::edge", provider: { urn: "urn::cloudflare" } };
const inPlace = { deleteBeforeReplace: true };
const record = { ttl: 1, comment: "Muster test: why" };
export const challenge = {
  ref: "own",
  action: "managed_challenge",
  expression: '(cf.client.bot) and not (http.host in {"chat.example.org"})',
};
export const block = { ref: "muster-a", action: "block", expression: "cf.client.bot" };

export const edge = {
  stack,
  edge: part("muster:edge:Cloudflare", "edge", { custom: false, parent: "urn::stack" }),
  cloudflare: part("pulumi:providers:cloudflare", "cloudflare", { parent: "urn::edge" }),
  site: part(types.dnsRecord, "site", {
    ...inEdge,
    inputs: { ...record, name: "chat.example.org", type: "A", proxied: true },
    options: inPlace,
  }),
  media: part(types.dnsRecord, "media", {
    ...inEdge,
    inputs: { ...record, name: "media.example.org", type: "A", proxied: false },
    options: inPlace,
  }),
  authority: part(types.dnsRecord, "authority", {
    ...inEdge,
    inputs: { ...record, name: "chat.example.org", type: "CAA" },
    options: inPlace,
  }),
  rules: part(types.ruleset, "rules", {
    ...inEdge,
    inputs: { rules: [block, challenge] },
    options: inPlace,
  }),
  ssl: part(types.zoneSetting, "ssl", { ...inEdge, inputs: { settingId: "ssl", value: "strict" } }),
  tls: part(types.zoneSetting, "tls", { ...inEdge, inputs: { settingId: "min_tls_version", value: "1.2" } }),
  certificate: part(types.originCertificate, "certificate", {
    ...inEdge,
    options: { ignoreChanges: ["hostnames", "requestedValidity"] },
  }),
} satisfies Record<string, GraphResource>;
/** What its topology would say. */
export const expected: Expected = {
  ...elsewhere,
  services: new Set(),
  published: new Map(),
  proxied: new Set(["chat.example.org"]),
};
