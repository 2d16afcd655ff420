/** The steps, in order, on one stack: each leaves it running for the next. */
import { imageReference } from "../../components/services/images";
import { ensureImages } from "./images/build";
import { makeNeighbour, neighbour, openTcpPorts, removeNeighbour } from "./network";
import { engineSocket } from "./parts";
import { httpPort, httpsPort, Stack } from "./stack";
import { bringUp } from "./steps/bringUp";
import { change } from "./steps/change";
import { data } from "./steps/data";
import { faults } from "./steps/faults";
import { reach } from "./steps/reach";
import { refuse } from "./steps/refuse";
import { secrecy } from "./steps/secrecy";

const none = { overrides: {} };
/** Which image plays which part; MUSTER_E2E_IMAGE_CADDY and the like put another in its place. */
const parts = {
  busybox: "busybox",
  caddy: "caddy",
  postgres: "postgres",
  mattermost: "mattermost-team",
} as const;

describe("a stack on a real engine", () => {
  const stack = new Stack();
  const there = makeNeighbour();
  if (!there)
    console.warn("SKIPPED, as seen from another machine: no network namespace here (needs root, ip, curl)");
  let openBefore: number[] = [];
  const swapped = Object.fromEntries(
    Object.entries(parts).flatMap(([part, image]) => {
      const reference = process.env[`MUSTER_E2E_IMAGE_${part.toUpperCase()}`];
      return reference === undefined ? [] : [[image, reference]];
    }),
  );

  beforeAll(async () => {
    if (there) openBefore = openTcpPorts(neighbour.host, true);
    const images = Object.fromEntries(
      Object.entries(parts).map(([part, image]) => [part, swapped[image] ?? imageReference(image, none)]),
    ) as Record<keyof typeof parts, string>;
    const lines: string[] = [];
    await ensureImages(images, (line) => lines.push(line), stack.docker);
    console.log(`Images:\n${lines.map((line) => `  ${line}`).join("\n")}`);
    stack.write({
      domain: "localhost",
      host: { provider: "local", engine: `unix://${engineSocket}`, bind: "0.0.0.0", address: "127.0.0.1" },
      web: { httpPort, httpsPort },
      people: { accounts: 20, active: 20 },
      ...(Object.keys(swapped).length === 0 ? {} : { images: { overrides: swapped } }),
    });
  });

  afterAll(async () => {
    removeNeighbour();
    await stack.remove();
  });

  bringUp(stack);
  reach(stack, { there, openBefore: () => openBefore });
  change(stack);
  faults(stack);
  data(stack);
  refuse(stack);
  secrecy(stack);
});
