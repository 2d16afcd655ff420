/** One stack on two machines, chat on one and media on the other. The steps are in order. */
import { onMachines } from "./hosts/machines";
import { membersMeet } from "./media/meetings";
import { resolveLocalNames } from "./media/names";
import { bringUp } from "./pair/bringUp";
import { calls, reboots } from "./pair/calls";
import { PairStage } from "./pair/stage";
import { vpn } from "./pair/vpn";

onMachines("a stack on two machines", () => {
  const pair = new PairStage();
  let forget: () => void;

  beforeAll(async () => {
    forget = resolveLocalNames(pair.webAddress);
    await pair.prepare();
  });
  afterAll(async () => {
    forget();
    await pair.end();
  });

  bringUp(pair);
  calls(pair);
  membersMeet(() => pair);
  reboots(pair);
  vpn(pair);

  it("is stopped on both", async () => {
    await pair.stack.must(["destroy", pair.stack.name, "--remove-data", pair.stack.name]);
    for (const machine of pair.on.machines.values()) {
      expect(await machine.run("docker ps --all --quiet")).toBe("");
      expect(await machine.run("docker volume ls --quiet")).not.toContain(pair.stack.name);
    }
  });
});
