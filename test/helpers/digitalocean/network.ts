/** Firewalls and private networks. */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { missing, now, parse, regionSchema, type Account } from "./account";
import { pageOf } from "./catalogue";
import { ApiError, unprocessable, type Firewall, type Routes, type Vpc } from "./types";

const ports = z.string().regex(/^(0|all|\d{1,5}(-\d{1,5})?)$/, "ports must be one, a range, or all");

const ends = z.object({
  addresses: z.array(z.string().regex(/^[\da-f.:]+(\/\d{1,3})?$/)).nullish(),
  tags: z.array(z.string()).nullish(),
  droplet_ids: z.array(z.int()).nullish(),
});

const rule = { protocol: z.enum(["tcp", "udp", "icmp"]), ports: ports.optional() };

const firewallSchema = z.object({
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9.-]*$/),
  inbound_rules: z.array(z.object({ ...rule, sources: ends })).nullish(),
  outbound_rules: z.array(z.object({ ...rule, destinations: ends })).nullish(),
  tags: z.array(z.string()).nullish(),
  droplet_ids: z.array(z.int()).nullish(),
});

const vpcSchema = z.object({
  name: z.string().regex(/^[a-zA-Z0-9.-]+$/),
  region: regionSchema,
  description: z.string().default(""),
  ip_range: z.string().optional(),
});

const vpcChange = z.object({
  name: z.string(),
  description: z.string().default(""),
  default: z.boolean().optional(),
});

export const firewallRoutes = (account: Account): Routes => {
  const find = (id: string | undefined): Firewall => account.firewalls.get(id ?? "") ?? missing();
  const read = (body: unknown): Pick<Firewall, "name" | "inbound" | "outbound" | "tags" | "dropletIds"> => {
    const asked = parse(firewallSchema, body);
    for (const tag of asked.tags ?? []) {
      // Unlike a droplet's tags, these have to be there.
      if (!account.tags.has(tag)) throw unprocessable(`tag ${tag} does not exist`);
    }
    return {
      name: asked.name,
      ...{ inbound: asked.inbound_rules ?? [], outbound: asked.outbound_rules ?? [] },
      ...{ tags: asked.tags ?? [], dropletIds: asked.droplet_ids ?? [] },
    };
  };
  return {
    "POST /v2/firewalls": ({ body, tell }) => {
      const firewall: Firewall = { id: randomUUID(), createdAt: now(), ...read(body) };
      if ([...account.firewalls.values()].some(({ name }) => name === firewall.name)) {
        throw new ApiError(409, "conflict", "duplicate name");
      }
      account.firewalls.set(firewall.id, firewall);
      tell(`create firewall ${firewall.name}`);
      return { status: 202, body: { firewall: firewallBody(firewall) } };
    },
    "GET /v2/firewalls": ({ query }) =>
      pageOf("firewalls", query, [...account.firewalls.values()].map(firewallBody)),
    "GET /v2/firewalls/:id": ({ params: [id] }) => ({ body: { firewall: firewallBody(find(id)) } }),
    "PUT /v2/firewalls/:id": ({ params: [id], body, tell }) => {
      const firewall = Object.assign(find(id), read(body));
      tell(`change firewall ${firewall.name}`);
      return { body: { firewall: firewallBody(firewall) } };
    },
    "DELETE /v2/firewalls/:id": ({ params: [id], tell }) => {
      const firewall = find(id);
      account.firewalls.delete(firewall.id);
      tell(`delete firewall ${firewall.name}`);
      return {};
    },
  };
};

export const vpcRoutes = (account: Account): Routes => {
  const find = (id: string | undefined): Vpc => account.vpcs.get(id ?? "") ?? missing();
  return {
    "POST /v2/vpcs": ({ body, tell }) => {
      const asked = parse(vpcSchema, body);
      const others = [...account.vpcs.values()];
      if (others.some(({ name }) => name === asked.name)) {
        throw unprocessable(`a VPC named ${asked.name} is there already`);
      }
      const vpc: Vpc = {
        ...{ id: randomUUID(), name: asked.name, description: asked.description, region: asked.region },
        range: asked.ip_range ?? `10.${110 + others.length}.0.0/20`,
        // A region's first network is its default one, and that can't be deleted.
        isDefault: !others.some(({ region }) => region === asked.region),
        createdAt: now(),
      };
      account.vpcs.set(vpc.id, vpc);
      tell(`create network ${vpc.name}`);
      return { status: 201, body: { vpc: vpcBody(vpc) } };
    },
    "GET /v2/vpcs/:id": ({ params: [id] }) => ({ body: { vpc: vpcBody(find(id)) } }),
    "PUT /v2/vpcs/:id": ({ params: [id], body, tell }) => {
      const vpc = find(id);
      const { name, description, default: wanted } = parse(vpcChange, body);
      if (vpc.isDefault && wanted === false)
        throw new ApiError(403, "forbidden", "Can not unset default VPCs");
      Object.assign(vpc, { name, description });
      tell(`change network ${name}`);
      return { body: { vpc: vpcBody(vpc) } };
    },
    "DELETE /v2/vpcs/:id": ({ params: [id], tell }) => {
      const vpc = find(id);
      if (vpc.isDefault) throw new ApiError(403, "forbidden", "Can not delete default VPCs");
      if ([...account.droplets.values()].some((droplet) => droplet.vpc === vpc.id)) {
        throw new ApiError(409, "conflict", "Can not delete VPC with members");
      }
      account.vpcs.delete(vpc.id);
      tell(`delete network ${vpc.name}`);
      return {};
    },
  };
};

const firewallBody = (firewall: Firewall): Record<string, unknown> => ({
  ...{ id: firewall.id, name: firewall.name, status: "succeeded", created_at: firewall.createdAt },
  ...{ inbound_rules: firewall.inbound, outbound_rules: firewall.outbound },
  ...{ droplet_ids: firewall.dropletIds, tags: firewall.tags, pending_changes: [] },
});

const vpcBody = (vpc: Vpc): Record<string, unknown> => ({
  ...{ id: vpc.id, urn: `do:vpc:${vpc.id}`, name: vpc.name, description: vpc.description },
  ...{ region: vpc.region, ip_range: vpc.range, created_at: vpc.createdAt, default: vpc.isDefault },
});
