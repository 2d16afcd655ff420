/** An API that fails in the midst: the next up carries on. */
import { CloudflareApi } from "../../helpers/cloudflare/api";
import { ZoneStack } from "./stack";

/** More tries than an up has calls. */
const tries = 40;

export function carryOn(): void {
  describe("where Cloudflare's API fails", () => {
    let api: CloudflareApi;
    let stack: ZoneStack;
    beforeEach(async () => {
      api = await CloudflareApi.start();
      stack = await ZoneStack.start(api);
    });
    afterEach(async () => {
      stack.end();
      await api.stop();
    });

    it("after any call, the next up carries on, and makes nothing twice; a destroy goes on too", async () => {
      let [code, count] = [1, 0];
      // Several are under way at a time: each up gets some of them done.
      for (; code !== 0 && count < tries; count += 1) {
        api.fail({ at: 4, times: Infinity });
        ({ code } = await stack.up());
      }
      api.fail(undefined);
      expect({ code, made: [...api.story].sort() }).toEqual({
        code: 0,
        made: [...new Set(api.story)].sort(),
      });
      expect(count).toBeGreaterThan(2);
      expect((await stack.plan(["preview"])).does).toEqual({});
      const destroy = ["destroy", "--yes", "--skip-preview", "--exclude-protected"];
      api.fail({ at: 4, times: Infinity });
      expect((await stack.run(destroy)).code).not.toBe(0);
      api.fail(undefined);
      await stack.must(destroy);
      expect([api.zone.records.size, api.zone.rulesets.size]).toEqual([0, 0]);
    });

    it("with an answer that was lost, what was made is named, and how it's taken over", async () => {
      const call = "POST /client/v4/zones/:zone/dns_records";
      api.fail({ call, at: 1, status: 500, carriedOut: true });
      expect((await stack.up()).code).not.toBe(0);
      api.fail(undefined);
      const { code, said } = await stack.up();
      expect(code).not.toBe(0);
      expect(said).toContain("a record that stack zone has made, and knows nothing of");
      const [, command = ""] = /npx pulumi (import .*)$/m.exec(said) ?? [];
      const [verb = "", , , ...rest] = command.split(" ");
      await stack.must([verb, "--yes", "--skip-preview", ...rest]);
      await stack.must(["up", "--yes", "--skip-preview"]);
      expect(api.story).toHaveLength(new Set(api.story).size);
      expect((await stack.plan(["preview"])).does).toEqual({});
    });
  });
}
