import { dirname, join } from "node:path";
import { accounts } from "./busybox";
import { cached, exists, run, sources, versionOf, type Recipe, type Reference } from "./recipe";
import type { Entry } from "./rootfs";

const callsId = 65532;
const home = "opt/rtcd/bin";

/** The certificates of public authorities, where this machine has them. */
const certificates = "/etc/ssl/certs/ca-certificates.crt";

/**
 * Builds the released rtcd from its Go module. It must be the main module, because its go.mod replaces some of its
 * dependencies, and only a main module's replacements count.
 */
async function rtcdBinary(version: string): Promise<string> {
  return cached("rtcd-binary", version, async (path) => {
    const folder = join(dirname(path), "module");
    const env = { CGO_ENABLED: "0", GOWORK: "off" };
    const module = `github.com/mattermost/rtcd@v${version}`;
    const downloaded = await run("go", ["mod", "download", "-json", module], { cwd: dirname(path), env });
    const { Dir } = JSON.parse(downloaded) as { Dir: string };
    // Go's cache is read-only, and so would its copy be.
    await run("cp", ["-R", Dir, folder]);
    await run("chmod", ["-R", "u+w", folder]);
    const value = (name: string, text: string): string =>
      `-X github.com/mattermost/rtcd/service.${name}=${text}`;
    const flags = ["-s", "-w", value("buildVersion", `v${version}`), value("buildHash", "made-here")].join(
      " ",
    );
    await run("go", ["build", "-trimpath", "-mod=readonly", "-ldflags", flags, "-o", path, "./cmd/rtcd"], {
      cwd: folder,
      env,
    });
  });
}

export async function rtcdRecipe(reference: Reference): Promise<Recipe> {
  const version = versionOf(reference);
  return {
    what: `rtcd ${version} built from its Go module`,
    kind: "home-made",
    tools: ["go"],
    inputs: [version, ...(await sources(__filename))],
    // As in the official image, which is distroless: there is no shell.
    config: [
      "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "USER calls",
      `WORKDIR /${home}`,
      'ENTRYPOINT ["./rtcd"]',
    ],
    gather: async () => {
      const authorities: Entry[] = (await exists(certificates))
        ? [{ type: "file", path: certificates.slice(1), from: certificates, mode: 0o644 }]
        : [];
      return [
        ...accounts("calls", callsId, "/home/calls"),
        ...authorities,
        { type: "folder", path: "tmp", mode: 0o1777 },
        { type: "file", path: `${home}/rtcd`, from: await rtcdBinary(version), mode: 0o755 },
      ];
    },
  };
}
