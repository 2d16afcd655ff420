import { setTimeout as pause } from "node:timers/promises";
import { enginesOf } from "../../cli/doctorPatient";
import { doctorText } from "../../cli/doctorText";
import { UserError } from "../../cli/errors";
import { type Check, type Result, runChecks, type Seen } from "../../doctor/check";
import { ProbeError } from "../../probe/error";
import { NoMedia } from "../../probe/media/failure";
import { reportOf, reportSchema } from "../../doctor/report";
import { stripVTControlCharacters } from "node:util";

const check = (id: string, run: () => Seen | Promise<Seen>, needs?: readonly string[]): Check => ({
  id,
  group: "sites",
  title: `title of ${id}`,
  means: `means of ${id}`,
  fix: `fix of ${id}`,
  ...(needs === undefined ? {} : { needs }),
  run: async () => run(),
});
const well = (): Seen => ({ ok: true, saw: "all" });
const unwell = (): Seen => ({ ok: false, saw: "nothing" });
const outcomes = (results: readonly Result[]): string[] =>
  results.map(({ id, outcome }) => `${id} ${outcome}`);

describe("running checks", () => {
  it("keeps their order, whatever ends first", async () => {
    const slow = check("slow", async () => {
      await pause(30);
      return well();
    });
    const told: string[] = [];
    const results = await runChecks([slow, check("fast", well)], { onResult: ({ id }) => told.push(id) });
    expect(outcomes(results)).toEqual(["slow ok", "fast ok"]);
    expect(told).toEqual(["fast", "slow"]);
  });

  it("tells a fault's meaning and mending, the check's own where the fault has none", async () => {
    const [own, special, warning] = await runChecks([
      check("own", unwell),
      check("special", () => ({ ok: false, saw: "x", means: "another", fix: "otherwise" })),
      check("warning", () => ({ ok: false, severity: "warning", saw: "y" })),
    ]);
    expect(own).toMatchObject({ outcome: "error", saw: "nothing", means: "means of own", fix: "fix of own" });
    expect(special).toMatchObject({ outcome: "error", means: "another", fix: "otherwise" });
    expect(warning).toMatchObject({ outcome: "warning", means: "means of warning" });
  });

  it("looks for causes first, and doesn't count their consequences", async () => {
    let asked = 0;
    const counted = (): Seen => {
      asked++;
      return well();
    };
    const results = await runChecks([
      check("page", counted, ["certificate"]),
      check("certificate", counted, ["container"]),
      check("container", unwell),
      check("other", counted, ["container.of.another.stack"]),
      check("after-warning", counted, ["warns"]),
      check("warns", () => ({ ok: false, severity: "warning", saw: "z" })),
    ]);
    expect(outcomes(results)).toEqual([
      "page unchecked",
      "certificate unchecked",
      "container error",
      "other ok",
      "after-warning ok",
      "warns warning",
    ]);
    expect(results[1]?.saw).toBe("because of: title of container");
    expect(asked).toBe(2);
  });

  it("goes on asking from outside where nobody can look inside", async () => {
    const results = await runChecks([
      check("engine", unwell),
      { ...check("container", well), through: ["engine"] },
      { ...check("image", well), through: ["container"] },
      check("page", well, ["container"]),
    ]);
    expect(outcomes(results)).toEqual(["engine error", "container unchecked", "image unchecked", "page ok"]);
  });

  it("begins a check's time once those are over that it mustn't disturb, and takes none of them for a cause", async () => {
    let alone = true;
    const slow = (): Promise<Seen> => {
      const seen = alone ? unwell() : { ok: false, saw: "not alone" };
      alone = false;
      return pause(60).then(() => {
        alone = true;
        return seen;
      });
    };
    const results = await runChecks(
      [
        { ...check("third", slow), after: ["first", "second"] },
        { ...check("second", slow), after: ["first"] },
        check("first", slow),
        { ...check("other", well), after: ["of.another.stack"] },
      ],
      { limitSeconds: 0.1 },
    );
    expect(results.map(({ id, outcome, saw }) => [id, outcome, saw])).toEqual([
      ["third", "error", "nothing"],
      ["second", "error", "nothing"],
      ["first", "error", "nothing"],
      ["other", "ok", "all"],
    ]);
  });

  it("runs each once, however many need it", async () => {
    let runs = 0;
    const cause = check("cause", () => {
      runs++;
      return well();
    });
    await runChecks([check("a", well, ["cause"]), check("b", well, ["cause"]), cause]);
    expect(runs).toBe(1);
  });

  it("takes what is thrown, and what doesn't end, for a fault", async () => {
    const results = await runChecks(
      [
        check("throws", () => {
          throw new Error("no route\n  to host");
        }),
        check("hangs", () => new Promise(() => undefined)),
      ],
      { limitSeconds: 0.05 },
    );
    expect(outcomes(results)).toEqual(["throws error", "hangs error"]);
    expect(results.map(({ saw }) => saw)).toEqual(["no route", "no end after 0.05 s"]);
  });
});

describe("what a probe throws", () => {
  const problem = { what: "The call can't be joined: full", where: "x", fix: "make room" };
  it("tells what to do; where nothing comes through, the check knows the door", async () => {
    const [known, closed] = await runChecks([
      check("known", () => Promise.reject(new ProbeError(problem))),
      check("closed", () => Promise.reject(new NoMedia({ ...problem, what: "No media connection" }))),
    ]);
    expect(known).toMatchObject({ outcome: "error", saw: problem.what, fix: "make room" });
    expect(closed).toMatchObject({ outcome: "error", saw: "No media connection", fix: "fix of closed" });
  });
});

describe("the time that a person waits", () => {
  it("ends all checks; what had no time left isn't taken for a fault", async () => {
    const never = (): Promise<Seen> => new Promise(() => undefined);
    let asked = false;
    const began = performance.now();
    const results = await runChecks(
      [
        check("fast", well),
        check("hangs", never),
        check("begins late", () => pause(150).then(never)),
        {
          ...check("comes too late", () => {
            asked = true;
            return well();
          }),
          after: ["begins late"],
        },
      ],
      { limitSeconds: 5, allSeconds: 0.2 },
    );
    expect(performance.now() - began).toBeLessThan(2000);
    expect(outcomes(results)).toEqual([
      "fast ok",
      "hangs unchecked",
      "begins late unchecked",
      "comes too late unchecked",
    ]);
    expect(results.at(-1)?.saw).toContain("no time left");
    expect(asked).toBe(false);
  });

  it("leaves each check its own limit", async () => {
    const [hangs] = await runChecks([check("hangs", () => new Promise(() => undefined))], {
      limitSeconds: 0.05,
      allSeconds: 5,
    });
    expect(hangs).toMatchObject({ outcome: "error", saw: "no end after 0.05 s" });
  });

  it("isn't spent on one machine after the other: all that don't answer are waited for at once", async () => {
    let waiting = 0;
    let most = 0;
    const blackHole = async (host: string): Promise<undefined> => {
      most = Math.max(most, ++waiting);
      await pause(50);
      waiting--;
      throw new UserError(`${host} doesn't answer\n  fix: look at it`);
    };
    const { engines, unreachable } = await enginesOf([{ name: "main" }, { name: "media" }], blackHole);
    expect(most).toBe(2);
    expect(engines.size).toBe(0);
    expect([...unreachable]).toEqual([
      ["main", "main doesn't answer"],
      ["media", "media doesn't answer"],
    ]);
  });
});

describe("the report", () => {
  const all = [
    check("good", well),
    check("bad", unwell),
    check("warned", () => ({ ok: false, severity: "warning", saw: "half" })),
    check("unasked", () => ({ ok: "unchecked", saw: "no session", fix: "give a token" })),
  ];
  const report = async (checks: readonly Check[]) =>
    reportOf("local", "running", await runChecks(checks), { at: new Date(0), seconds: 1.25 });

  it("is as its schema says, and ok where no error is", async () => {
    expect(reportSchema.parse(JSON.parse(JSON.stringify(await report(all))))).toMatchObject({ ok: false });
    expect((await report(all.filter(({ id }) => id !== "bad"))).ok).toBe(true);
  });

  it("shows each fault with what it means and what to do, and of the rest how much it is", async () => {
    const text = stripVTControlCharacters(doctorText(await report(all), false));
    expect(text).toContain("Sites  1 of 4 well");
    expect(text).toContain(
      "  ✗ title of bad\n      saw:   nothing\n      means: means of bad\n      fix:   fix of bad\n",
    );
    expect(text).toContain("  ? title of unasked\n      saw:   no session\n      fix:   give a token\n");
    expect(text).not.toContain("title of good");
    expect(text.split("\n").at(-1)).toBe("local: 1 well, 1 to look at, 1 wrong, 1 not checked, in 1.3 s");
    expect(stripVTControlCharacters(doctorText(await report(all), true))).toContain("  ✓ title of good  all");
  });
});
