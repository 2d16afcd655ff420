import { dirname, join } from "node:path";
import { accounts } from "./busybox";
import {
  cached,
  exists,
  filesBelow,
  hashOf,
  run,
  sources,
  versionOf,
  type Recipe,
  type Reference,
} from "./recipe";
import type { Entry } from "./rootfs";

const mattermostId = 2000;
const source = join(__dirname, "mattermost");
const certificates = "/etc/ssl/certs/ca-certificates.crt";

/** The folders that the real image declares as volumes. */
const volumes = ["data", "logs", "config", "plugins", "client/plugins"].map((name) => `/mattermost/${name}`);

export async function mattermostRecipe(reference: Reference): Promise<Recipe> {
  const version = versionOf(reference);
  const edition = reference.repository.includes("enterprise") ? "enterprise" : "team";
  const files = (await filesBelow(source)).filter((path) => !path.includes("/recordkeys/"));
  const inputs = [version, edition, ...(await sources(__filename, ...files))];
  const binary = async (): Promise<string> =>
    cached(`mattermost-${edition}-double`, hashOf(...inputs).slice(0, 16), async (path) => {
      const flags = `-s -w -X main.version=${version} -X main.edition=${edition}`;
      await run("go", ["build", "-trimpath", "-ldflags", flags, "-o", path, "."], {
        cwd: source,
        env: { CGO_ENABLED: "0", GOWORK: "off" },
      });
    });
  return {
    what: `it imitates the ${edition} edition of ${version}; no real Mattermost is tested`,
    kind: "double",
    tools: ["go"],
    inputs,
    // As in the real image's Dockerfile from 10.12 on: distroless, so there is no shell.
    config: [
      "ENV PATH=/mattermost/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "ENV MM_SERVICESETTINGS_ENABLELOCALMODE=true MM_INSTALL_TYPE=docker",
      "USER mattermost",
      'HEALTHCHECK --interval=30s --timeout=10s CMD ["/mattermost/bin/mmctl", "system", "status", "--local"]',
      "WORKDIR /mattermost",
      'CMD ["/mattermost/bin/mattermost"]',
      "EXPOSE 8065 8067 8074 8075",
      `VOLUME ${JSON.stringify(volumes)}`,
    ],
    gather: async () => {
      const owner = { uid: mattermostId, gid: mattermostId };
      const authorities: Entry[] = (await exists(certificates))
        ? [{ type: "file", path: certificates.slice(1), from: certificates, mode: 0o644 }]
        : [];
      const folders = ["/mattermost", "/mattermost/bin", dirname("/mattermost/client/plugins"), ...volumes];
      return [
        ...accounts("mattermost", mattermostId, "/mattermost"),
        ...authorities,
        { type: "folder", path: "tmp", mode: 0o1777 },
        { type: "folder", path: "var/tmp", mode: 0o1777 },
        ...folders.map((path): Entry => ({ type: "folder", path: path.slice(1), ...owner })),
        { type: "file", path: "mattermost/bin/mattermost", from: await binary(), mode: 0o755, ...owner },
        // One program: it looks at the name it was started by.
        { type: "link", path: "mattermost/bin/mmctl", to: "mattermost", ...owner },
      ];
    },
  };
}
