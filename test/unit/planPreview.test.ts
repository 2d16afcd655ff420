import fc from "fast-check";
import { types } from "../../policy/graph";
import {
  atRisk,
  changesNothing,
  fateWords,
  type Preview,
  previewDiff,
  readPreview,
} from "../../stacks/plan/diff/preview";
import { previewSections, riskLine } from "../../stacks/plan/diff/words";
import { type PreviewName, previewText } from "../helpers/previews";

function diffOfFile(name: PreviewName) {
  const preview = readPreview(previewText(name));
  if (preview === undefined) throw new Error(`${name} can't be read`);
  return previewDiff(preview);
}
const urn = (type: string, name: string): string =>
  `urn:pulumi:prod::muster::muster:index:Environment$${type}::${name}`;
const step = (op: string, type: string, name: string, more: object = {}) => ({
  op,
  urn: urn(type, name),
  ...more,
});
const diffOfSteps = (...steps: Preview["steps"]) => previewDiff({ steps, diagnostics: [] });
const linesOf = (diff: ReturnType<typeof previewDiff>): Record<string, string[]> =>
  Object.fromEntries(
    previewSections(diff).map(({ title, lines }) => [
      title,
      lines.map(({ mark, text }) => `${mark} ${text}`),
    ]),
  );

describe("what the engine's own preview says", () => {
  it("of a stack where nothing changes", () => {
    const diff = diffOfFile("same");
    expect(changesNothing(diff)).toBe(true);
    expect(riskLine(diff)).toBe("No data at risk in cloud.");
    expect(Object.keys(linesOf(diff))).toEqual(["Machines and data that stay"]);
    expect(changesNothing(diffOfFile("refreshed"))).toBe(true);
  });

  it("of a machine that is made anew, while its disk, address and secrets stay", () => {
    const diff = diffOfFile("generation");
    expect(changesNothing(diff)).toBe(false);
    expect(riskLine(diff)).toBe("No data at risk in cloud.");
    const lines = linesOf(diff);
    expect(lines["Machines"]).toEqual(["! machine machine-main is made anew"]);
    expect(lines["Machines and data that stay"]).toEqual(
      expect.arrayContaining([
        "  disk disk-main stays as it is",
        "  address address-main stays as it is",
        "  generated secret instance stays as it is",
      ]),
    );
  });

  it("of another region, which the engine refuses: the data first", () => {
    const diff = diffOfFile("region");
    expect(diff.failed).toBe(true);
    expect(riskLine(diff)).toBe(
      "DATA AT RISK in cloud: the disk disk-main is replaced by an empty one; the address address-main is replaced by another one. The preview has errors, and may not show all.",
    );
    expect(previewSections(diff)[0]).toMatchObject({ title: "Data at risk", urgent: true });
  });

  it("of a larger machine and disk: both in place", () => {
    const diff = diffOfFile("size");
    expect(atRisk(diff)).toEqual([]);
    expect(linesOf(diff)).toMatchObject({
      Machines: ["! machine machine-main is changed in place"],
      Data: ["! disk disk-main is changed in place"],
    });
  });

  it("of a disk that somebody has deleted", () => {
    const diff = diffOfFile("drift");
    expect(changesNothing(diff)).toBe(false);
    expect(riskLine(diff)).toBe(
      "DATA AT RISK in cloud: the disk disk-main isn't there any more, and is made anew.",
    );
  });

  it.each([
    [types.dropletDisk, "disk"],
    [types.instanceDisk, "disk"],
    [types.dropletAddress, "address"],
    [types.instanceAddress, "address"],
    [types.diskKey, "key of the disk"],
    [types.password, "generated secret"],
    [types.randomId, "generated secret"],
    [types.randomBytes, "generated secret"],
    [types.privateKey, "generated key"],
    ["aws:s3/bucket:Bucket", "bucket"],
    ["aws:s3/bucketV2:BucketV2", "bucket"],
    ["digitalocean:index/spacesBucket:SpacesBucket", "bucket"],
  ])("takes %s for data: deleted, replaced or left behind it is at risk", (type, title) => {
    for (const op of ["delete", "replace", "create-replacement", "delete-replaced"]) {
      const diff = diffOfSteps(step(op, type, "x"));
      expect(riskLine(diff)).toMatch(
        new RegExp(`^DATA AT RISK in prod: the ${title} x is (deleted|replaced)`),
      );
    }
    const left = diffOfSteps(step("delete", type, "x", { oldState: { retainOnDelete: true } }));
    expect(riskLine(left)).toBe(`DATA AT RISK in prod: the ${title} x stays, but is no longer this stack's.`);
    for (const op of ["same", "update", "create"])
      expect(riskLine(diffOfSteps(step(op, type, "x")))).toBe("No data at risk in prod.");
  });

  it("takes a volume for data that the stack keeps or backs up, and no other", () => {
    const throwaway = step("replace", types.volume, "caddy-files");
    const kept = step("replace", types.volume, "postgres-data-18", { oldState: { retainOnDelete: true } });
    const isProtected = step("delete", types.volume, "postgres-data-18", { oldState: { protect: true } });
    expect(riskLine(diffOfSteps(throwaway))).toBe("No data at risk in prod.");
    expect(riskLine(diffOfSteps(throwaway, kept))).toBe(
      "DATA AT RISK in prod: the volume postgres-data-18 is replaced by an empty one.",
    );
    expect(riskLine(diffOfSteps(isProtected))).toBe(
      "DATA AT RISK in prod: the volume postgres-data-18 is deleted, with what is in it.",
    );
    // A stack that protects nothing loses its data all the same.
    const bare = previewDiff(
      { steps: [step("delete", types.volume, "mattermost-data")], diagnostics: [] },
      new Set(["mattermost-data"]),
    );
    expect(riskLine(bare)).toMatch(/^DATA AT RISK in prod: the volume mattermost-data is deleted/);
  });

  it("says what a container's replacement means, and leaves components out", () => {
    const diff = diffOfSteps(
      step("replace", types.container, "caddy", { replaceReasons: ["image"] }),
      step("delete", types.container, "old"),
      step("create", types.container, "new"),
      step("same", types.container, "postgres"),
      step("update", types.droplet, "machine-main"),
      step("create", "muster:platform:Service", "caddy"),
    );
    expect(linesOf(diff)).toEqual({
      Machines: ["! machine machine-main is changed in place"],
      Containers: [
        "! container caddy is made anew: it stops for a short time, for image",
        "- container old is deleted",
        "+ container new is new",
      ],
    });
  });

  it("never loses a resource that goes, whatever else happens to it", () => {
    const ops = fc.constantFrom("same", "update", "create", "refresh", "delete", "replace", "read");
    fc.assert(
      fc.property(fc.array(ops, { minLength: 1, maxLength: 4 }), (all) => {
        const diff = diffOfSteps(...all.map((op) => step(op, types.dropletDisk, "data")));
        const goes = all.includes("delete") || all.includes("replace");
        if (goes) expect(atRisk(diff)).toHaveLength(1);
        for (const one of diff.resources) expect(fateWords(one)).not.toBe("");
      }),
    );
  });

  it("is found among what was printed before and after it, and is nothing else", () => {
    const text = `warning muster:mail: {none}\n${previewText("same")}error: no changes were expected\n`;
    expect(readPreview(text)).toEqual(readPreview(previewText("same")));
    const short = JSON.stringify({ steps: [step("same", types.stack, "muster-prod")] });
    expect(readPreview(short)).toMatchObject({ steps: [{ op: "same" }], diagnostics: [] });
    for (const other of ["", "error: no", "[]", "{}", '{"steps": 1}', '{"steps":[]}', "{", "{}x{}"])
      expect(readPreview(other)).toBeUndefined();
  });

  it("leaves the values of resources where they are", () => {
    const secret = { ...step("update", types.droplet, "x"), newState: { inputs: { userData: "secret" } } };
    const text = JSON.stringify({ config: { "muster:key": "secret" }, steps: [secret] });
    expect(JSON.stringify(readPreview(text))).not.toContain("secret");
  });
});
