/**
 * Every image that Muster runs, each pinned to an exact tag: the one place where a version stands.
 * Digests come from a registry through `npm run digests` into `images.lock.json`; none is typed by hand.
 */
import lock from "./images.lock.json";

interface ImagePin {
  registry: string;
  repository: string;
  tag: string;
  /** Kinds of processors that it is there for. Default: amd64 and arm64. */
  architectures?: readonly Architecture[];
}

/** A kind of processor, as Docker names it. */
export type Architecture = "amd64" | "arm64";

/** One tag for all of Jitsi: its parts of different versions don't understand each other. */
// renovate: datasource=docker depName=ghcr.io/jitsi/web
const jitsi = { registry: "ghcr.io", tag: "stable-11146-2" } as const;

const images = {
  // renovate: datasource=docker depName=busybox
  busybox: { registry: "docker.io", repository: "library/busybox", tag: "1.37.0-musl" },
  // renovate: datasource=docker depName=caddy
  caddy: { registry: "docker.io", repository: "library/caddy", tag: "2.11.4" },
  // renovate: datasource=docker depName=mattermost/mattermost-team-edition
  "mattermost-team": {
    registry: "docker.io",
    repository: "mattermost/mattermost-team-edition",
    tag: "11.7.10",
    architectures: ["amd64"],
  },
  // renovate: datasource=docker depName=mattermost/mattermost-enterprise-edition
  "mattermost-enterprise": {
    registry: "docker.io",
    repository: "mattermost/mattermost-enterprise-edition",
    tag: "11.7.10",
    architectures: ["amd64"],
  },
  // One line per major: which one runs is a setting, since another major can't read this one's files.
  // renovate: datasource=docker depName=postgres
  "postgres-17": { registry: "docker.io", repository: "library/postgres", tag: "17.11-alpine" },
  // renovate: datasource=docker depName=postgres
  "postgres-18": { registry: "docker.io", repository: "library/postgres", tag: "18.6-alpine" },
  // renovate: datasource=docker depName=restic/restic
  restic: { registry: "docker.io", repository: "restic/restic", tag: "0.19.1" },
  // renovate: datasource=docker depName=rclone/rclone
  rclone: { registry: "docker.io", repository: "rclone/rclone", tag: "1.75.1" },
  // renovate: datasource=docker depName=mattermost/rtcd
  rtcd: { registry: "docker.io", repository: "mattermost/rtcd", tag: "v1.2.6" },
  // renovate: datasource=docker depName=coturn/coturn
  coturn: { registry: "docker.io", repository: "coturn/coturn", tag: "4.17.0-r0" },
  // renovate: datasource=docker depName=goacme/lego
  lego: { registry: "docker.io", repository: "goacme/lego", tag: "v4.35.2" },
  // renovate: datasource=docker depName=prom/prometheus
  prometheus: { registry: "docker.io", repository: "prom/prometheus", tag: "v3.14.0" },
  // renovate: datasource=docker depName=grafana/grafana
  grafana: { registry: "docker.io", repository: "grafana/grafana", tag: "13.2.1" },
  // renovate: datasource=docker depName=prom/node-exporter
  "node-exporter": { registry: "docker.io", repository: "prom/node-exporter", tag: "v1.12.1" },
  // renovate: datasource=docker depName=prom/blackbox-exporter
  "blackbox-exporter": { registry: "docker.io", repository: "prom/blackbox-exporter", tag: "v0.28.0" },
  // renovate: datasource=docker depName=prometheuscommunity/postgres-exporter
  "postgres-exporter": {
    registry: "docker.io",
    repository: "prometheuscommunity/postgres-exporter",
    tag: "v0.20.1",
  },
  "jitsi-web": { ...jitsi, repository: "jitsi/web" },
  "jitsi-prosody": { ...jitsi, repository: "jitsi/prosody" },
  "jitsi-jicofo": { ...jitsi, repository: "jitsi/jicofo" },
  "jitsi-jvb": { ...jitsi, repository: "jitsi/jvb" },
} as const satisfies Record<string, ImagePin>;

export type ImageName = keyof typeof images;
export const imageNames = Object.keys(images) as [ImageName, ...ImageName[]];

/** Majors of PostgreSQL that a stack can run. */
export const postgresMajors = imageNames.flatMap((name) => {
  const major = /^postgres-(\d+)$/.exec(name)?.[1];
  return major === undefined ? [] : [Number(major)];
});
export const oldestPostgres = Math.min(...postgresMajors);
export const newestPostgres = Math.max(...postgresMajors);

export interface ImageSettings {
  mirror?: string | undefined;
  overrides: Partial<Record<ImageName, string>>;
}

/** `repository:tag`, as registries and the lock file name an image; without Docker Hub's `library/`. */
function familiarName(pin: ImagePin): string {
  const host = pin.registry === "docker.io" ? "" : `${pin.registry}/`;
  return `${host}${pin.repository.replace(/^library\//, "")}:${pin.tag}`;
}

/**
 * The reference to run an image by: an override wins whole; a mirror replaces the registry and keeps
 * repository and tag; the digest from the lock file is added wherever it is known.
 */
export function imageReference(name: ImageName, settings: ImageSettings): string {
  const override = settings.overrides[name];
  if (override !== undefined) return override;
  const pin = images[name];
  const tagged =
    settings.mirror === undefined ? familiarName(pin) : `${settings.mirror}/${pin.repository}:${pin.tag}`;
  const digest = (lock as Record<string, string>)[familiarName(pin)];
  return digest === undefined ? tagged : `${tagged}@${digest}`;
}

const channel = /^(latest|stable|edge|nightly|main|master|release-[\d.]*|\d+(\.\d+)?)(-[a-z]+)?$/;

/**
 * Whether a reference may mean another image tomorrow: a tag for a channel, or a version without its last part.
 * @param name image that it stands for; PostgreSQL's whole version has two parts, everybody else's three.
 */
export function isRolling(reference: string, name: string): boolean {
  if (reference.includes("@sha256:")) return false;
  const tag = /:([^/:]+)$/.exec(reference)?.[1];
  if (tag === undefined) return true;
  return channel.test(tag) && !(/^postgres(-\d+)?$/.test(name) && /^\d+\.\d/.test(tag));
}

/** All pins by name, for the script that looks digests up. */
export function allPins(): {
  name: ImageName;
  registry: string;
  repository: string;
  tag: string;
  key: string;
}[] {
  return imageNames.map((name) => ({ name, ...images[name], key: familiarName(images[name]) }));
}

/** Kinds of processors on which all of these images run; what overrides an image is taken to run on any. */
export function architecturesOf(
  names: readonly ImageName[],
  { overrides }: { overrides: Readonly<Partial<Record<ImageName, string>>> },
): Architecture[] {
  const pinned = names.filter((name) => overrides[name] === undefined);
  return (["amd64", "arm64"] as const).filter((architecture) =>
    pinned.every((name) => (images[name] as ImagePin).architectures?.includes(architecture) ?? true),
  );
}
