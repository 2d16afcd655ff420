/** SSH keys, tags and projects: what an account is ordered by. */
import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { missing, now, parse, type Account } from "./account";
import { pageOf } from "./catalogue";
import { ApiError, unprocessable, type Key, type Project, type Routes } from "./types";

const keySchema = z.object({
  name: z.string().min(1),
  public_key: z.string().regex(/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-\S+) [A-Za-z0-9+/]+=*/, "Key invalid"),
});

const projectSchema = z.object({
  name: z.string().min(1).max(175),
  purpose: z.string().min(1).max(255),
  description: z.string().max(255).default(""),
  environment: z.enum(["", "Development", "Staging", "Production"]).default(""),
});

const resourcesSchema = z.object({ resources: z.array(z.string().regex(/^do:[a-z]+:.+$/)) });

const taggedSchema = z.object({
  resources: z.array(z.object({ resource_id: z.string(), resource_type: z.enum(["droplet", "volume"]) })),
});

export const keyRoutes = (account: Account): Routes => {
  const find = (id: string | undefined): Key => account.keys.get(Number(id)) ?? missing();
  return {
    "POST /v2/account/keys": ({ body, tell }) => {
      const { name, public_key: publicKey } = parse(keySchema, body);
      const fingerprint = fingerprintOf(publicKey);
      if ([...account.keys.values()].some((other) => other.fingerprint === fingerprint)) {
        throw unprocessable("SSH Key is already in use on your account");
      }
      const key: Key = { id: account.nextId(), name, publicKey, fingerprint };
      account.keys.set(key.id, key);
      tell(`create key ${name}`);
      return { status: 201, body: { ssh_key: keyBody(key) } };
    },
    "GET /v2/account/keys": ({ query }) => pageOf("ssh_keys", query, [...account.keys.values()].map(keyBody)),
    "GET /v2/account/keys/:id": ({ params: [id] }) => ({ body: { ssh_key: keyBody(find(id)) } }),
    "PUT /v2/account/keys/:id": ({ params: [id], body, tell }) => {
      const key = Object.assign(find(id), parse(keySchema.pick({ name: true }), body));
      tell(`rename key to ${key.name}`);
      return { body: { ssh_key: keyBody(key) } };
    },
    "DELETE /v2/account/keys/:id": ({ params: [id], tell }) => {
      const key = find(id);
      account.keys.delete(key.id);
      tell(`delete key ${key.name}`);
      return {};
    },
  };
};

export const tagRoutes = (account: Account): Routes => {
  const find = (name: string | undefined): string =>
    name !== undefined && account.tags.has(name) ? name : missing();
  const bodyOf = (name: string): Record<string, unknown> => {
    const count = (of: Iterable<{ tags: readonly string[] }>) =>
      [...of].filter(({ tags }) => tags.includes(name)).length;
    const droplets = count(account.droplets.values());
    const volumes = count(account.volumes.values());
    const none = { count: 0 };
    return {
      name,
      resources: {
        ...{ count: droplets + volumes, droplets: { count: droplets }, volumes: { count: volumes } },
        ...{ images: none, volume_snapshots: none, databases: none },
      },
    };
  };
  const change = (
    name: string,
    body: unknown,
    act: (tags: readonly string[]) => string[],
  ): Record<string, never> => {
    for (const { resource_id: id, resource_type: type } of parse(taggedSchema, body).resources) {
      const tagged = type === "droplet" ? account.droplet(Number(id)) : account.volumes.get(id);
      if (tagged === undefined) throw unprocessable(`${type} ${id} can't be tagged ${name}`);
      tagged.tags = act(tagged.tags);
    }
    return {};
  };
  return {
    "POST /v2/tags": ({ body, tell }) => {
      const { name } = parse(z.object({ name: z.string() }), body);
      account.useTags([name]);
      tell(`create tag ${name}`);
      return { status: 201, body: { tag: bodyOf(name) } };
    },
    "GET /v2/tags": ({ query }) => pageOf("tags", query, [...account.tags].map(bodyOf)),
    "GET /v2/tags/:name": ({ params: [name] }) => ({ body: { tag: bodyOf(find(name)) } }),
    "DELETE /v2/tags/:name": ({ params: [name], tell }) => {
      const tag = find(name);
      account.tags.delete(tag);
      for (const tagged of [...account.droplets.values(), ...account.volumes.values()]) {
        tagged.tags = tagged.tags.filter((other) => other !== tag);
      }
      tell(`delete tag ${tag}`);
      return {};
    },
    "POST /v2/tags/:name/resources": ({ params: [name], body, tell }) => {
      const tag = find(name);
      tell(`use tag ${tag}`);
      return change(tag, body, (tags) => [...new Set([...tags, tag])]);
    },
    "DELETE /v2/tags/:name/resources": ({ params: [name], body, tell }) => {
      const tag = find(name);
      tell(`take back tag ${tag}`);
      return change(tag, body, (tags) => tags.filter((other) => other !== tag));
    },
  };
};

export const projectRoutes = (account: Account): Routes => {
  const find = (id: string | undefined): Project =>
    id === "default" ? account.defaultProject : (account.projects.get(id ?? "") ?? missing());
  const resourcesOf = ({ id }: Project): string[] =>
    urnsOf(account).filter((urn) => (account.projectOf.get(urn) ?? account.defaultProject.id) === id);
  return {
    "POST /v2/projects": ({ body, tell }) => {
      const asked = parse(projectSchema, body);
      if ([...account.projects.values()].some(({ name }) => name === asked.name)) {
        throw new ApiError(409, "conflict", "name is already in use");
      }
      const project: Project = { id: randomUUID(), isDefault: false, createdAt: now(), ...asked };
      account.projects.set(project.id, project);
      tell(`create project ${project.name}`);
      return { status: 201, body: { project: projectBody(project) } };
    },
    "GET /v2/projects": ({ query }) =>
      pageOf("projects", query, [...account.projects.values()].map(projectBody)),
    "GET /v2/projects/:id": ({ params: [id] }) => ({ body: { project: projectBody(find(id)) } }),
    "PATCH /v2/projects/:id": ({ params: [id], body, tell }) => {
      const project = Object.assign(find(id), parse(projectSchema.partial(), body));
      tell(`change project ${project.name}`);
      return { body: { project: projectBody(project) } };
    },
    "DELETE /v2/projects/:id": ({ params: [id], tell }) => {
      const project = find(id);
      if (resourcesOf(project).length > 0 || project.isDefault) {
        throw new ApiError(412, "precondition_failed", "cannot delete a project with resources");
      }
      account.projects.delete(project.id);
      tell(`delete project ${project.name}`);
      return {};
    },
    "GET /v2/projects/:id/resources": ({ params: [id] }) => {
      const resources = resourcesOf(find(id)).map((urn) => resourceBody(urn, "ok"));
      return { body: { resources, links: {}, meta: { total: resources.length } } };
    },
    "POST /v2/projects/:id/resources": ({ params: [id], body, tell }) => {
      const project = find(id);
      const there = urnsOf(account);
      // An address is reserved under its newer name, but listed under the older one.
      const urns = parse(resourcesSchema, body).resources.map((urn) =>
        urn.replace(":reservedip:", ":floatingip:"),
      );
      for (const urn of urns) {
        const address = account.addresses.get(urn.replace("do:floatingip:", ""));
        if (address?.dropletId === undefined || resourcesOf(project).includes(urn)) continue;
        const message = "Cannot move a Reserved IP with an associated Droplet. Move the Droplet instead";
        throw new ApiError(412, "precondition_failed", message);
      }
      const assigned = urns.map((urn) => {
        if (!there.includes(urn)) return resourceBody(urn, "not_found");
        for (const moved of [urn, ...addressesOf(account, urn)]) account.projectOf.set(moved, project.id);
        return resourceBody(urn, "assigned");
      });
      tell(`put ${urns.length} into project ${project.name}`);
      return { body: { resources: assigned } };
    },
  };
};

const fingerprintOf = (publicKey: string): string =>
  createHash("md5")
    .update(Buffer.from(publicKey.split(" ")[1] ?? "", "base64"))
    .digest("hex")
    .replaceAll(/(..)(?!$)/g, "$1:");

const urnsOf = (account: Account): string[] => [
  ...[...account.droplets.keys()].map((id) => `do:droplet:${id}`),
  ...[...account.volumes.keys()].map((id) => `do:volume:${id}`),
  ...[...account.addresses.keys()].map((ip) => `do:floatingip:${ip}`),
];

/** The addresses that move along with a droplet. */
const addressesOf = (account: Account, urn: string): string[] =>
  [...account.addresses.values()]
    .filter(({ dropletId }) => urn === `do:droplet:${dropletId}`)
    .map(({ ip }) => `do:floatingip:${ip}`);

const keyBody = (key: Key): Record<string, unknown> => ({
  ...{ id: key.id, name: key.name, fingerprint: key.fingerprint, public_key: key.publicKey },
});

const projectBody = (project: Project): Record<string, unknown> => ({
  ...{ id: project.id, owner_uuid: "00000000-0000-4000-8000-000000000000", owner_id: 1, name: project.name },
  ...{ description: project.description, purpose: project.purpose, environment: project.environment },
  ...{ is_default: project.isDefault, created_at: project.createdAt, updated_at: project.createdAt },
});

const resourceBody = (urn: string, status: string): Record<string, unknown> => ({
  ...{ urn, assigned_at: now(), links: { self: `https://api.digitalocean.com/v2/${urn}` }, status },
});
