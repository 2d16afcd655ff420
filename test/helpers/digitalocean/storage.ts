/** Volumes and reserved addresses: what outlives a droplet. */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { actionBody, missing, now, parse, regionBody, regionSchema, type Account } from "./account";
import { pageOf } from "./catalogue";
import { dropletBody, lookAtAction } from "./droplets";
import { ApiError, unprocessable, type ReservedAddress, type Routes, type Volume } from "./types";

const volumeSchema = z.object({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,63}$/, "Volume name must be lowercase letters, digits and hyphens"),
  region: regionSchema,
  size_gigabytes: z
    .int()
    .min(1)
    .max(16 * 1024),
  description: z.string().default(""),
  tags: z.array(z.string()).nullish(),
});

const dropletId = z.coerce.number().int().positive();

const volumeActionSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("attach"), droplet_id: dropletId }),
  z.object({ type: z.literal("detach"), droplet_id: dropletId }),
  z.object({ type: z.literal("resize"), size_gigabytes: z.int() }),
]);

const addressSchema = z.object({ region: regionSchema });

const addressActionSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("assign"), droplet_id: dropletId }),
  z.object({ type: z.literal("unassign") }),
]);

export const volumeRoutes = (account: Account): Routes => {
  const find = (id: string | undefined): Volume => account.volumes.get(id ?? "") ?? missing();
  return {
    "POST /v2/volumes": ({ body, tell }) => {
      const { name, region, size_gigabytes: sizeGiB, description, tags } = parse(volumeSchema, body);
      if ([...account.volumes.values()].some((other) => other.name === name && other.region === region)) {
        throw new ApiError(409, "conflict", "A volume with that name already exists in the region.");
      }
      const volume: Volume = {
        ...{ id: randomUUID(), name, region, sizeGiB, description, createdAt: now(), dropletId: undefined },
        tags: account.useTags(tags ?? []),
      };
      account.volumes.set(volume.id, volume);
      tell(`create volume ${name} of ${sizeGiB} GiB`);
      return { status: 201, body: { volume: volumeBody(volume) } };
    },
    "GET /v2/volumes": ({ query }) => pageOf("volumes", query, [...account.volumes.values()].map(volumeBody)),
    "GET /v2/volumes/:id": ({ params: [id] }) => ({ body: { volume: volumeBody(find(id)) } }),
    "DELETE /v2/volumes/:id": ({ params: [id], tell }) => {
      const volume = find(id);
      if (volume.dropletId !== undefined) {
        throw new ApiError(409, "conflict", "attached volume cannot be deleted");
      }
      account.volumes.delete(volume.id);
      account.projectOf.delete(`do:volume:${volume.id}`);
      tell(`delete volume ${volume.name}`);
      return {};
    },
    "GET /v2/volumes/:id/actions/:action": ({ params: [, id] }) => lookAtAction(account, id),
    "POST /v2/volumes/:id/actions": ({ params: [id], body, tell }) => {
      const volume = find(id);
      const asked = parse(volumeActionSchema, body);
      const begin = (type: string, droplet: number | undefined, finish: () => Promise<void>) => ({
        status: 202,
        body: {
          action: actionBody(
            account.begin({
              ...{ type, resourceType: "backend", region: volume.region, dropletId: droplet, finish },
            }),
          ),
        },
      });
      switch (asked.type) {
        case "attach": {
          const droplet = account.droplet(asked.droplet_id);
          account.refuseAttaching(volume, droplet.region);
          const answer = begin("attach_volume", droplet.id, () => account.attach(volume, droplet));
          tell(`attach volume ${volume.name} to droplet ${droplet.name} (${droplet.status})`);
          return answer;
        }
        case "detach": {
          if (volume.dropletId !== asked.droplet_id) throw unprocessable("Attachment not found");
          const droplet = account.droplet(asked.droplet_id);
          const answer = begin("detach_volume", droplet.id, () => account.detach(volume));
          tell(`detach volume ${volume.name} from droplet ${droplet.name} (${droplet.status})`);
          return answer;
        }
        case "resize": {
          if (asked.size_gigabytes <= volume.sizeGiB) throw unprocessable("Volumes can only grow.");
          const answer = begin("resize", volume.dropletId, () => {
            volume.sizeGiB = asked.size_gigabytes;
            return Promise.resolve();
          });
          tell(`resize volume ${volume.name} to ${asked.size_gigabytes} GiB`);
          return answer;
        }
      }
    },
  };
};

export const addressRoutes = (account: Account): Routes => {
  const find = (ip: string | undefined): ReservedAddress => account.addresses.get(ip ?? "") ?? missing();
  const bodyOf = (address: ReservedAddress): Record<string, unknown> => ({
    ip: address.ip,
    region: regionBody(address.region),
    droplet:
      address.dropletId === undefined ? null : dropletBody(account, account.droplet(address.dropletId)),
    locked: false,
    project_id: account.projectOf.get(`do:floatingip:${address.ip}`) ?? account.defaultProject.id,
  });
  return {
    "POST /v2/reserved_ips": ({ body, tell }) => {
      const { region } = parse(addressSchema, body);
      const ip = account.machines.reserve?.() ?? `198.51.100.${(account.nextId() % 200) + 1}`;
      const address: ReservedAddress = { ip, region, dropletId: undefined };
      account.addresses.set(address.ip, address);
      tell(`reserve address ${address.ip}`);
      return { status: 202, body: { reserved_ip: bodyOf(address) } };
    },
    "GET /v2/reserved_ips": ({ query }) =>
      pageOf("reserved_ips", query, [...account.addresses.values()].map(bodyOf)),
    "GET /v2/reserved_ips/:ip": ({ params: [ip] }) => ({ body: { reserved_ip: bodyOf(find(ip)) } }),
    "DELETE /v2/reserved_ips/:ip": ({ params: [ip], tell }) => {
      const address = find(ip);
      account.addresses.delete(address.ip);
      account.projectOf.delete(`do:floatingip:${address.ip}`);
      tell(`release address ${address.ip}`);
      return {};
    },
    "GET /v2/reserved_ips/:ip/actions/:action": ({ params: [, id] }) => lookAtAction(account, id),
    "POST /v2/reserved_ips/:ip/actions": ({ params: [ip], body, tell }) => {
      const address = find(ip);
      const asked = parse(addressActionSchema, body);
      if (asked.type === "unassign" && address.dropletId === undefined) {
        throw unprocessable("The reserved IP isn't assigned to a Droplet.");
      }
      const target = asked.type === "assign" ? account.droplet(asked.droplet_id) : undefined;
      if (target !== undefined && target.region !== address.region) {
        throw unprocessable("The Droplet must be in the region of the reserved IP.");
      }
      const action = account.begin({
        ...{ type: `${asked.type}_ip`, resourceType: "reserved_ip", region: address.region },
        dropletId: target?.id ?? address.dropletId,
        finish: async () => {
          address.dropletId = target?.id;
          if (target !== undefined) await account.machines.assign?.(target, address);
        },
      });
      tell(`${asked.type} address ${address.ip}${target === undefined ? "" : ` to droplet ${target.name}`}`);
      return { status: 201, body: { action: actionBody(action) } };
    },
  };
};

const volumeBody = (volume: Volume): Record<string, unknown> => ({
  ...{ id: volume.id, name: volume.name, description: volume.description, created_at: volume.createdAt },
  region: regionBody(volume.region),
  size_gigabytes: volume.sizeGiB,
  droplet_ids: volume.dropletId === undefined ? [] : [volume.dropletId],
  ...{ filesystem_type: "", filesystem_label: "", tags: volume.tags },
});
