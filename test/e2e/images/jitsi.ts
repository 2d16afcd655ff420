import { join } from "node:path";
import { accounts, busyboxEntries, busyboxTools } from "./busybox";
import { cached, filesBelow, hashOf, run, sources, type Recipe, type Reference } from "./recipe";
import type { Entry } from "./rootfs";

const jitsiId = 1000;
const source = join(__dirname, "jitsi");
export const owner = { uid: jitsiId, gid: jitsiId } as const;

/** As much of curl as a health check uses. */
const curl = `#!/bin/sh
for argument; do case $argument in http*://*) url=$argument ;; esac; done
exec wget -q -O - "$url"
`;

/** What the four real images have in common, with a busybox in place of Debian and of s6-overlay. */
export async function baseEntries(health?: string): Promise<Entry[]> {
  const program = { type: "text", mode: 0o755 } as const;
  const check: Entry = {
    ...program,
    path: "usr/local/bin/healthcheck.sh",
    text: `#!/bin/sh\nexec curl --fail-with-body http://127.0.0.1:${health}\n`,
  };
  return [
    ...(await busyboxEntries()),
    ...accounts("s6", jitsiId, "/home/s6"),
    { type: "folder", path: "config" },
    { type: "folder", path: "home/s6", ...owner },
    { type: "folder", path: "run" },
    { type: "file", path: "init", from: join(source, "init"), mode: 0o755 },
    { ...program, path: "bin/bash", text: '#!/bin/sh\nexec /bin/sh "$@"\n' },
    { ...program, path: "usr/bin/curl", text: curl },
    ...(health === undefined ? [] : [check]),
  ];
}

export const baseSources: readonly string[] = [
  __filename,
  join(__dirname, "busybox.ts"),
  join(source, "init"),
];

/** The Dockerfile of all four. */
export function baseConfig(volumes: readonly string[], ports: readonly string[]): string[] {
  return [
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV S6_BEHAVIOUR_IF_STAGE2_FAILS=2 S6_READ_ONLY_ROOT=1",
    "USER s6",
    `VOLUME ${JSON.stringify(volumes)}`,
    ...(ports.length === 0 ? [] : [`EXPOSE ${ports.join(" ")}`]),
    'ENTRYPOINT ["/init"]',
  ];
}

interface Double {
  readonly program: "web" | "jicofo" | "jvb";
  readonly what: string;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  /** Port and path of the health check. */
  readonly health?: string;
  readonly folders?: readonly Entry[];
}

/** A recipe for one of the programs in the Go module. */
function doubleRecipe(double: Double): (reference: Reference) => Promise<Recipe> {
  return async (reference) => {
    const files = (await filesBelow(source)).filter((path) => /\.go$|\/go\.(mod|sum)$/.test(path));
    const built = files.filter((path) => !path.endsWith("_test.go"));
    const version = reference.tag;
    const inputs = [double.program, version, ...(await sources(...built))];
    const binary = async (): Promise<string> =>
      cached(`jitsi-${double.program}`, hashOf(...inputs).slice(0, 16), async (path) => {
        const flags = `-s -w -X main.version=${version}`;
        await run("go", ["build", "-trimpath", "-ldflags", flags, "-o", path, `./${double.program}`], {
          cwd: source,
          env: { CGO_ENABLED: "0", GOWORK: "off" },
        });
      });
    return {
      what: double.what,
      kind: "double",
      tools: ["go", ...busyboxTools],
      inputs: [...inputs, ...(await sources(...baseSources))],
      config: baseConfig(["/config", ...(double.volumes ?? [])], double.ports ?? []),
      gather: async () => [
        ...(await baseEntries(double.health)),
        ...(double.folders ?? []),
        { type: "file", path: "usr/local/bin/start", from: await binary(), mode: 0o755 },
      ],
    };
  };
}

const transcripts = "/usr/share/jitsi-meet/transcripts";

export const jitsiWebRecipe = doubleRecipe({
  program: "web",
  what: "a page, config.js from the environment and the way to Prosody; no real Jitsi Meet is tested",
  volumes: [transcripts],
  ports: ["8000", "8443"],
  folders: [
    { type: "folder", path: "storage", ...owner },
    { type: "folder", path: transcripts.slice(1) },
  ],
});

export const jitsiJicofoRecipe = doubleRecipe({
  program: "jicofo",
  what: "it opens rooms and makes owners over XMPP; it offers nobody media",
  health: "8888/about/health",
});

export const jitsiJvbRecipe = doubleRecipe({
  program: "jvb",
  what: "real ICE, DTLS and SRTP behind COLIBRI over HTTP; it sends packets back to their sender as well",
  health: "8080/about/health",
});
