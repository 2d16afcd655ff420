import { join } from "node:path";
import { accounts } from "./busybox";
import { authorityEntries, programOfModule } from "./goModule";
import { sources, versionOf, type Recipe, type Reference } from "./recipe";

const callsId = 65532;
const home = "opt/rtcd/bin";

/** The released rtcd, which says which release it is. */
async function rtcdBinary(version: string): Promise<string> {
  const service = "github.com/mattermost/rtcd/service";
  return programOfModule({
    name: "rtcd",
    module: "github.com/mattermost/rtcd",
    version,
    folder: "cmd/rtcd",
    variables: { [`${service}.buildVersion`]: `v${version}`, [`${service}.buildHash`]: "made-here" },
  });
}

export async function rtcdRecipe(reference: Reference): Promise<Recipe> {
  const version = versionOf(reference);
  return {
    what: `rtcd ${version} built from its Go module`,
    kind: "home-made",
    tools: ["go"],
    inputs: [version, ...(await sources(__filename, join(__dirname, "goModule.ts")))],
    // As in the official image, which is distroless: there is no shell.
    config: [
      "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "USER calls",
      `WORKDIR /${home}`,
      'ENTRYPOINT ["./rtcd"]',
    ],
    gather: async () => [
      ...accounts("calls", callsId, "/home/calls"),
      ...(await authorityEntries()),
      { type: "folder", path: "tmp", mode: 0o1777 },
      { type: "file", path: `${home}/rtcd`, from: await rtcdBinary(version), mode: 0o755 },
    ],
  };
}
