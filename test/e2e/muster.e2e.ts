/** The steps, in order, on one stack: each leaves it running for the next. */
import { swappedImages } from "./images/chosen";
import { makeNeighbour, openTcpPorts, removeNeighbour } from "./network";
import { engineSocket } from "./parts";
import { Stack } from "./stack";
import { bringUp } from "./steps/bringUp";
import { change } from "./steps/change";
import { data } from "./steps/data";
import { faults } from "./steps/faults";
import { reach } from "./steps/reach";
import { refuse } from "./steps/refuse";
import { released } from "./steps/released";
import { secrecy } from "./steps/secrecy";
import { suites } from "./suites";

describe("a stack on a real engine", () => {
  const { name, web, neighbour } = suites.muster;
  const stack = new Stack(name);
  const there = makeNeighbour(neighbour);
  if (!there)
    console.warn("SKIPPED, as seen from another machine: no network namespace here (needs root, ip, curl)");
  let openBefore: number[] = [];
  const swapped = swappedImages();

  beforeAll(async () => {
    await stack.clear();
    if (there) openBefore = openTcpPorts(suites.muster);
    // Chat alone; calls and meetings have a stack of their own.
    stack.write({
      domain: "localhost",
      host: { provider: "local", engine: `unix://${engineSocket}`, bind: "0.0.0.0", address: "127.0.0.1" },
      web,
      people: { accounts: 20, active: 20 },
      calls: "off",
      meetings: "off",
      ...(Object.keys(swapped).length === 0 ? {} : { images: { overrides: swapped } }),
    });
    console.log(`Images:\n${(await stack.ensureImages()).join("\n")}`);
  });

  afterAll(async () => {
    removeNeighbour(neighbour);
    await stack.remove();
  });

  bringUp(stack);
  reach(stack, { there, openBefore: () => openBefore });
  change(stack);
  faults(stack);
  data(stack);
  refuse(stack);
  secrecy(stack);
  released();
});
