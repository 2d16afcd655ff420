/** Which images a stack runs from, in a run for real. */
import { type ImageName, imageNames } from "../../../components/services/images";
import { imagesOf, type Topology } from "../../../stacks/topology";

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
export const referencesOf = (topology: Topology): ImageOverrides =>
  Object.fromEntries(imagesOf(topology).map(({ name, reference }) => [name, reference]));
