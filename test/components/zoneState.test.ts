import * as pulumi from "@pulumi/pulumi";
import { idsInState } from "../../components/edge/state";

describe("what a stack's state knows of Cloudflare", () => {
  const asked: pulumi.runtime.MockCallArgs[] = [];
  const answer = async (outputs: unknown): Promise<string[]> => {
    await pulumi.runtime.setMocks({
      newResource: ({ inputs }) => ({ id: "id", state: inputs as Record<string, unknown> }),
      call: (args) => {
        asked.push(args);
        return { name: "prod", outputs };
      },
    });
    return [...(await idsInState("prod"))];
  };

  it("is what is there by its id, and nothing of other clouds", async () => {
    const record = { type: "cloudflare:index/dnsRecord:DnsRecord", outputs: { id: "1", name: "a" } };
    const ids = await answer({
      "urn:a": record,
      // A provider has no id of Cloudflare's, and neither has what is only about to be made.
      "urn:b": { type: "cloudflare:index/dnsRecord:DnsRecord", outputs: {} },
      "urn:c": { type: "digitalocean:index/droplet:Droplet", outputs: { id: "2" } },
      "urn:d": { type: "cloudflare:index/ruleset:Ruleset", outputs: { id: "3" } },
    });
    expect(ids).toEqual(["1", "3"]);
    expect(asked.at(-1)).toMatchObject({
      token: "pulumi:pulumi:readStackResourceOutputs",
      inputs: { stackName: "prod" },
    });
  });

  it("is nothing before the first up", async () => {
    expect(await answer({})).toEqual([]);
  });
});
