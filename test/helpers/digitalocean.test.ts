import { DigitalOceanApi, type Options } from "./digitalocean/api";

const apis: DigitalOceanApi[] = [];
const start = async (options: Options = {}): Promise<DigitalOceanApi> => {
  const api = await DigitalOceanApi.start(options);
  apis.push(api);
  return api;
};
afterEach(() => Promise.all(apis.splice(0).map((api) => api.stop())));

/** What answers have in them, as far as these tests look; each has some of it. */
interface Body {
  readonly id: string;
  readonly message: string;
  readonly droplet: { id: number; status: string; locked: boolean };
  readonly volume: { id: string; droplet_ids: readonly number[] };
  readonly reserved_ip: { ip: string; droplet: unknown };
  readonly action: { id: number; status: string };
  readonly vpc: { id: string };
  readonly project: { id: string };
  readonly resources: readonly { urn: string }[];
  readonly ssh_key: { fingerprint: string };
}

/** An answer's status and body; a call without a body of its own is a GET unless it says otherwise. */
async function call(
  api: DigitalOceanApi,
  name: string,
  body?: unknown,
  token = api.token,
): Promise<{ status: number; body: Body }> {
  const [method = "", path = ""] = name.split(" ");
  const response = await fetch(`${api.url}/v2/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const words = await response.text();
  return { status: response.status, body: (words === "" ? undefined : JSON.parse(words)) as Body };
}

const region = "fra1";
const droplet = { name: "main", region, size: "s-2vcpu-4gb", image: "debian-12-x64" };

/** A droplet that runs, with a disk and an address. */
async function machine(api: DigitalOceanApi): Promise<{ id: number; volume: string; ip: string }> {
  const { body: disk } = await call(api, "POST volumes", { name: "disk", region, size_gigabytes: 20 });
  const volume = disk.volume.id;
  const { body: made } = await call(api, "POST droplets", { ...droplet, volumes: [{ id: volume }] });
  const id = made.droplet.id;
  await settled(api, id);
  const { body: reserved } = await call(api, "POST reserved_ips", { region });
  const ip = reserved.reserved_ip.ip;
  await call(api, `POST reserved_ips/${ip}/actions`, { type: "assign", droplet_id: id });
  await settled(api, id);
  api.forget();
  return { id, volume, ip };
}

async function settled(api: DigitalOceanApi, id: number): Promise<Body["droplet"]> {
  for (;;) {
    const { body } = await call(api, `GET droplets/${id}`);
    if (!body.droplet.locked) return body.droplet;
  }
}

describe("the double of DigitalOcean's API", () => {
  it("takes its token only, and says so in the API's form", async () => {
    const api = await start();
    expect(await call(api, "POST tags", { name: "a" }, "other")).toEqual({
      status: 401,
      body: { id: "unauthorized", message: "Unable to authenticate you" },
    });
    expect(api.account.tags.size).toBe(0);
    expect(await call(api, "GET nonsense")).toMatchObject({ status: 404, body: { id: "not_found" } });
  });

  it("has a droplet run only after it was looked at", async () => {
    const api = await start({ looks: 1 });
    const { status, body } = await call(api, "POST droplets", droplet);
    expect([status, body.droplet.status, body.droplet.locked]).toEqual([202, "new", true]);
    const path = `GET droplets/${body.droplet.id}`;
    expect((await call(api, path)).body.droplet).toMatchObject({ status: "new", networks: { v4: [] } });
    expect((await call(api, path)).body.droplet).toMatchObject({ status: "active", locked: false });
  });

  it("tells in which order a machine ended, and leaves its disk and address", async () => {
    const api = await start();
    const { id, volume, ip } = await machine(api);
    await call(api, `POST droplets/${id}/actions`, { type: "shutdown" });
    expect(await settled(api, id)).toMatchObject({ status: "off", volume_ids: [volume] });
    const { body } = await call(api, `POST volumes/${volume}/actions`, { type: "detach", droplet_id: id });
    expect(body.action).toMatchObject({ status: "in-progress", completed_at: null });
    for (const expected of ["in-progress", "completed"]) {
      expect((await call(api, `GET actions/${body.action.id}`)).body.action.status).toBe(expected);
    }
    expect(await call(api, `DELETE droplets/${id}`)).toEqual({ status: 204, body: undefined });
    expect(api.story).toEqual([
      "shut down droplet main",
      "detach volume disk from droplet main (off)",
      "delete droplet main (off)",
    ]);
    expect((await call(api, `GET volumes/${volume}`)).body.volume.droplet_ids).toEqual([]);
    expect((await call(api, `GET reserved_ips/${ip}`)).body.reserved_ip.droplet).toBeNull();
    expect((await call(api, `GET droplets/${id}`)).status).toBe(404);
  });

  it("tells of a machine that was cut off from its disk", async () => {
    const api = await start();
    const { id } = await machine(api);
    await call(api, `DELETE droplets/${id}`);
    expect(api.story).toEqual(["delete droplet main (active) with volume disk attached"]);
    expect([...api.account.volumes.values()]).toMatchObject([{ dropletId: undefined }]);
  });

  it("gives a disk to one droplet at most, and doesn't delete or shrink it", async () => {
    const api = await start();
    const { id, volume } = await machine(api);
    const other = await call(api, "POST droplets", { ...droplet, name: "other" });
    const second = { type: "attach", droplet_id: other.body.droplet.id };
    const refused = [
      await call(api, "POST droplets", { ...droplet, name: "third", volumes: [{ id: volume }] }),
      await call(api, `POST volumes/${volume}/actions`, second),
      await call(api, `POST volumes/${volume}/actions`, { type: "resize", size_gigabytes: 10 }),
      await call(api, `POST volumes/${volume}/actions`, { ...second, type: "detach" }),
      await call(api, `DELETE volumes/${volume}`),
    ];
    expect(refused.map(({ status }) => status)).toEqual([422, 422, 422, 422, 409]);
    expect(api.account.volumes.get(volume)).toMatchObject({ dropletId: id, sizeGiB: 20 });
    expect(api.droplet("third")).toBeUndefined();
    expect(api.story).toEqual(["create droplet other of debian-12-x64"]);
  });

  it("has a droplet do one thing at a time", async () => {
    const api = await start();
    const { id, ip } = await machine(api);
    await call(api, `POST droplets/${id}/actions`, { type: "shutdown" });
    const busy = [
      await call(api, `POST droplets/${id}/actions`, { type: "power_on" }),
      await call(api, `POST reserved_ips/${ip}/actions`, { type: "assign", droplet_id: id }),
      await call(api, `DELETE droplets/${id}`),
    ];
    for (const { status, body } of busy) {
      expect([status, body.message]).toEqual([422, "Droplet already has a pending event."]);
    }
    expect(api.story).toEqual(["shut down droplet main"]);
  });

  it("changes the size of a droplet that is off, to one whose disk isn't smaller", async () => {
    const api = await start({ looks: 0 });
    const { id } = await machine(api);
    const act = async (body: unknown): Promise<number> => {
      const { status } = await call(api, `POST droplets/${id}/actions`, body);
      await settled(api, id);
      return status;
    };
    expect(await act({ type: "resize", size: "s-4vcpu-8gb" })).toBe(422);
    expect(await act({ type: "power_off" })).toBe(201);
    expect(await call(api, `POST droplets/${id}/actions`, { type: "power_off" })).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining("Droplet is already powered off") },
    });
    expect(await act({ type: "resize", size: "s-1vcpu-1gb" })).toBe(422);
    expect(await act({ type: "resize", size: "s-4vcpu-8gb" })).toBe(201);
    expect(await act({ type: "power_on" })).toBe(201);
    expect(api.droplet("main")).toMatchObject({ size: "s-4vcpu-8gb", diskGiB: 80, status: "active" });
  });

  it("leaves a machine on that doesn't go down when asked", async () => {
    const api = await start({ machines: { shutDown: () => Promise.resolve(false) } });
    const { id } = await machine(api);
    await call(api, `POST droplets/${id}/actions`, { type: "shutdown" });
    expect(await settled(api, id)).toMatchObject({ status: "active" });
  });

  it("never deletes a region's first network, nor one in use", async () => {
    const api = await start({ looks: 0 });
    const make = async (name: string): Promise<string> =>
      (await call(api, "POST vpcs", { name, region })).body.vpc.id;
    const [first, second] = [await make("first"), await make("second")];
    const made = await call(api, "POST droplets", { ...droplet, vpc_uuid: second });
    expect((await call(api, `DELETE vpcs/${first}`)).status).toBe(403);
    expect((await call(api, `DELETE vpcs/${second}`)).status).toBe(409);
    await settled(api, made.body.droplet.id);
    await call(api, `DELETE droplets/${made.body.droplet.id}`);
    expect((await call(api, `DELETE vpcs/${second}`)).status).toBe(204);
  });

  it("moves an address to a project with its droplet only, and deletes no project in use", async () => {
    const api = await start();
    const { id, ip } = await machine(api);
    const { body } = await call(api, "POST projects", { name: "muster", purpose: "chat" });
    const path = `projects/${body.project.id}/resources`;
    expect(await call(api, `POST ${path}`, { resources: [`do:reservedip:${ip}`] })).toMatchObject({
      status: 412,
      body: { message: expect.stringContaining("Move the Droplet instead") },
    });
    const both = await call(api, `POST ${path}`, { resources: [`do:droplet:${id}`, "do:droplet:1"] });
    expect(both.body.resources).toMatchObject([{ status: "assigned" }, { status: "not_found" }]);
    const listed = await call(api, `GET ${path}`);
    expect(listed.body.resources.map(({ urn }) => urn)).toEqual([`do:droplet:${id}`, `do:floatingip:${ip}`]);
    expect((await call(api, `DELETE projects/${body.project.id}`)).status).toBe(412);
    await call(api, "POST projects/default/resources", { resources: [`do:droplet:${id}`] });
    expect((await call(api, `DELETE projects/${body.project.id}`)).status).toBe(204);
  });

  it("takes a key once per account, and a firewall for tags that are there", async () => {
    const api = await start();
    const key = { name: "k", public_key: `ssh-ed25519 ${"A".repeat(68)}` };
    expect((await call(api, "POST account/keys", key)).body.ssh_key.fingerprint).toMatch(/^(\w\w:){15}\w\w$/);
    expect((await call(api, "POST account/keys", { ...key, name: "l" })).status).toBe(422);
    const firewall = {
      name: "f",
      tags: ["t"],
      inbound_rules: [{ protocol: "tcp", ports: "22", sources: { addresses: ["0.0.0.0/0"] } }],
    };
    expect((await call(api, "POST firewalls", firewall)).status).toBe(422);
    await call(api, "POST tags", { name: "t" });
    const made = await call(api, "POST firewalls", firewall);
    expect(made).toMatchObject({
      status: 202,
      body: { firewall: { tags: ["t"], inbound_rules: firewall.inbound_rules } },
    });
  });

  it("fails the n-th change, before or after carrying it out", async () => {
    const api = await start();
    const tag = async (name: string): Promise<number> => (await call(api, "POST tags", { name })).status;
    api.fail({ at: 2, times: 2 });
    expect([await tag("a"), await tag("b"), await tag("c"), await tag("d")]).toEqual([201, 500, 500, 201]);
    expect([...api.account.tags]).toEqual(["a", "d"]);
    api.fail({ at: 1, status: 503, carriedOut: true });
    expect((await call(api, "GET tags/a")).status).toBe(200);
    expect(await tag("e")).toBe(503);
    expect([...api.account.tags]).toEqual(["a", "d", "e"]);
    api.fail(undefined);
    expect(await tag("f")).toBe(201);
    expect(api.changes.filter(({ status }) => status >= 500)).toHaveLength(3);
  });
});
