/** Every image and program that some suite needs, made before the first begins: on a new machine that takes minutes. */
import Docker from "dockerode";
import { imageNames, imageReference } from "../../../components/services/images";
import { pebbleProgram } from "../acme/authority";
import { machineImage } from "../machine/image";
import { engineSocket } from "../parts";
import { s3Program } from "../s3";
import { oneAtATime } from "../turns";
import { ensureImages } from "./build";
import { swappedImages } from "./chosen";

/** @param machines whether this machine can play others. */
export async function makeAll(machines: boolean, log: (line: string) => void): Promise<void> {
  const docker = new Docker({ socketPath: engineSocket });
  const overrides = swappedImages();
  const references = Object.fromEntries(
    imageNames.map((name) => [name, imageReference(name, { overrides, mirror: undefined })]),
  );
  await oneAtATime("images", async () => {
    await ensureImages(references, log, docker);
    if (machines) await machineImage(docker, log);
  });
  for (const program of [s3Program, pebbleProgram]) await program();
}
