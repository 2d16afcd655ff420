import { Secrets } from "../../components/platform/secrets";
import { text } from "../../components/services/text";
import type { SecretSetting } from "../../stacks/settings/secrets";
import { find, isSecret, type RecordedResource, unwrap } from "../helpers/graph";
import { record, type Recording } from "../helpers/recorder";
import { known } from "../helpers/hosts";
import { secretValues } from "../helpers/stacks";

const generates = { first: 20, second: 32 };
const password = "random:index/randomPassword:RandomPassword";

async function recorded<T>(
  settings: SecretSetting[],
  use: (secrets: Secrets) => T,
  { protect = true, preview = false } = {},
): Promise<Recording<T>> {
  const config = { "muster:licence": secretValues["licence"] ?? "" };
  return record({ preview, known, config, secretKeys: ["muster:licence"] }, () =>
    use(new Secrets("secrets", { generates, settings: new Set(settings), given: {}, protect })),
  );
}
const passwords = (resources: RecordedResource[]): Record<string, unknown> =>
  Object.fromEntries(
    resources.filter(({ type }) => type === password).map(({ name, inputs }) => [name, inputs["length"]]),
  );

describe("secrets", () => {
  it.each([false, true])(
    "are generated once for each that a service declares; preview: %s",
    async (preview) => {
      const { resources } = await recorded([], () => undefined, { preview });
      expect(passwords(resources)).toEqual({ "fingerprint-key": 32, first: 20, second: 32 });
      expect(find(resources, "first").inputs).toEqual({
        length: 20,
        special: false,
        minLower: 1,
        minUpper: 1,
        minNumeric: 1,
      });
      for (const name of ["first", "instance"]) {
        const { provider, parent } = find(resources, name);
        expect([provider?.name, parent?.split("::").at(-1)]).toEqual(["random", "secrets"]);
      }
    },
  );

  it.each([true, false])("are protected with the data: %s", async (protect) => {
    const { resources } = await recorded([], () => undefined, { protect });
    const kept = ["first", "second", "fingerprint-key", "instance"].map(
      (name) => find(resources, name).options.protect ?? false,
    );
    expect(new Set(kept)).toEqual(new Set([protect]));
    expect(find(resources, "random").options.protect).toBeUndefined();
  });

  it("come out as secrets, the generated ones and those from the settings", async () => {
    const { result } = await recorded(["licence"], async (secrets) => {
      const seen = ["first", "licence"].map((name) => secrets.get(name));
      return Promise.all(
        seen.map(async (output) => {
          const inner = output as unknown as { isSecret: Promise<boolean>; promise: () => Promise<string> };
          return { secret: await inner.isSecret, value: await inner.promise() };
        }),
      );
    });
    expect(result).toEqual([
      { secret: true, value: expect.stringMatching(/^[0-9a-f]{20}$/) },
      { secret: true, value: secretValues["licence"] },
    ]);
  });

  it("tell an installation by an id that is no secret", async () => {
    const { resources } = await recorded([], () => undefined);
    expect(isSecret(find(resources, "instance").outputs?.["hex"])).toBe(false);
    expect(unwrap(find(resources, "instance").inputs["byteLength"])).toBe(6);
  });

  it("that nothing declares are a mistake, and the error says which there are", async () => {
    await expect(recorded(["licence"], (secrets) => secrets.get("third"))).rejects.toThrow(
      "no secret third: declared are first, second, licence; add it to a service's generates",
    );
  });

  it("from the settings are there only where the settings have them", async () => {
    await expect(recorded([], (secrets) => secrets.get("licence"))).rejects.toThrow("no secret licence");
    expect(text``.parts).toEqual([]);
  });
});
