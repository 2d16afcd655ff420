/** Which image plays which part in a run for real. */
import { imageReference } from "../../../components/services/images";
import type { ImageName } from "./build";

const parts = {
  busybox: "busybox",
  caddy: "caddy",
  postgres: "postgres",
  mattermost: "mattermost-team",
  enterprise: "mattermost-enterprise",
  rtcd: "rtcd",
  coturn: "coturn",
} as const satisfies Record<ImageName, string>;

/** What a stack of the team edition runs from. */
const teamParts = ["busybox", "caddy", "postgres", "mattermost", "coturn"] as const;

/** For `muster:images.overrides`. */
export type ImageOverrides = Partial<Record<(typeof parts)[ImageName], string>>;

/** Images that MUSTER_E2E_IMAGE_CADDY and the like put in another's place. */
export const swappedImages = (): ImageOverrides =>
  Object.fromEntries(
    Object.entries(parts).flatMap(([part, image]) => {
      const reference = process.env[`MUSTER_E2E_IMAGE_${part.toUpperCase()}`];
      return reference === undefined ? [] : [[image, reference]];
    }),
  );

/** The reference of each part's image. */
export const wantedImages = (
  overrides: ImageOverrides,
  wanted: readonly ImageName[] = teamParts,
): Partial<Record<ImageName, string>> =>
  Object.fromEntries(wanted.map((part) => [part, imageReference(parts[part], { overrides })]));
