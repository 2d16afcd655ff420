import { readEngineConfig } from "../../stacks/settings/engine";
import type { RawSettings } from "../../stacks/settings/parse";
import { record } from "../helpers/recorder";

const read = async (config: Record<string, string>, secretKeys: string[] = []): Promise<RawSettings> =>
  (await record({ stack: "prod", config, secretKeys }, () => readEngineConfig())).result;

describe("the settings that the engine hands over", () => {
  it("are read as what the schema calls them: text stays text, the rest is JSON", async () => {
    const config = {
      "muster:domain": "42",
      "muster:edition": "true",
      "muster:protectData": "false",
      "muster:people": '{"accounts":5}',
    };
    expect(await read(config)).toEqual({
      source: "Pulumi.prod.yaml",
      values: { domain: "42", edition: "true", protectData: false, people: { accounts: 5 } },
      encrypted: [],
      malformed: [],
    });
  });

  it("say which secret has a value that its file can't hold, without the value", async () => {
    const keys = ["muster:turnSecret", "muster:licence"];
    const config = { "muster:turnSecret": "one two three four", "muster:licence": "one two three four" };
    const raw = await read(config, keys);
    expect(raw.malformed).toEqual(["turnSecret"]);
    expect((await read({ ...config, "muster:turnSecret": "one-two-three-four" }, keys)).malformed).toEqual(
      [],
    );
  });

  it("are Muster's own alone", async () => {
    expect(await read({ "aws:region": "x", "musterly:domain": "y", "muster:domain": "z" })).toMatchObject({
      values: { domain: "z" },
    });
  });

  it("name secrets without their values, also one for a key that is none", async () => {
    const config = { "muster:licence": "hunter2", "muster:domain": "hunter2" };
    const raw = await read(config, ["muster:licence", "muster:domain"]);
    expect(raw).toMatchObject({ values: {}, encrypted: ["licence", "domain"] });
    expect(JSON.stringify(raw)).not.toContain("hunter2");
  });

  it("that are no JSON, or that nobody knows, are left for the parser to refuse", async () => {
    const config = {
      "muster:people": "{accounts",
      "muster:unknown": "[1]",
      "muster:constructor": "x",
      "muster:toString": "y",
    };
    expect((await read(config)).values).toEqual({
      people: "{accounts",
      unknown: [1],
      constructor: "x",
      toString: "y",
    });
  });
});
