/** Which images a stack runs from, in a run for real. */
import { type ImageName, imageNames } from "../../../components/services/images";
import type { Topology } from "../../../stacks/topology";

/** For `muster:images.overrides`. */
export type ImageOverrides = Partial<Record<ImageName, string>>;

/** Images that MUSTER_E2E_IMAGE_CADDY, MUSTER_E2E_IMAGE_JITSI_WEB and the like put in another's place. */
export const swappedImages = (): ImageOverrides =>
  Object.fromEntries(
    imageNames.flatMap((name) => {
      const reference = process.env[`MUSTER_E2E_IMAGE_${name.toUpperCase().replaceAll("-", "_")}`];
      return reference === undefined ? [] : [[name, reference]];
    }),
  );

/** The reference of every image that a topology runs. */
export const imagesOf = ({
  services,
  toolsImage,
}: Pick<Topology, "services" | "toolsImage">): ImageOverrides =>
  Object.fromEntries(
    [toolsImage, ...services.flatMap(({ image, jobs }) => [image, ...jobs.map((job) => job.image)])].map(
      ({ name, reference }) => [name, reference],
    ),
  );
