import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { deploymentOf } from "../../helpers/deployment";
import { recordedReleases, typeOf } from "../../helpers/release";
import { Stack } from "../stack";

interface Step {
  op: string;
  urn: string;
}

/** What must be the same afterwards; a component or a provider may change. */
const isData = (type: string): boolean => !/^(muster|pulumi):/.test(type);

/** Every recorded release, as the real engine and the real providers see it with this program. Nothing is made. */
export function released(): void {
  describe("an update of what a release has made", () => {
    const releases = recordedReleases().filter(({ stack }) => stack === "local");

    it.each(releases.map((release) => [release.version, release] as const))(
      "%s: the preview replaces and deletes no data, no address, no secret",
      async (_version, release) => {
        // A state of its own, in a copy of the project; physical names have the stack's name in them.
        const stack = new Stack(release.stack);
        try {
          stack.write(release.settings.values);
          const first = await stack.run(["preview", stack.name]);
          expect(first).toMatchObject({ code: 0 });
          const file = join(stack.dir, "released.json");
          const { encryptionsalt } = parse(readFileSync(stack.file, "utf8")) as { encryptionsalt: string };
          writeFileSync(file, JSON.stringify(deploymentOf(release, encryptionsalt)));
          await stack.pulumi(["stack", "import", "--file", file]);
          const { steps } = JSON.parse(await stack.pulumi(["preview", "--json", "--show-sames"])) as {
            steps: Step[];
          };
          const kept = Object.keys(release.resources).filter((urn) => isData(typeOf(urn)));
          expect(kept.length).toBeGreaterThan(10);
          const planned = kept.map((urn) => [
            urn,
            steps.filter((step) => step.urn.endsWith(`::${urn}`)).map(({ op }) => op),
          ]);
          expect(planned).toEqual(kept.map((urn) => [urn, ["same"]]));
        } finally {
          // Its folder alone: whoever has a stack of this name on this engine keeps it.
          rmSync(stack.dir, { recursive: true, force: true });
        }
      },
    );
  });
}
