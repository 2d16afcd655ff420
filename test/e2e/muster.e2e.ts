/** The steps, in order, on one stack: each leaves it running for the next. What breaks it has a suite of its own. */
import { makeNeighbour, openTcpPorts, removeNeighbour } from "./network";
import { bringUp } from "./steps/bringUp";
import { change } from "./steps/change";
import { chatAlone } from "./steps/chatAlone";
import { data } from "./steps/data";
import { reach } from "./steps/reach";
import { released } from "./steps/released";
import { secrecy } from "./steps/secrecy";
import { suites } from "./suites";

describe("a stack on a real engine", () => {
  const { neighbour } = suites.muster;
  const there = makeNeighbour(neighbour);
  if (!there)
    console.warn("SKIPPED, as seen from another machine: no network namespace here (needs root, ip, curl)");
  let openBefore: number[] = [];
  // Calls and meetings have a stack of their own.
  const stack = chatAlone(suites.muster);
  beforeAll(() => {
    if (there) openBefore = openTcpPorts(suites.muster);
  });
  afterAll(() => removeNeighbour(neighbour));

  bringUp(stack);
  reach(stack, { there, openBefore: () => openBefore });
  change(stack);
  data(stack);
  secrecy(stack);
  released();
});
