import { type Known, knownIn } from "../../doctor/before/account";
import {
  accountSeen,
  limitsSeen,
  namesSeen,
  placeSeen,
  scopesSeen,
  type Wanted,
  wantedOf,
} from "../../doctor/before/digitalocean";
import { readDigitalocean, TokenRefused } from "../../doctor/before/digitaloceanFacts";
import type { Seen } from "../../doctor/check";
import { DigitalOceanApi, type Options } from "../helpers/digitalocean/api";
import { remoteTopology } from "../helpers/hosts";
import { localTopology } from "../helpers/stacks";

const apis: DigitalOceanApi[] = [];
const start = async (options: Options = {}): Promise<DigitalOceanApi> => {
  const api = await DigitalOceanApi.start(options);
  apis.push(api);
  process.env["DIGITALOCEAN_API_URL"] = api.url;
  return api;
};
afterEach(async () => {
  delete process.env["DIGITALOCEAN_API_URL"];
  await Promise.all(apis.splice(0).map((api) => api.stop()));
});

const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error("there is none");
  return value;
};
const wanted = must(wantedOf(remoteTopology("digitalocean")));
const nothing: Known = () => false;
const publicKey = `ssh-ed25519 ${"A".repeat(68)}`;

/** Makes something there, by the API itself. */
async function make(
  api: DigitalOceanApi,
  path: string,
  body: object,
): Promise<Record<string, { id: string | number }>> {
  const response = await fetch(`${api.url}/v2/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${api.token}` },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, { id: string | number }>;
  if (!response.ok) throw new Error(JSON.stringify(answer));
  return answer;
}
const droplet = (api: DigitalOceanApi, name: string, more: object = {}) =>
  make(api, "droplets", { name, region: "fra1", size: "s-2vcpu-4gb", image: "debian-12-x64", ...more });
const volume = (api: DigitalOceanApi, name: string, region = "fra1") =>
  make(api, "volumes", { name, region, size_gigabytes: 10 });

interface All {
  account: Seen;
  scopes: Seen;
  limits: Seen;
  place: Seen;
  names: Seen;
}
async function look(
  api: DigitalOceanApi,
  { known = nothing, want = wanted, key }: { known?: Known; want?: Wanted; key?: string } = {},
): Promise<All> {
  const facts = await readDigitalocean(api.token, want.image, 3000);
  return {
    account: accountSeen(facts),
    scopes: scopesSeen(facts),
    limits: limitsSeen(facts, want, known),
    place: placeSeen(facts, want),
    names: namesSeen(facts, want, known, key),
  };
}
/** What isn't well, by its check. */
const unwell = (all: All): Record<string, string> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, { ok, saw }]) => (ok === true ? [] : [[name, saw]])),
  );

describe("DigitalOcean before a first up", () => {
  it("is asked for what the stack makes, and for nothing elsewhere", () => {
    expect(wanted).toEqual({
      region: "fra1",
      sizes: ["s-4vcpu-8gb"],
      image: "debian-12-x64",
      hosts: ["muster-test-main"],
      volume: "muster-test-main",
      project: "muster-test",
    });
    const { host } = remoteTopology("digitalocean").settings;
    const two = wantedOf(remoteTopology("digitalocean", { host: { ...host, media: { size: "c-4" } } }));
    expect(two).toMatchObject({
      sizes: ["s-4vcpu-8gb", "c-4"],
      hosts: ["muster-test-main", "muster-test-media"],
    });
    expect(wantedOf(localTopology())).toBeUndefined();
  });

  it("has no fault in an empty account, and is asked without a change", async () => {
    const api = await start();
    const all = await look(api, { key: "aa" });
    expect(unwell(all)).toEqual({});
    expect(all.limits.saw).toBe("Droplets 0 of 10, volumes 0 of 10, reserved addresses 0 of 3");
    expect(api.changes).toEqual([]);
    expect(api.calls.every((call) => call.startsWith("GET "))).toBe(true);
  });

  it("refuses a wrong token, and says of an account what is the matter", async () => {
    const api = await start();
    await expect(readDigitalocean("other", "debian-12-x64")).rejects.toThrow(TokenRefused);
    await expect(readDigitalocean("other", "debian-12-x64")).rejects.toThrow(
      "401 Unable to authenticate you",
    );
    api.account.standing = { ...api.account.standing, status: "locked", message: "pay the bill" };
    expect((await look(api)).account).toMatchObject({ ok: false, saw: "locked: pay the bill" });
    expect((await look(api)).account).not.toHaveProperty("severity");
    api.account.standing = { ...api.account.standing, status: "warning" };
    expect((await look(api)).account).toMatchObject({ ok: false, severity: "warning" });
  });

  it("is said not to answer where it doesn't, or answers with what nobody expects", async () => {
    const api = await start();
    process.env["DIGITALOCEAN_API_URL"] = "http://127.0.0.1:9";
    await expect(look(api)).rejects.toThrow(/^http:\/\/127\.0\.0\.1:9 doesn't answer: /);
    process.env["DIGITALOCEAN_API_URL"] = `${api.url}/`;
    expect(unwell(await look(api))).toEqual({});
    Object.assign(api.account.standing, { status: 7 });
    await expect(look(api)).rejects.toThrow(
      "DigitalOcean's answer to account is none that this version knows",
    );
  });

  it.each([
    ["account", { limits: "the token may not read: account" }],
    ["regions", { place: "the token may not read: regions" }],
    ["image", { place: "the token may not read: image" }],
    ["droplet", { limits: "the token may not read: droplet", names: "the token may not read: droplet" }],
    ["block_storage", { limits: expect.any(String) as string, names: expect.any(String) as string }],
    ["reserved_ip", { limits: expect.any(String) as string }],
    ["firewall", { names: "the token may not read: firewall" }],
    ["project", { names: "the token may not read: project" }],
    ["ssh_key", { names: "the token may not read: ssh_key" }],
    ["tag", {}],
  ])("says that the scope %s is missing, and what nobody could look at", async (scope, hidden) => {
    const api = await start({ without: [`${scope}:read`] });
    const all = await look(api);
    expect(unwell(all)).toEqual({ scopes: `without ${scope}:read`, ...hidden });
    expect([all.limits.ok, all.place.ok, all.names.ok]).not.toContain(false);
    expect(all.scopes).toMatchObject({ ok: false, fix: expect.stringContaining("block_storage: create") });
  });

  it("finds a limit that others have used up, and doesn't count the stack's own", async () => {
    const api = await start();
    api.account.standing = { ...api.account.standing, droplets: 1, volumes: 1, addresses: 1 };
    expect(unwell(await look(api))).toEqual({});
    const { droplet: made } = await droplet(api, "other");
    const { volume: disk } = await volume(api, "other");
    const { reserved_ip: address } = (await make(api, "reserved_ips", { region: "fra1" })) as unknown as {
      reserved_ip: { ip: string };
    };
    expect(unwell(await look(api))).toEqual({
      limits:
        "Droplets: 1 needed, 1 there, at most 1; volumes: 1 needed, 1 there, at most 1; reserved addresses: 1 needed, 1 there, at most 1",
    });
    const state = {
      pendingOperations: 0,
      resources: [
        { urn: "", type: "digitalocean:index/droplet:Droplet", id: String(made?.id) },
        { urn: "", type: "digitalocean:index/volume:Volume", id: String(disk?.id) },
        { urn: "", type: "digitalocean:index/reservedIp:ReservedIp", id: address.ip },
      ],
    };
    expect(unwell(await look(api, { known: knownIn(state) }))).toEqual({});
  });

  it("takes the older name of a limit, and leaves out one that isn't said", async () => {
    const api = await start();
    const facts = await readDigitalocean(api.token, wanted.image);
    const account = { status: "active", status_message: "", floating_ip_limit: 0 };
    expect(limitsSeen({ ...facts, account }, wanted, nothing)).toMatchObject({
      ok: false,
      saw: "reserved addresses: 1 needed, 0 there, at most 0",
    });
  });

  it("counts what is on later pages", async () => {
    const api = await start();
    api.account.standing = { ...api.account.standing, volumes: 201 };
    for (let count = 0; count < 201; count += 1)
      api.account.volumes.set(String(count), {
        ...{ id: String(count), name: `v${count}`, region: "fra1", description: "", sizeGiB: 1 },
        ...{ tags: [], dropletId: undefined, createdAt: "" },
      });
    expect(unwell(await look(api))).toEqual({ limits: "volumes: 1 needed, 201 there, at most 201" });
  });

  it.each([
    [{ region: "xyz1" }, "there is no region xyz1"],
    [{ region: "nyc2", sizes: [] }, "region nyc2 takes no new Droplets"],
    [{ region: "tor1" }, "region tor1 has no volumes"],
    [
      { region: "ams3", sizes: ["s-4vcpu-8gb", "c-4"] },
      "size s-4vcpu-8gb isn't to be had in ams3, for this account",
    ],
    [{ image: "debian-99" }, "there is no image debian-99"],
  ])("finds that %j can't be had", async (change, words) => {
    const api = await start();
    const { place, ...rest } = await look(api, { want: { ...wanted, ...change } });
    expect(place).toMatchObject({ ok: false, saw: expect.stringContaining(words) });
    expect(unwell({ ...rest, place: { ok: true, saw: "" } })).toEqual({});
  });

  it("names regions that would do, and an image that is elsewhere", async () => {
    const api = await start();
    const { place } = await look(api, { want: { ...wanted, region: "ams3" } });
    expect(place).toMatchObject({ fix: expect.stringMatching(/a region that has it: fra1$/) });
    api.account.images.set("debian-12-x64", ["ams3"]);
    expect((await look(api)).place.saw).toBe("image debian-12-x64 isn't in fra1");
  });

  it.each<[string, (api: DigitalOceanApi) => Promise<unknown>, string]>([
    ["a Droplet", (api) => droplet(api, "muster-test-main"), "Droplet muster-test-main"],
    [
      "a Droplet with the stack's tag as well",
      (api) => droplet(api, "muster-test-main", { tags: ["muster-test-main"] }),
      "Droplet muster-test-main",
    ],
    ["a volume in the region", (api) => volume(api, "muster-test-main"), "volume muster-test-main"],
    [
      "a firewall",
      (api) => make(api, "firewalls", { name: "muster-test-main" }),
      "firewall muster-test-main",
    ],
    [
      "a project",
      (api) => make(api, "projects", { name: "muster-test", purpose: "x" }),
      "project muster-test",
    ],
    [
      "a tag in use",
      (api) => droplet(api, "other", { tags: ["muster-test-main"] }),
      "tag muster-test-main on other",
    ],
  ])("finds %s that has the stack's name", async (_what, act, words) => {
    const api = await start();
    await act(api);
    expect(unwell(await look(api))).toEqual({
      names: `taken already, and not in this stack's state: ${words}`,
    });
  });

  it("minds neither another region's volume, nor other names, nor what is in the state", async () => {
    const api = await start();
    await volume(api, "muster-test-main", "ams3");
    await droplet(api, "muster-test-main-2", { tags: ["web"] });
    await make(api, "firewalls", { name: "muster-tests" });
    expect(unwell(await look(api))).toEqual({});
    await make(api, "projects", { name: "muster-test", purpose: "x" });
    await make(api, "firewalls", { name: "muster-test-main" });
    await make(api, "account/keys", { name: "muster-test", public_key: publicKey });
    const [key] = api.account.keys.values();
    const state = {
      pendingOperations: 0,
      resources: [
        ...[...api.account.projects.keys()].map((id) => ({
          urn: "",
          type: "digitalocean:index/project:Project",
          id,
        })),
        ...[...api.account.firewalls.keys()].map((id) => ({
          urn: "",
          type: "digitalocean:index/firewall:Firewall",
          id,
        })),
        { urn: "", type: "digitalocean:index/sshKey:SshKey", id: String(key?.id) },
      ],
    };
    expect(unwell(await look(api, { known: knownIn(state), key: key?.fingerprint ?? "" }))).toEqual({});
  });

  it("finds the stack's SSH key under any name, since it is there only once", async () => {
    const api = await start();
    await make(api, "account/keys", { name: "ann", public_key: publicKey });
    const [key] = api.account.keys.values();
    expect(unwell(await look(api, { key: "00:11" }))).toEqual({});
    expect(unwell(await look(api))).toEqual({});
    expect(unwell(await look(api, { key: key?.fingerprint ?? "" }))).toEqual({
      names: "the account has the stack's SSH key already, as ann",
    });
  });
});
