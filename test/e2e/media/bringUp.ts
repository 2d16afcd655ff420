import { ids } from "../steps/bringUp";
import type { MediaStack } from "./stack";

/** Both shapes are brought up by this: the free edition first. */
export function bringUp(get: () => MediaStack): void {
  describe("bringing it up", () => {
    it("comes up from nothing, with every service healthy", async () => {
      const media = get();
      const output = await media.up();
      expect(output).toContain("All services are healthy.");
      expect(output).toContain(media.meetUrl);
      expect(await media.stack.unwell()).toEqual([]);
    });

    it("changes nothing the second time", async () => {
      const { stack } = get();
      const before = await ids(stack);
      expect((await stack.up()).output).toContain("Nothing has changed");
      expect(await ids(stack)).toEqual(before);
    });
  });
}
