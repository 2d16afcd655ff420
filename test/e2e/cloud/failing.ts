import { isStuck, mended } from "../../../cli/deployment";
import { PlayedStack } from "./stack";

/** The calls at which a machine's end and its beginning can break off, in their order. */
const ending = [
  "POST /v2/droplets/:id/actions shutdown",
  "POST /v2/volumes/:id/actions detach",
  "DELETE /v2/droplets/:id",
];
const beginning = ["POST /v2/droplets", "POST /v2/reserved_ips/:ip/actions assign"];
/** More tries than an up has calls. */
const tries = 25;

/** An API that fails: whatever broke off goes on. Side by side, since the provider waits most of the time. */
export function failing(): void {
  const begun: PlayedStack[] = [];
  const start = async (): Promise<PlayedStack> => {
    const cloud = await PlayedStack.start();
    begun.push(cloud);
    return cloud;
  };
  let [creating, replacing]: [Promise<void>, Promise<void>] = [Promise.resolve(), Promise.resolve()];
  // Of the whole file: beside the other tests.
  beforeAll(() => {
    creating = start().then(async (cloud) => {
      await createCallByCall(cloud);
      await destroyAnyway(cloud);
    });
    replacing = start().then(async (cloud) => {
      await cloud.must(["up", "--yes", "--skip-preview"]);
      await replaceAnyway(cloud);
      await loseWithoutItsAddress(cloud);
      await destroyBrokenOff(cloud);
    });
    // Each test awaits its own.
    for (const trial of [creating, replacing]) trial.catch(() => undefined);
  });
  afterAll(async () => {
    await Promise.allSettled([creating, replacing]);
    for (const cloud of begun) await cloud.end();
  });

  describe("where the API fails", () => {
    it("after each single call, the next up carries on, and nothing is made twice; a destroy goes on too", () =>
      creating);

    it("amid a machine's replacement, it goes on from there, with the same disk and address", () =>
      replacing);
  });
}

async function createCallByCall(cloud: PlayedStack): Promise<void> {
  const { api } = cloud;
  let [code, count] = [1, 0];
  for (; code !== 0 && count < tries; count += 1) {
    api.fail({ at: 2, times: Infinity });
    ({ code } = await cloud.up());
  }
  api.fail(undefined);
  expect({ code, made: [...api.story].sort() }).toEqual({ code: 0, made: [...new Set(api.story)].sort() });
  // Each of them has made one thing.
  expect(api.story).toHaveLength(count);
  await cloud.must(["up", "--yes", "--skip-preview", "--refresh", "--run-program", "--expect-no-changes"]);
}

async function destroyAnyway(cloud: PlayedStack): Promise<void> {
  const { api } = cloud;
  const destroy = ["destroy", "--yes", "--skip-preview", "--exclude-protected"];
  for (const call of ending) {
    api.fail({ call, at: 1, times: Infinity });
    expect({ call, ...(await cloud.run(destroy)) }).toMatchObject({ call, code: 1 });
    // Nobody has the disk torn off.
    expect([...api.account.volumes.values()].map(({ dropletId }) => dropletId)).toEqual([
      call === "DELETE /v2/droplets/:id" ? undefined : cloud.droplet.id,
    ]);
  }
  api.fail(undefined);
  await cloud.must(destroy);
  expect([api.account.droplets.size, api.account.volumes.size, api.account.addresses.size]).toEqual([
    0, 1, 1,
  ]);
}

async function replaceAnyway(cloud: PlayedStack): Promise<void> {
  const { api } = cloud;
  const [before, disk, address] = [
    cloud.droplet.id,
    [...api.account.volumes.keys()],
    [...api.account.addresses.keys()],
  ];
  api.forget();
  for (const call of [...ending, ...beginning]) {
    api.fail({ call, at: 1, times: Infinity });
    expect({ call, ...(await cloud.up({ generation: 2 })) }).toMatchObject({ call, code: 1 });
    // As the verbs do it.
    const now = await cloud.export();
    if (isStuck(now)) await cloud.import(mended(now));
  }
  api.fail(undefined);
  await cloud.must(["up", "--yes", "--skip-preview"], { generation: 2 });
  expect(cloud.droplet.id).not.toBe(before);
  expect(api.story.filter((what) => /^(create|delete) droplet/.test(what))).toHaveLength(2);
  expectWhole(cloud, disk, address);
  expect((await cloud.plan(["preview"], { generation: 2 })).does).toEqual({});
}

/** A refresh of the machine alone: the provider can't remove the assignment of an address that no machine has. */
async function loseWithoutItsAddress(cloud: PlayedStack): Promise<void> {
  const { api, droplet } = cloud;
  const [disk, address] = [[...api.account.volumes.keys()], [...api.account.addresses.keys()]];
  await api.loseDroplet(droplet.name);
  await cloud.must(["refresh", "--yes", "--skip-preview", "--target", "**machine-main"], { generation: 2 });
  await cloud.must(["up", "--yes", "--skip-preview"], { generation: 2 });
  expect(cloud.droplet.id).not.toBe(droplet.id);
  expectWhole(cloud, disk, address);
}

/** A replacement that broke off, and nobody wants it any more. */
async function destroyBrokenOff(cloud: PlayedStack): Promise<void> {
  const { account } = cloud.api;
  cloud.api.fail({ call: "POST /v2/droplets", at: 1, times: Infinity });
  expect((await cloud.up({ generation: 3 })).code).toBe(1);
  await cloud.import(mended(await cloud.export()));
  await cloud.must(["destroy", "--yes", "--skip-preview", "--exclude-protected"]);
  expect([account.droplets.size, account.volumes.size, account.addresses.size]).toEqual([0, 1, 1]);
}

/** One droplet, with the disk and the address that were there before. */
function expectWhole({ api: { account }, droplet }: PlayedStack, disks: string[], addresses: string[]): void {
  expect([...account.volumes.values()].map(({ id, dropletId }) => [id, dropletId])).toEqual(
    disks.map((id) => [id, droplet.id]),
  );
  expect([...account.addresses.values()].map(({ ip, dropletId }) => [ip, dropletId])).toEqual(
    addresses.map((ip) => [ip, droplet.id]),
  );
}
