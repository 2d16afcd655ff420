import { Stack } from "../stack";
import { suites } from "../suites";
import { imports } from "./import";
import type { Stage } from "./stage";

/** Coming from elsewhere, on a stack of its own that nobody uses yet. */
export function arrivals(stage: Stage): void {
  describe("a new stack", () => {
    const stack = new Stack("e2e-import");

    beforeAll(async () => {
      await stack.clear();
      stack.write({
        ...stage.settings(),
        web: suites.data.copy,
        postgres: { major: 18 },
        backup: { target: { kind: "folder" } },
      });
      await stack.ensureImages();
      await stack.up();
    });
    afterAll(() => stack.remove());

    imports(stack);
  });
}
