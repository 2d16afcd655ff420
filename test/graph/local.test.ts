import { expectedOf } from "../../policy/expected";
import { unknown, leaves } from "../../policy/graph";
import { violations } from "../../policy/rules";
import { type ProgramRun, runProgram } from "../helpers/engine";
import { leakedSecrets, toGolden } from "../helpers/golden";
import { asPreviewed, expectGolden, readableJson } from "../helpers/goldenFile";
import { known } from "../helpers/hosts";
import { engineConfig, projectDir, stackConfig, stackTopology } from "../helpers/stacks";

// A run takes two seconds, but the machine may be busy.
jest.setTimeout(60_000);

/** The whole real program, as `pulumi up` and `pulumi preview` run it. */
const run = (dryRun: boolean): Promise<ProgramRun> =>
  runProgram({
    projectDir,
    project: "muster",
    stack: "local",
    ...engineConfig(stackConfig("local")),
    known,
    dryRun,
  });

describe("the graph of the stack local", () => {
  let update: ProgramRun;
  let preview: ProgramRun;
  beforeAll(async () => {
    [update, preview] = await Promise.all([run(false), run(true)]);
  });

  it("comes from a program that ends well", () => {
    expect(update).toMatchObject({ exitCode: 0, errors: [], timedOut: false });
    expect(preview).toMatchObject({ exitCode: 0, errors: [], timedOut: false });
  });

  it("is the one in its golden file (npm run goldens rewrites it)", () => {
    expectGolden("local.json", readableJson(toGolden(update.resources)));
  });

  it("is the same in a preview, but for values that only an update can know", () => {
    const [previewed, updated] = [toGolden(preview.resources), toGolden(update.resources)];
    expect(previewed).toEqual(asPreviewed(updated, previewed));
    const open = leaves(previewed).filter(({ leaf }) => leaf === unknown);
    expect(open.map(({ path }) => path).filter((path) => !/inputs\.labels\[\d\]\.value$/.test(path))).toEqual(
      [],
    );
  });

  it("breaks no rule, in a preview or in an update", () => {
    const expected = expectedOf(stackTopology("local"));
    expect(violations({ resources: update.resources, expected })).toEqual([]);
    expect(violations({ resources: preview.resources, expected })).toEqual([]);
  });

  it("shows no secret in the clear", () => {
    expect(leakedSecrets(update.resources)).toEqual([]);
    expect(JSON.stringify(toGolden(update.resources))).not.toContain("[leaked secret]");
  });

  it("binds the same hooks in a preview, so that a plain pulumi up backs up and shows logs as well", () => {
    const hooks = [
      { name: "back-up-before-image", kind: "resource", onDryRun: false },
      { name: "back-up-before-start", kind: "resource", onDryRun: false },
      { name: "show-last-log-lines", kind: "error", onDryRun: false },
    ];
    expect(update.hooks).toEqual(hooks);
    expect(preview.hooks).toEqual(hooks);
  });
});
