import { type DropletStage, stackName } from "./stage";

/** From nothing to a stack, and to another machine under it: with all its data, at the same address. */
export function life(stage: DropletStage): void {
  /** What happened to machines and disks meanwhile. */
  const during = async <T>(work: () => Promise<T>): Promise<{ result: T; happened: string[] }> => {
    const before = stage.machines.story.length;
    const result = await work();
    return { result, happened: stage.machines.story.slice(before) };
  };
  const refuseDroplets = (): void =>
    stage.api.fail({ call: "POST /v2/droplets", at: 1, times: Infinity, status: 422 });

  it("comes up from nothing: a droplet, its set-up over SSH with the key it was born with, and the whole stack", async () => {
    const { output, seconds } = await stage.must("up");
    expect(output).toContain("muster: makes a file system");
    expect(output).toContain("All services are healthy.");
    expect(await stage.machine.run("docker ps --format '{{.Status}}'")).not.toMatch(/unhealthy|starting/);
    expect(await stage.machine.run("findmnt -rno SOURCE /srv/muster")).toMatch(/^\/dev\/loop/);
    // What leaves does so by the address at which people find it.
    expect(await stage.machine.run("ip route get 192.0.2.1")).toContain(`src ${stage.address} `);
    console.log(`up from nothing: ${seconds.toFixed(1)} s`);
  });

  it("changes nothing the second time, and plans nothing", async () => {
    const before = await stage.ids();
    expect((await stage.must("up")).output).toContain("Nothing has changed");
    expect(await stage.ids()).toBe(before);
    const { output } = await stage.must("preview");
    expect(output).not.toMatch(/\d+ to (create|update|delete|replace)/);
  });

  it("shuts the old machine down before its disk goes, and says what is wrong where no new one is to be had", async () => {
    const user = ["--username", "ann", "--email", "ann@localhost.localdomain", "--password", "Ann-is-here-1"];
    await stage.must("mmctl", "user", "create", ...user);
    expect(await stage.people()).toContain("ann");
    stage.stack.set(["host", "generation"], 2);
    refuseDroplets();
    const { result, happened } = await during(() => stage.run("up"));
    expect(result.code).not.toBe(0);
    expect(result.output).toContain("Error creating droplet");
    expect(result.output).toContain(`The stack ${stackName} isn't fully up`);
    expect(happened).toEqual(["machine shut down", "disk detached", "machine gone"]);
  });

  it("gets its new machine by the next up, with its data and at the same address", async () => {
    stage.api.fail(undefined);
    const { address } = stage;
    const { result, happened } = await during(() => stage.must("up"));
    expect(result.output).toContain("replacement broke off");
    expect(result.output).toContain("All services are healthy.");
    expect(happened).toEqual(["disk attached", "machine made", "address assigned"]);
    expect(stage.address).toBe(address);
    expect(await stage.people()).toContain("ann");
    const log = await stage.databaseLog();
    expect(log).toContain("database system was shut down");
    expect(log).not.toContain("was not properly shut down");
    console.log(`a new machine: ${result.seconds.toFixed(1)} s`);
  });

  it("notices that a machine is gone, and gets another one, with the data", async () => {
    const [{ id: lost, name }, { address }] = [stage.droplet, stage];
    await stage.api.loseDroplet(name);
    const { output, seconds } = await stage.must("up");
    expect(output).toContain("The host main is gone");
    expect(output).toContain("All services are healthy.");
    expect(stage.droplet.id).not.toBe(lost);
    expect(stage.address).toBe(address);
    expect(await stage.people()).toContain("ann");
    expect((await stage.must("up")).output).toContain("Nothing has changed");
    console.log(`after a loss: ${seconds.toFixed(1)} s`);
  });

  it("has no private key in what was printed, or in plain state", async () => {
    for (const text of [stage.stack.transcript, await stage.stack.pulumi(["stack", "export"])])
      expect(text).not.toContain("PRIVATE KEY");
  });
}
