import { type DropletStage, stackName } from "./stage";

/** What a destroy leaves, from wherever it starts. */
export function end(stage: DropletStage): void {
  it("goes, though its machine is gone already, and leaves disk, address and secrets alone", async () => {
    const { account } = stage.api;
    const secrets = async (): Promise<string[]> =>
      (await stage.stack.secrets()).map(({ name, value }) => `${name}: ${value}`).sort();
    const before = await secrets();
    await stage.api.loseDroplet(stage.droplet.name);
    const { output, seconds } = await stage.must("destroy", "--yes");
    expect(output).toContain("The host main is gone");
    expect(output).toContain("Stopped. Data and secrets are kept.");
    expect([account.volumes.size, account.addresses.size]).toEqual([1, 1]);
    // Neither what costs nor what lets anybody in.
    expect([account.droplets.size, account.firewalls.size, account.keys.size, account.tags.size]).toEqual([
      0, 0, 0, 0,
    ]);
    expect(await secrets()).toEqual(before);
    console.log(`destroy: ${seconds.toFixed(1)} s`);
  });

  it("removes disk and address as well when told twice, and says first what goes", async () => {
    const { account } = stage.api;
    const [{ name, sizeGiB } = { name: "none", sizeGiB: 0 }] = [...account.volumes.values()];
    const { address } = stage;
    const { output } = await stage.must("destroy", "--remove-data", stackName);
    const goes = output.indexOf("This goes for good:");
    expect(goes).toBeGreaterThan(-1);
    expect(output.slice(goes)).toContain(`the disk ${name}, ${sizeGiB} GiB`);
    expect(output.slice(goes)).toContain(`the address ${address}`);
    expect(output.indexOf("Destroying")).toBeGreaterThan(goes);
    expect([account.volumes.size, account.addresses.size]).toEqual([0, 0]);
    // The account's own.
    expect([...account.projects.values()].map(({ isDefault }) => isDefault)).toEqual([true]);
  });
}
