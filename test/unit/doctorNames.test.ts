import { checksOf } from "../../doctor";
import { runChecks } from "../../doctor/check";
import {
  type Destination,
  destinationOf,
  isThisMachine,
  nameVerdict,
  siteDestination,
  siteTrust,
} from "../../doctor/names";
import type { Patient } from "../../doctor/patient";
import { hosts, remoteTopology } from "../helpers/hosts";
import { stackTopology } from "../helpers/stacks";

const machine = "203.0.113.10";
const open: Destination = { address: machine, here: false, proxied: false };
const outcome = (found: readonly string[], change: Partial<Destination>): string => {
  const seen = nameVerdict(found, { ...open, ...change });
  return `${seen.ok ? "ok" : "error"}${"apart" in seen ? ", apart" : ""}`;
};

describe("a name", () => {
  const inside = { privateAddress: "10.0.0.5" };
  it.each([
    [[machine], {}, "ok"],
    [["203.0.113.2"], {}, "error, apart"],
    [[machine, "203.0.113.2"], {}, "error, apart"],
    [[machine, "2001:db8::2"], {}, "error, apart"],
    // Nothing else can be asked.
    [[], {}, "error"],
    [[machine], { address: undefined }, "error"],
    // From within, names may lead to the machine by another way.
    [["10.0.0.5"], inside, "ok"],
    [["10.0.0.5"], {}, "error, apart"],
    [["127.0.1.1"], { here: true }, "ok"],
    [["::1", "127.0.0.1"], { here: true }, "ok"],
    [["127.0.0.1"], {}, "error, apart"],
    [["64:ff9b::cb00:710a"], {}, "ok"],
    [[machine, "64:ff9b::cb00:710a"], {}, "ok"],
    [["64:ff9b::cb00:7102"], {}, "error, apart"],
    [["104.16.1.1", "172.64.3.4", "2606:4700::1"], { proxied: true }, "ok"],
    [[machine], { proxied: true }, "error"],
    [["104.16.1.1", machine], { proxied: true }, "error"],
    [["127.0.0.1"], { proxied: true, here: true }, "ok"],
  ])("of %j, where the machine is at %j: %s", (found, change, expected) => {
    expect(outcome(found, change)).toBe(expected);
  });

  it("that leads elsewhere is mended record by record", () => {
    const fix = (...found: string[]): unknown => nameVerdict(found, open);
    expect(fix("203.0.113.2")).toMatchObject({ fix: `let its A record say ${machine} alone` });
    expect(fix(machine, "2001:db8::2")).toMatchObject({ fix: "remove its AAAA record 2001:db8::2" });
    expect(fix("2001:db8::2")).toMatchObject({
      fix: `let its A record say ${machine} alone; remove its AAAA record 2001:db8::2`,
    });
    expect(nameVerdict(["64:ff9b::cb00:7102"], open)).toMatchObject({ saw: "203.0.113.2" });
  });
});

describe("where names should lead", () => {
  const patient = (change: Record<string, unknown> = {}, addressOf = (): string => machine) => ({
    topology: remoteTopology("existing", { edge: { provider: "none" }, ...change }),
    addressOf,
    trust: { ca: "root" },
  });
  const { host } = hosts.existing;

  it("is the host, at its own address too, and at loopback on the machine itself", () => {
    const translated = { host: { ...host, privateAddress: "10.0.0.5" } };
    expect(destinationOf(patient(translated), "main")).toEqual({ ...open, privateAddress: "10.0.0.5" });
    expect(
      destinationOf(
        patient({}, () => "127.0.0.1"),
        "main",
      ),
    ).toMatchObject({ here: true });
    const own = { host: { ...host, privateAddress: "127.0.0.1" } };
    expect(destinationOf(patient(own), "main")).toMatchObject({ here: true });
    expect(siteDestination(patient(), "chat")).toEqual(open);
    const proxied = { topology: remoteTopology("existing"), addressOf: () => machine };
    expect(siteDestination(proxied, "chat")).toMatchObject({ proxied: true });
    expect(isThisMachine("127.0.0.1")).toBe(true);
    expect(isThisMachine(machine)).toBe(false);
  });

  it("is where a site is asked whose name leads elsewhere, so that the rest is found too", async () => {
    const trust = (...found: string[]) => siteTrust(patient(), "chat", () => Promise.resolve(found));
    expect(await trust("203.0.113.2")).toEqual({ ca: "root", address: machine });
    expect(await trust(machine)).toEqual({ ca: "root" });
    const none = siteTrust(patient(), "chat", () => Promise.reject(new Error("ENOTFOUND")));
    expect(await none).toEqual({ ca: "root" });
    const local = { topology: stackTopology("local"), addressOf: () => machine, trust: { ca: "x" } };
    expect(await siteTrust(local, "chat", () => Promise.resolve(["203.0.113.2"]))).toEqual({ ca: "x" });
  });

  it("doesn't keep others from being asked, unless there is no name at all", async () => {
    const well = { ok: true, saw: "" } as const;
    const base = { group: "sites", title: "t", means: "m", fix: "f" } as const;
    const found = async (...addresses: string[]): Promise<string[]> => {
      const name = { ...base, id: "name", run: () => Promise.resolve(nameVerdict(addresses, open)) };
      const page = { ...base, id: "page", needs: ["name"], run: () => Promise.resolve(well) };
      return (await runChecks([name, page])).map((result) => result.outcome);
    };
    expect(await found("203.0.113.2")).toEqual(["error", "ok"]);
    expect(await found()).toEqual(["error", "unchecked"]);
  });
});

describe("the relay's name", () => {
  const patient = (turn: string): Patient => ({
    topology: remoteTopology("existing", { turn }),
    engines: new Map(),
    unreachable: new Map(),
    trust: {},
    addressOf: () => machine,
    secret: () => Promise.reject(new Error("nobody asks")),
    session: () => Promise.reject(new Error("nobody asks")),
    leave: () => Promise.resolve(),
  });
  it("is looked up where clients ask by it: over TLS", () => {
    const checks = checksOf(patient("tls"));
    const { title, fix } = checks.find(({ id }) => id === "relay.name") ?? {};
    expect(title).toMatch(/^DNS of media\./);
    expect(fix).toContain(`let its A record say ${machine}`);
    for (const id of ["relay.certificate", "relay.turn-tls"])
      expect(checks.find((check) => check.id === id)?.needs).toContain("relay.name");
    expect(checksOf(patient("on")).map(({ id }) => id)).not.toContain("relay.name");
  });
});
