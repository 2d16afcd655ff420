/** Droplets and their actions, as the API has them. */
import { z } from "zod";
import { sizes } from "../../../stacks/topology/sizes";
import { actionBody, missing, now, parse, regionBody, regionSchema, type Account } from "./account";
import { pageOf } from "./catalogue";
import { unprocessable, type Action, type Answer, type Droplet, type Routes } from "./types";

/** Root disks in GiB; a droplet never gets a size whose disk is smaller than its own. */
const diskGiB: Readonly<Partial<Record<string, number>>> = {
  "s-1vcpu-1gb": 25,
  "s-1vcpu-2gb": 50,
  "s-2vcpu-2gb": 60,
  "g-2vcpu-8gb": 25,
  "c-4": 50,
  "s-4vcpu-8gb": 160,
  "s-8vcpu-16gb": 320,
};

const sizeSchema = z.enum(Object.keys(sizes.digitalocean));

const dropletSchema = z.object({
  name: z.string().regex(/^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,253}[a-zA-Z0-9])?$/, "Only valid hostname characters"),
  region: regionSchema,
  size: sizeSchema,
  image: z.string().regex(/^[a-z]+(-[a-z0-9]+)+$/, "You specified an invalid image for Droplet creation."),
  ssh_keys: z.array(z.union([z.string(), z.number()])).nullish(),
  backups: z.boolean().default(false),
  ipv6: z.boolean().default(false),
  monitoring: z.boolean().default(false),
  user_data: z
    .string()
    .max(64 * 1024)
    .optional(),
  volumes: z.array(z.object({ id: z.string() })).nullish(),
  tags: z.array(z.string()).nullish(),
  vpc_uuid: z.string().optional(),
});

const actionSchema = z.discriminatedUnion("type", [
  z.object({ type: z.enum(["shutdown", "power_off", "power_on", "enable_backups", "disable_backups"]) }),
  z.object({ type: z.literal("resize"), size: sizeSchema, disk: z.boolean().default(false) }),
]);

export const dropletRoutes = (account: Account): Routes => ({
  "POST /v2/droplets": async ({ body, tell }) => {
    const droplet = await createDroplet(account, body);
    const volumes = account.volumesOf(droplet.id).map(({ name }) => ` with volume ${name}`);
    tell(`create droplet ${droplet.name} of ${droplet.image}${volumes.join("")}`);
    return { status: 202, body: { droplet: dropletBody(account, droplet) } };
  },
  "GET /v2/droplets": ({ query }) =>
    pageOf(
      "droplets",
      query,
      [...account.droplets.values()].map((droplet) => dropletBody(account, droplet)),
    ),
  "GET /v2/droplets/:id": async ({ params: [id] }) => ({
    body: { droplet: dropletBody(account, await account.lookAtDroplet(Number(id))) },
  }),
  "DELETE /v2/droplets/:id": async ({ params: [id], tell }) => {
    const droplet = account.droplet(Number(id));
    account.refuseBusy(droplet.id);
    const attached = account.volumesOf(droplet.id).map(({ name }) => ` with volume ${name} attached`);
    await account.endDroplet(droplet);
    tell(`delete droplet ${droplet.name} (${droplet.status})${attached.join("")}`);
    return {};
  },
  "GET /v2/droplets/:id/actions": async ({ params: [id] }) => {
    const droplet = await account.lookAtDroplet(Number(id));
    const actions = [...account.actions.values()].filter(({ dropletId }) => dropletId === droplet.id);
    return { body: { actions: actions.map(actionBody), links: {}, meta: { total: actions.length } } };
  },
  "GET /v2/droplets/:id/actions/:action": ({ params: [, id] }) => lookAtAction(account, id),
  "GET /v2/actions/:action": ({ params: [id] }) => lookAtAction(account, id),
  "POST /v2/droplets/:id/actions": ({ params: [id], body, tell }) => {
    const droplet = account.droplet(Number(id));
    const action = beginAction(account, droplet, parse(actionSchema, body), tell);
    return { status: 201, body: { action: actionBody(action) } };
  },
});

/** One look at an action, in its answer's form. */
export async function lookAtAction(account: Account, id: string | undefined): Promise<Answer> {
  const action = account.actions.get(Number(id)) ?? missing();
  return { body: { action: actionBody(await account.look(action)) } };
}

async function createDroplet(account: Account, body: unknown): Promise<Droplet> {
  const asked = parse(dropletSchema, body);
  const sshKeys = asked.ssh_keys ?? [];
  for (const key of sshKeys) {
    const known = [...account.keys.values()].some(({ id, fingerprint }) => key === id || key === fingerprint);
    if (!known) throw unprocessable(`${key} are invalid key identifiers for Droplet creation.`);
  }
  const volumes = (asked.volumes ?? []).map(({ id }) => account.volumes.get(id) ?? missing());
  for (const volume of volumes) account.refuseAttaching(volume, asked.region);
  const vpc = [...account.vpcs.values()].find(
    ({ id, region, isDefault }) =>
      region === asked.region && (asked.vpc_uuid ? id === asked.vpc_uuid : isDefault),
  );
  if (asked.vpc_uuid !== undefined && vpc === undefined) {
    throw unprocessable(`VPC ${asked.vpc_uuid} isn't in region ${asked.region}.`);
  }
  const id = account.nextId();
  const feature = (name: string, on: boolean): string[] => (on ? [name] : []);
  const droplet: Droplet = {
    ...{ id, name: asked.name, region: asked.region, image: asked.image, size: asked.size },
    diskGiB: diskGiB[asked.size] ?? 80,
    tags: account.useTags(asked.tags ?? []),
    vpc: vpc?.id ?? "",
    sshKeys,
    userData: asked.user_data,
    features: [
      ...["droplet_agent", "private_networking"],
      ...feature("backups", asked.backups),
      ...feature("ipv6", asked.ipv6),
      ...feature("monitoring", asked.monitoring),
    ],
    status: "new",
    publicAddress: `203.0.113.${(id % 200) + 1}`,
    privateAddress: `10.114.0.${(id % 200) + 1}`,
    createdAt: now(),
  };
  account.droplets.set(id, droplet);
  for (const volume of volumes) await account.attach(volume, droplet);
  account.begin({
    ...{ type: "create", resourceType: "droplet", region: droplet.region, dropletId: id },
    finish: async () => {
      Object.assign(droplet, await account.machines.create?.(droplet));
      droplet.status = "active";
    },
  });
  return droplet;
}

function beginAction(
  account: Account,
  droplet: Droplet,
  asked: z.infer<typeof actionSchema>,
  tell: (what: string) => void,
): Action {
  const { machines } = account;
  const begin = (finish: () => Promise<void>): Action =>
    account.begin({
      ...{ type: asked.type, resourceType: "droplet", region: droplet.region, dropletId: droplet.id },
      finish,
    });
  const words = asked.type.replaceAll("_", " ");
  switch (asked.type) {
    case "shutdown": {
      const action = begin(async () => {
        if ((await machines.shutDown?.(droplet)) ?? true) droplet.status = "off";
      });
      tell(`shut down droplet ${droplet.name}`);
      return action;
    }
    case "power_off": {
      if (droplet.status === "off") throw unprocessable("Droplet is already powered off.");
      const action = begin(async () => {
        await machines.powerOff?.(droplet);
        droplet.status = "off";
      });
      tell(`${words} droplet ${droplet.name}`);
      return action;
    }
    case "power_on": {
      const action = begin(async () => {
        await machines.powerOn?.(droplet);
        droplet.status = "active";
      });
      tell(`${words} droplet ${droplet.name}`);
      return action;
    }
    case "resize": {
      if (droplet.status !== "off") throw unprocessable("Droplet must be powered off to be resized.");
      const disk = diskGiB[asked.size] ?? 80;
      if (disk < droplet.diskGiB) throw unprocessable("This size has a smaller disk than the Droplet.");
      const action = begin(() => {
        droplet.size = asked.size;
        if (asked.disk) droplet.diskGiB = disk;
        return Promise.resolve();
      });
      tell(`resize droplet ${droplet.name} to ${asked.size}${asked.disk ? " with its disk" : ""}`);
      return action;
    }
    case "enable_backups":
    case "disable_backups": {
      const action = begin(() => Promise.resolve());
      tell(`${words} of droplet ${droplet.name}`);
      return action;
    }
  }
}

export function dropletBody(account: Account, droplet: Droplet): Record<string, unknown> {
  const size = sizes.digitalocean[droplet.size as keyof typeof sizes.digitalocean];
  const v4 = (ip: string, type: string): Record<string, string> => ({
    ...{ ip_address: ip, netmask: "255.255.255.0", gateway: ip.replace(/\d+$/, "254"), type },
  });
  return {
    ...{ id: droplet.id, name: droplet.name, status: droplet.status, created_at: droplet.createdAt },
    ...{ memory: size.memoryMiB, vcpus: size.cpus, disk: droplet.diskGiB },
    locked: account.pendingOf(droplet.id).length > 0,
    size_slug: droplet.size,
    size: { slug: droplet.size, memory: size.memoryMiB, vcpus: size.cpus, disk: diskGiB[droplet.size] ?? 80 },
    image: { id: 1, slug: droplet.image, distribution: "Debian", public: true },
    region: regionBody(droplet.region),
    features: droplet.features,
    tags: droplet.tags,
    volume_ids: account.volumesOf(droplet.id).map(({ id }) => id),
    vpc_uuid: droplet.vpc,
    networks: {
      // A machine has its addresses once it runs.
      v4:
        droplet.status === "new"
          ? []
          : [v4(droplet.publicAddress, "public"), v4(droplet.privateAddress, "private")],
      v6: [],
    },
  };
}
