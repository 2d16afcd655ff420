/**
 * Places a container's files and sets the owners of its volumes, from inside the engine: the same on a local
 * and on a remote one, and without root on the operator's machine.
 */
import { quote, readyFile, sayReady } from "../services/job";
import type { Health, Owner, Sandbox } from "../services/service";

/** A file on its way: its final name, owner and mode. */
export interface PlacedFile {
  name: string;
  mode: number;
}

/** Where the provider uploads files to, before they get their owner. */
export const stagingPath = "/staging";
const filesTarget = "/files";

export interface Preparation {
  owner: Owner;
  files: readonly PlacedFile[];
  /** Ship busybox beside the files, for an image without a shell. */
  shell: boolean;
  /** Names of the programs that others put there. */
  tools: readonly string[];
  /** Number of data volumes; each is mounted at `volumeTarget(index)`. */
  volumeCount: number;
}

export const volumeTarget = (index: number): string => `/volumes/${index}`;

/** The script: every step can be repeated. */
export function prepareScript({ owner, files, shell, tools, volumeCount }: Preparation): string {
  const who = `${owner.uid}:${owner.gid}`;
  // Into an empty volume, Docker copies the image's folder with its owner, over the one that is set here.
  const volumes = Array.from({ length: volumeCount }, (_, index) => [
    `touch ${volumeTarget(index)}/.muster`,
    `chown ${who} ${volumeTarget(index)} ${volumeTarget(index)}/.muster`,
  ]).flat();
  const place = ({ name, mode }: PlacedFile): string[] => {
    const target = quote(`${filesTarget}/${name}`);
    return [
      `cp ${quote(`${stagingPath}/${name}`)} ${target}.new`,
      `chown ${who} ${target}.new`,
      `chmod 0${mode.toString(8)} ${target}.new`,
      `mv -f ${target}.new ${target}`,
    ];
  };
  const stale =
    files.length === 0 && !shell && tools.length === 0
      ? []
      : [
          `for file in ${filesTarget}/*; do case "\${file##*/}" in ${[
            ...files.map(({ name }) => quote(name)),
            ...(shell ? ["busybox"] : []),
            ...tools.flatMap((name) => [quote(name), quote(`${name}.new`)]),
          ].join("|")}) ;; *) rm -rf "$file" ;; esac; done`,
        ];
  return [
    "set -eu",
    ...volumes,
    ...stale,
    // By way of another name: a job that still runs holds the old one.
    ...(shell
      ? [
          `cp /bin/busybox ${filesTarget}/busybox.new`,
          `chmod 0555 ${filesTarget}/busybox.new`,
          `mv -f ${filesTarget}/busybox.new ${filesTarget}/busybox`,
        ]
      : []),
    ...files.flatMap(place),
    sayReady,
  ].join("\n");
}

/** Copies a program whole, by way of another name. */
export const shipScript = (path: string, name: string): string =>
  [
    "set -eu",
    `cp ${quote(path)} ${quote(`${filesTarget}/${name}.new`)}`,
    `chmod 0555 ${quote(`${filesTarget}/${name}.new`)}`,
    `mv -f ${quote(`${filesTarget}/${name}.new`)} ${quote(`${filesTarget}/${name}`)}`,
    sayReady,
  ].join("\n");

/** A job is healthy once it is done. */
export const jobHealth = (timeoutSeconds: number, shell: readonly string[] = []): Health => ({
  command: [...shell, "test", "-f", readyFile],
  intervalSeconds: 1,
  timeoutSeconds: 5,
  retries: 1,
  startSeconds: timeoutSeconds,
});

export { filesTarget };

/** Root, since it gives files away; without network, and gone within seconds. */
export const prepareSandbox: Sandbox = {
  writableRoot: { value: true, reason: "the provider uploads files into the root file system" },
  capabilities: {
    value: ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER"],
    reason: "gives files and volumes to the user that the service runs as",
  },
};

/** Root, since the files' folder is; without network, and gone within seconds. */
export const shipSandbox: Sandbox = {
  temporary: { value: { "/tmp": 1 }, reason: "says when it is done" },
};
