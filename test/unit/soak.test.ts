/** The parts of a soak that need no engine: its order, its judgement, its report. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Activity, repeat } from "../soak/activity";
import { apartCommand } from "../soak/apart";
import { faultsFor } from "../soak/faults";
import { type Backup, Ground } from "../soak/ground";
import { entriesIn, type Entry, keptOf, Ledger } from "../soak/ledger";
import { commandOf, readOptions } from "../soak/options";
import { chosenBy, orderOf, randomOf, type Turn } from "../soak/order";
import { reportOf } from "../soak/report";
import { problemsOf, type Results } from "../soak/results";
import { courseOf, diskAllowedMiB, diskProblems, median, memoryProblems } from "../soak/samples";
import { imagesOfSoak } from "../soak/site";

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const first = <T>(count: number, seed: number, faults: readonly T[]): Turn<T>[] => {
  const order = orderOf(seed, faults);
  return Array.from({ length: count }, () => order.next().value);
};

describe("what a soak is asked for", () => {
  it("is ten minutes of eight people and always the same order, unless something else is said", () => {
    expect(readOptions([])).toEqual({ minutes: 10, seed: 1, people: 8 });
    expect(readOptions(["--minutes", "120", "--seed", "0", "--people", "20"])).toEqual({
      minutes: 120,
      seed: 0,
      people: 20,
    });
  });

  it.each([
    [["--minutes", "0"], "from 1 to 1440"],
    [["--minutes", "1441"], "from 1 to 1440"],
    [["--minutes", "ten"], "from 1 to 1440"],
    [["--seed", "-1"], "from 0 to 4294967295"],
    [["--people", "4"], "from 5 to 20"],
    [["--people", "21"], "from 5 to 20"],
    [["--peple", "8"], "unknown option"],
    [["5"], "too many arguments"],
  ])("refuses %j", (args, why) => {
    expect(() => readOptions(args, true)).toThrow(why);
  });

  it("can be asked for again", () => {
    const options = { minutes: 3, seed: 77, people: 6 };
    const [, args = ""] = commandOf(options).split(" -- ");
    expect(readOptions(args.split(" "))).toEqual(options);
  });
});

describe("the order of faults", () => {
  const faults = ["a", "b", "c", "d", "e"];

  it("follows from the seed alone", () => {
    fc.assert(fc.property(seeds, (seed) => expect(first(12, seed, faults)).toEqual(first(12, seed, faults))));
    const orders = new Set(
      Array.from({ length: 50 }, (_, seed) =>
        first(5, seed, faults)
          .map(({ fault }) => fault)
          .join(""),
      ),
    );
    expect(orders.size).toBeGreaterThan(25);
  });

  it("gives each fault its turn in each round", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const turns = first(15, seed, faults);
        for (const round of [1, 2, 3])
          expect(
            turns
              .filter((turn) => turn.round === round)
              .map(({ fault }) => fault)
              .sort(),
          ).toEqual(faults);
      }),
    );
  });

  it("leaves a calm between two, and draws for each anew", () => {
    const turns = first(200, 1, faults);
    for (const { calmSeconds } of turns) {
      expect(calmSeconds).toBeGreaterThanOrEqual(2);
      expect(calmSeconds).toBeLessThan(8);
    }
    expect(new Set(turns.map(({ draw }) => draw)).size).toBe(200);
  });

  it("is as random as it should be", () => {
    const random = randomOf(1);
    const drawn = Array.from({ length: 10_000 }, random);
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = drawn.filter((value) => Math.floor(value * 10) === tenth).length;
      expect(share).toBeGreaterThan(850);
      expect(share).toBeLessThan(1150);
    }
    // The first numbers of mulberry32 for this seed.
    const again = randomOf(1);
    expect([again(), again()].map((value) => value.toFixed(6))).toEqual(["0.627074", "0.002736"]);
  });

  it("chooses any of several by a draw", () => {
    expect([0, 0.34, 0.99].map((draw) => chosenBy(draw, ["x", "y", "z"]))).toEqual(["x", "y", "z"]);
  });
});

describe("the faults", () => {
  const services = imagesOfSoak().services.map(({ name }) => name);
  const faults = faultsFor(services);

  it("kill each service of the whole local stack, and have names of their own", () => {
    const names = faults.map(({ name }) => name);
    expect(services).toEqual(expect.arrayContaining(["mattermost", "postgres", "jitsi-jvb", "coturn"]));
    expect(names).toEqual(expect.arrayContaining(services.map((service) => `${service} is killed`)));
    expect(new Set(names).size).toBe(names.length);
  });

  it("are those that the issue names", () => {
    const names = faults.map(({ name }) => name).join("\n");
    for (const fault of ["Engine is restarted", "disk is full", "database is stopped", "up is killed"])
      expect(names).toContain(fault);
    expect(names).toContain("backup runs");
  });

  it("say within which time all is back, and what people notice", () => {
    for (const { backWithinSeconds, notice } of faults) {
      expect(backWithinSeconds).toBeGreaterThan(0);
      expect(notice).not.toBe("");
    }
  });
});

describe("what is acknowledged", () => {
  const entry = (id: string, at: number, kind: Entry["kind"] = "message"): Entry => ({
    kind,
    id,
    sum: `sum-${id}`,
    at,
  });
  const there = (...ids: string[]) => new Map(ids.map((id) => [id, `sum-${id}`]));

  it("is remembered in a file", () => {
    const folder = mkdtempSync(join(tmpdir(), "soak-ledger-"));
    try {
      const ledger = new Ledger(join(folder, "ledger"));
      expect(ledger.entries()).toEqual([]);
      ledger.add(entry("a", 1));
      ledger.add(entry("b", 2, "file"));
      expect(ledger.entries()).toEqual([entry("a", 1), entry("b", 2, "file")]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("is lost where it isn't there, and changed where it is there otherwise", () => {
    const entries = [entry("a", 1), entry("b", 2), entry("c", 3), entry("f", 3, "file")];
    const found = {
      message: new Map([...there("a"), ["c", "another"], ["d", "of somebody else"]]),
      file: there("f"),
    };
    expect(keptOf("message", entries, found)).toEqual({ acknowledged: 3, lost: ["b"], changed: ["c"] });
    expect(keptOf("file", entries, found)).toEqual({ acknowledged: 1, lost: [], changed: [] });
  });

  it("counts for a backup if it came before", () => {
    const entries = [entry("a", 1), entry("b", 5), entry("c", 6)];
    expect(keptOf("message", entries, { message: there("a"), file: there() }, 5)).toEqual({
      acknowledged: 1,
      lost: [],
      changed: [],
    });
    expect(keptOf("message", entries, { message: there("a"), file: there() }, 6).lost).toEqual(["b"]);
  });

  it("is read back as it was written", () => {
    expect(entriesIn("message a 00ff 17\n\n")).toEqual([{ kind: "message", id: "a", sum: "00ff", at: 17 }]);
  });
});

describe("what people do", () => {
  const failing = new Error("502");

  it("is counted, and goes on after a failure until the shift is over", async () => {
    const activity = new Activity("calls");
    const shift = { over: false };
    let turns = 0;
    await repeat(
      shift,
      activity,
      () => 0,
      () => {
        turns += 1;
        shift.over = turns === 3;
        if (turns === 2) return Promise.reject(failing);
        activity.worked();
        return Promise.resolve();
      },
    );
    expect(activity.count()).toEqual({ name: "calls", done: 2, refused: 1 });
    expect(activity.lastRefusal).toBe("502");
  });

  /** A stack that comes right after so many looks; one thing that people do. */
  const groundOf = (looks: number, activity: Activity): Ground => {
    let looked = 0;
    const stack = { unwell: () => Promise.resolve((looked += 1) > looks ? [] : ["caddy"]) };
    return new Ground({ stack } as never, {} as never, { activities: [activity] } as never);
  };

  it("is back once it has worked since, and all containers are healthy", async () => {
    const activity = new Activity("calls");
    const before = Date.now() - 1000;
    const ground = groundOf(1, activity);
    expect(await ground.away(before)).toEqual(["caddy isn't healthy", "no calls ()"]);
    activity.failed(failing);
    expect(await ground.away(before)).toEqual(["no calls (502)"]);
    activity.worked();
    expect(await ground.away(before)).toEqual([]);
    expect(await ground.away(Date.now() + 1000)).toEqual(["no calls (502)"]);
  });

  it("is waited for, and no longer than is said", async () => {
    const activity = new Activity("calls");
    activity.worked();
    const since = Date.now() - 1000;
    expect(await groundOf(1, activity).back(since, 60)).toEqual([]);
    expect(await groundOf(Infinity, activity).back(since, 0.5)).toEqual(["caddy isn't healthy"]);
  });

  it("remembers a backup by what the stack has written down of it", async () => {
    const asked: string[][] = [];
    const stack = { name: "soak", must: (args: string[]) => Promise.resolve(asked.push(args)) };
    const runIn = () => Promise.resolve("state\tgood\nat\t1763810050\nsnapshot\tabc123\nbegan\t1763810000\n");
    const ground = new Ground({ stack, runIn } as never, {} as never, {} as never);
    await ground.backUp();
    expect(asked).toEqual([["backup", "soak"]]);
    expect(ground.backups).toEqual<Backup[]>([{ snapshot: "abc123", at: 1_763_810_000_000 }]);
  });

  it("is looked for in the database and on the disk", async () => {
    const runIn = (service: string, command: readonly string[]) => {
      if (service === "backup") return Promise.resolve("5a5a  ./20260101/x y.txt\n7b7b  ./other\n");
      return Promise.resolve(
        command.join(" ").includes("posts") ? "p1 0011\np2 0022\n" : "f1 20260101/x y.txt\nf2 gone.txt\n",
      );
    };
    const ground = new Ground({ runIn } as never, {} as never, {} as never);
    expect(await ground.found()).toEqual({
      message: new Map([
        ["p1", "0011"],
        ["p2", "0022"],
      ]),
      file: new Map([["f1", "5a5a"]]),
    });
  });
});

describe("memory and disk", () => {
  const samples = (values: readonly number[], every = 10) =>
    values.map((value, index) => ({ atSeconds: index * every, value }));

  it("are compared by the medians of the first and the last third after the warm-up", () => {
    expect(courseOf(samples([900, 1, 2, 3, 4, 5, 50, 7, 8, 9]), 10)).toEqual({
      first: 2,
      last: 8,
      peak: 900,
    });
    expect(courseOf(samples([1, 2, 3, 4]), 20)).toBeUndefined();
    expect(courseOf(samples([9, 9, 9, 9, 9, 9, 1, 2, 3]))).toEqual({ first: 1, last: 3, peak: 9 });
  });

  it("have a median as usual", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it("may grow a little, by the service's limit, and no more", () => {
    expect(memoryProblems("x", { first: 100, last: 160, peak: 400 }, 400)).toEqual([]);
    expect(memoryProblems("x", { first: 100, last: 161, peak: 400 }, 400)).toEqual([
      "memory of x grew by 61 MiB, from 100 MiB; allowed: 60 MiB",
    ]);
    // Of 64 MiB, 15 % are less than a program's own ups and downs.
    expect(memoryProblems("x", { first: 10, last: 26, peak: 26 }, 64)).toEqual([]);
    expect(memoryProblems("x", { first: 10, last: 27, peak: 27 }, 64)).toHaveLength(1);
  });

  it("may not come near the limit", () => {
    expect(memoryProblems("x", { first: 90, last: 90, peak: 99 }, 100)).toEqual([]);
    expect(memoryProblems("x", { first: 91, last: 91, peak: 99 }, 100)).toEqual([
      "memory of x is 91 MiB of its 100 MiB; allowed: 90 %",
    ]);
  });

  it("may grow by what people have written, twice", () => {
    const disk = { firstMiB: 100, lastMiB: 100, peakMiB: 1000, planMiB: 1000, filesMiB: 50, messages: 1024 };
    const allowed = diskAllowedMiB(disk);
    expect(allowed).toBe(100 + 8 + 384);
    expect(diskProblems({ ...disk, lastMiB: 100 + allowed })).toEqual([]);
    expect(diskProblems({ ...disk, lastMiB: 101 + allowed })).toEqual([
      "the disk grew by 493 MiB for 1024 messages and 50 MiB of files; allowed: 492 MiB",
    ]);
    expect(diskProblems({ ...disk, peakMiB: 1001 })).toEqual([
      "the disk held 1001 MiB; the plan has 1000 MiB",
    ]);
    expect(diskProblems({ ...disk, firstMiB: NaN, lastMiB: NaN })).toEqual(["the disk: no sample"]);
  });
});

describe("a soak's judgement", () => {
  const well: Results = {
    options: { minutes: 10, seed: 5, people: 8 },
    faults: [{ name: "caddy is killed", backWithinSeconds: 60, notice: "chat is offline" }],
    occurrences: [
      { fault: "caddy is killed", seconds: 12 },
      { fault: "caddy is killed", seconds: 60 },
    ],
    activities: [{ name: "messages", done: 1000, refused: 30 }],
    kept: [{ what: "messages in the stack", kept: { acknowledged: 1000, lost: [], changed: [] } }],
    memory: [{ service: "caddy", limitMiB: 128, course: { first: 20, last: 21, peak: 30 }, outOfMemory: 0 }],
    disk: { firstMiB: 200, lastMiB: 300, peakMiB: 320, planMiB: 17 * 1024, filesMiB: 12, messages: 1000 },
    further: [],
  };

  it("has nothing to say where all is held", () => {
    expect(problemsOf(well)).toEqual([]);
    expect(reportOf(well)).toMatch(/All is held\.$/);
  });

  it.each<[string, Partial<Results>, string]>([
    [
      "a fault that took longer than is stated",
      { occurrences: [{ fault: "caddy is killed", seconds: 61 }] },
      "caddy is killed: all was back after 61 s; stated: 60 s",
    ],
    [
      "a fault that was never over",
      { occurrences: [{ fault: "caddy is killed", failure: "never back: caddy isn't healthy" }] },
      "caddy is killed: never back: caddy isn't healthy",
    ],
    ["a fault that wasn't produced", { occurrences: [] }, "never produced: caddy is killed"],
    [
      "people who could never do a thing",
      { activities: [{ name: "calls", done: 0, refused: 9 }] },
      "never worked: calls",
    ],
    [
      "something lost",
      { kept: [{ what: "files", kept: { acknowledged: 3, lost: ["x", "y"], changed: [] } }] },
      "files: 2 of 3 are lost, such as x, y",
    ],
    [
      "something changed",
      { kept: [{ what: "files", kept: { acknowledged: 3, lost: [], changed: ["x"] } }] },
      "files: 1 of 3 aren't as they were written: x",
    ],
    [
      "nothing to lose",
      { kept: [{ what: "files", kept: { acknowledged: 0, lost: [], changed: [] } }] },
      "files: none was acknowledged",
    ],
    [
      "memory that grows",
      {
        memory: [
          { service: "caddy", limitMiB: 128, course: { first: 20, last: 60, peak: 60 }, outOfMemory: 0 },
        ],
      },
      "memory of caddy grew by 40 MiB, from 20 MiB; allowed: 19 MiB",
    ],
    [
      "a service that ran out of memory",
      {
        memory: [
          { service: "caddy", limitMiB: 128, course: { first: 20, last: 20, peak: 128 }, outOfMemory: 2 },
        ],
      },
      "caddy ran out of memory 2 times",
    ],
    [
      "memory that nobody saw",
      { memory: [{ service: "caddy", limitMiB: 128, outOfMemory: 0 }] },
      "memory of caddy: too few samples to tell",
    ],
    ["a disk that grows", { disk: { ...well.disk, lastMiB: 900 } }, "the disk grew by 700 MiB"],
    ["anything else", { further: ["drill soak failed"] }, "drill soak failed"],
  ])("says %s", (_, change, problem) => {
    const problems = problemsOf({ ...well, ...change });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
    const report = reportOf({ ...well, ...change });
    expect(report).toContain("NOT HELD, 1:");
    expect(report).toContain(problem);
  });

  it("names the fault that wasn't over, and not those that it kept from coming", () => {
    const other = { name: "the disk is full", backWithinSeconds: 9, notice: "nothing" };
    const faults = [...well.faults, other];
    const failed = { fault: other.name, failure: "never back" };
    expect(problemsOf({ ...well, faults, occurrences: [failed] })).toEqual(["the disk is full: never back"]);
    expect(problemsOf({ ...well, faults })).toEqual(["never produced: the disk is full"]);
  });

  it("is told with its figures, and how to have them again", () => {
    const report = reportOf(well);
    const rows = report.split("\n").map((line) => line.trim().split(/ {2,}/));
    expect(rows).toContainEqual(["caddy is killed", "2", "60 s", "60 s", "chat is offline"]);
    expect(rows).toContainEqual(["messages", "1000", "30"]);
    expect(rows).toContainEqual(["messages in the stack", "1000", "0", "0"]);
    expect(rows).toContainEqual(["caddy", "20", "21", "30", "128", "0"]);
    expect(rows).toContainEqual(["200", "300", "320", "416", "17408"]);
    expect(report).toContain(`Again: ${commandOf(well.options)}`);
  });
});

describe("what runs apart", () => {
  it("has mounts, network and processes of its own, which end with it", () => {
    const command = apartCommand(["node", "x.ts"]);
    expect(command.slice(0, 4)).toEqual(["setpriv", "--pdeathsig", "KILL", "unshare"]);
    for (const flag of ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"])
      expect(command).toContain(flag);
    expect(command.slice(-2)).toEqual(["node", "x.ts"]);
  });
});
