/** Which image plays which part in a run for real. */
import { imageReference } from "../../../components/services/images";
import type { ImageName } from "./build";

const parts = {
  busybox: "busybox",
  caddy: "caddy",
  postgres: "postgres",
  mattermost: "mattermost-team",
  "jitsi-web": "jitsi-web",
  "jitsi-prosody": "jitsi-prosody",
  "jitsi-jicofo": "jitsi-jicofo",
  "jitsi-jvb": "jitsi-jvb",
} as const;

/** For `muster:images.overrides`. */
export type ImageOverrides = Partial<Record<(typeof parts)[ImageName], string>>;

/** Images that MUSTER_E2E_IMAGE_CADDY and the like put in another's place. */
export const swappedImages = (): ImageOverrides =>
  Object.fromEntries(
    Object.entries(parts).flatMap(([part, image]) => {
      const reference = process.env[`MUSTER_E2E_IMAGE_${part.toUpperCase().replaceAll("-", "_")}`];
      return reference === undefined ? [] : [[image, reference]];
    }),
  );

/** The reference of each part's image. */
export const wantedImages = (overrides: ImageOverrides): Record<ImageName, string> =>
  Object.fromEntries(
    Object.entries(parts).map(([part, image]) => [part, imageReference(image, { overrides })]),
  ) as Record<ImageName, string>;
