import { type BackupFacts, dueVerdict } from "../../doctor/backups";
import { imageVerdict, memoryVerdict as containerMemory, runningVerdict } from "../../doctor/containers";
import { closedPorts, publishedVerdict } from "../../doctor/doors";
import { clockVerdict, diskVerdict, memoryVerdict } from "../../doctor/machine";
import { strangerVerdict } from "../../doctor/meetings";
import { certificateVerdict, serverVerdict } from "../../doctor/sites";
import type { Seen } from "../../doctor/check";
import { remoteTopology } from "../helpers/hosts";
import { stackTopology } from "../helpers/stacks";

const outcome = (seen: Seen): string =>
  seen.ok === true ? "ok" : seen.ok === "unchecked" ? "unchecked" : (seen.severity ?? "error");

describe("a certificate", () => {
  const days = (count: number): Date => new Date(Date.UTC(2026, 0, 1 + count));
  const served = {
    ok: true,
    serial: "1",
    names: [],
    from: days(0),
    until: days(90),
    protocol: "TLSv1.3",
  } as const;
  it.each([
    [1, "ok"],
    [66, "ok"],
    [69, "warning"],
    [80, "warning"],
    [82, "error"],
    [91, "error"],
  ])("of 90 days, after %d of them: %s", (age, expected) => {
    expect(outcome(certificateVerdict(served, days(age)))).toBe(expected);
  });
});

describe("the chat server", () => {
  const said = (parts: Record<string, unknown>): string => JSON.stringify(parts);
  it.each([
    [200, said({ status: "OK", database_status: "OK", filestore_status: "OK" }), "ok"],
    [500, said({ status: "UNHEALTHY", database_status: "UNHEALTHY", filestore_status: "OK" }), "error"],
    [200, said({ status: "OK", database_status: "OK", filestore_status: "UNHEALTHY" }), "error"],
    [502, "", "error"],
    [200, "<html>", "error"],
  ])("that answers %d %s: %s", (status, text, expected) => {
    const seen = serverVerdict(status, text);
    expect(outcome(seen)).toBe(expected);
    if (text.includes('filestore_status":"UN')) expect(seen.saw).toContain("filestore_status UNHEALTHY");
  });
});

describe("a container", () => {
  const now = new Date("2026-01-02T00:00:00Z");
  const started = (hoursAgo: number): string => new Date(now.getTime() - hoursAgo * 3_600_000).toISOString();
  const state = (change: object, restarts = 0): Parameters<typeof runningVerdict>[0] =>
    ({
      RestartCount: restarts,
      State: {
        Status: "running",
        Running: true,
        Paused: false,
        OOMKilled: false,
        ExitCode: 0,
        StartedAt: started(0.2),
        Health: { Status: "healthy", Log: [] },
        ...change,
      },
    }) as unknown as Parameters<typeof runningVerdict>[0];

  it.each([
    ["healthy", state({}), "ok", "since 2026-01-01 23:48 UTC"],
    ["without a health check", state({ Health: undefined }), "ok", "since"],
    ["paused", state({ Paused: true }), "error", "paused"],
    ["ended", state({ Running: false, Status: "exited", ExitCode: 3 }), "error", "exited, code 3"],
    [
      "killed",
      state({ Running: false, Status: "exited", ExitCode: 137, OOMKilled: true }),
      "error",
      "memory",
    ],
    [
      "unhealthy",
      state({ Health: { Status: "unhealthy", Log: [{ Output: "old\n" }, { Output: "stun has failed\n" }] } }),
      "error",
      "unhealthy: stun has failed",
    ],
    ["starting", state({ Health: { Status: "starting", Log: [] } }), "error", "starting"],
    ["in a loop", state({}, 4), "warning", "started again 4 times, last 12 minutes ago"],
    ["restarted long ago", state({ StartedAt: started(30) }, 4), "ok", "since"],
    ["restarted a few times", state({}, 3), "ok", "since"],
  ])("that is %s", (_, found, expected, saw) => {
    const seen = runningVerdict(found, now);
    expect(outcome(seen)).toBe(expected);
    expect(seen.saw).toContain(saw);
  });

  it.each([
    ["of the pinned image", { named: "caddy:2.11.4", id: "a" }, "a", "ok"],
    ["of it, under its id", { named: "sha256:a", id: "a" }, "a", "ok"],
    ["of another image", { named: "caddy:2.10.0", id: "b" }, "a", "error"],
    ["of what the tag meant once", { named: "caddy:2.11.4", id: "b" }, "a", "error"],
    ["of an image that was pruned", { named: "caddy:2.11.4", id: "a" }, undefined, "ok"],
  ])("%s", (_, runs, id, expected) => {
    expect(outcome(imageVerdict(runs, { reference: "caddy:2.11.4", id }))).toBe(expected);
  });

  it("has room, or hasn't", () => {
    expect(containerMemory(95, 100)).toEqual({ ok: true, saw: "95 of 100 MiB" });
    expect(outcome(containerMemory(96, 100))).toBe("warning");
  });
});

describe("a machine", () => {
  const df = (...disks: [used: number, free: number][]): string =>
    [
      "Filesystem 1024-blocks Used Available Capacity Mounted on",
      ...disks.map(([used, free]) => `overlay ${used + free + 7} ${used} ${free} 1% /`),
      "",
    ].join("\n");
  it.each([
    [df([10, 90]), "ok"],
    [df([84, 16]), "ok"],
    [df([86, 14]), "warning"],
    [df([96, 4]), "error"],
    [df([10, 90], [97, 3]), "error"],
    ["df: no such thing", "error"],
  ])("with the disk %j: %s", (table, expected) => {
    expect(outcome(diskVerdict(table))).toBe(expected);
  });

  it.each([
    [1000, 500, "ok"],
    [1000, 90, "warning"],
    [1000, 30, "error"],
  ])("with %d kB of memory, %d of them free: %s", (all, free, expected) => {
    expect(outcome(memoryVerdict(`MemTotal: ${all} kB\nMemFree: 1 kB\nMemAvailable: ${free} kB\n`))).toBe(
      expected,
    );
  });
  it("whose memory nobody can tell isn't taken for well", () => {
    expect(outcome(memoryVerdict("cat: no such file"))).toBe("error");
    expect(outcome(clockVerdict(NaN, 0, 1))).toBe("error");
  });

  it.each([
    [100_000, "ok", "as ours"],
    // Cut to a second, asked and answered at different times: no difference.
    [99_000, "ok", "as ours"],
    [101_000, "ok", "as ours"],
    [110_000, "warning", "9 s ahead of"],
    [90_000, "warning", "10 s behind"],
    [160_000, "error", "59 s ahead of"],
    [40_000, "error", "60 s behind"],
  ])("whose clock says %d: %s", (theirs, expected, saw) => {
    const seen = clockVerdict(theirs, 99_500, 101_200);
    expect(outcome(seen)).toBe(expected);
    expect(seen.saw).toContain(saw);
  });
});

describe("a meeting that a stranger knocks at", () => {
  const refused = (stage: "authentication" | "websocket" | "conference" | "room", condition: string) =>
    ({ outcome: "refused", stage, condition }) as const;
  const kept = refused("authentication", "not-allowed");
  const waits = { outcome: "waiting-for-host", stage: "conference" } as const;
  const lobby = { outcome: "lobby", stage: "room" } as const;
  const joined = { outcome: "joined", stage: "room" } as const;
  const unknown = "nobody can tell";
  it.each([
    [kept, kept, "members", "ok", ""],
    [refused("authentication", "not-authorized"), kept, "members", "ok", ""],
    [kept, waits, "guests", "ok", ""],
    [kept, lobby, "guests", "ok", ""],
    [joined, kept, "members", "error", ""],
    [kept, joined, "members", "error", ""],
    [kept, waits, "members", "error", ""],
    [waits, waits, "guests", "error", ""],
    [kept, joined, "guests", "error", ""],
    // Past the question for a token.
    [refused("authentication", "not-bound"), kept, "members", "error", ""],
    [refused("conference", "not-ready"), kept, "members", "error", ""],
    // Nobody has looked at the token.
    [refused("websocket", "502"), kept, "members", "error", unknown],
    [refused("authentication", "no-answer"), kept, "members", "error", unknown],
    [kept, refused("authentication", "closed"), "members", "error", unknown],
    [kept, kept, "guests", "error", "guests"],
  ] as const)("with a forged token %j, without %j, for %s: %s", (forged, empty, access, expected, means) => {
    const seen = strangerVerdict(forged, empty, access);
    expect(outcome(seen)).toBe(expected);
    if (means === "") expect(seen).not.toHaveProperty("means");
    else expect(seen).toMatchObject({ means: expect.stringContaining(means) });
  });
  it("is told of both tries", () => {
    expect(strangerVerdict(kept, waits, "guests").saw).toBe(
      "forged: refused at the authentication: not-allowed; without: waiting-for-host",
    );
  });
});

describe("backups", () => {
  const hour = 3600;
  const now = 1_000_000 * hour;
  const facts = (change: Partial<BackupFacts>): BackupFacts => ({
    now,
    inUse: true,
    good: {},
    failed: {},
    ...change,
  });
  it.each([
    ["nothing to back up", facts({ inUse: false }), "ok"],
    ["in use, and the first to come", facts({}), "warning"],
    ["in use, and the first failed", facts({ failed: { backup: now - 60 } }), "error"],
    ["of tonight", facts({ good: { backup: now - 20 * hour } }), "ok"],
    ["of last night, while tonight's runs", facts({ good: { backup: now - 26 * hour } }), "ok"],
    ["of the day before", facts({ good: { backup: now - 28 * hour } }), "error"],
    [
      "of tonight, failed since",
      facts({ good: { backup: now - 2 * hour }, failed: { backup: now - hour } }),
      "warning",
    ],
    [
      "of tonight, failed before",
      facts({ good: { backup: now - 2 * hour }, failed: { backup: now - 3 * hour } }),
      "ok",
    ],
  ])("%s", (_, given, expected) => {
    expect(outcome(dueVerdict(given, "backup", 1))).toBe(expected);
  });
  it("are proven as often as the settings say, with two days to try again", () => {
    const proven = (days: number): string =>
      outcome(dueVerdict(facts({ good: { drill: now - days * 24 * hour } }), "drill", 7));
    expect([proven(8.9), proven(9.1)]).toEqual(["ok", "error"]);
    // Another kind's record is none of this one.
    expect(outcome(dueVerdict(facts({ good: { backup: now } }), "drill", 7))).toBe("warning");
  });
});

describe("doors", () => {
  const topology = stackTopology("local");
  const published = topology.openings
    .filter(({ service }) => service !== "coturn")
    .map(
      ({ service, published: port, protocol, bind }) => `${service} ${port}/${protocol} on ${bind as string}`,
    );

  const names = topology.services.map(({ name }) => name);
  it("are those of the plan, on its addresses", () => {
    expect(outcome(publishedVerdict(published, topology, "main", names))).toBe("ok");
    const both = [...published, "mattermost 8444/udp on ::"];
    expect(outcome(publishedVerdict(both, topology, "main", names))).toBe("ok");
  });
  it("aren't missed of a service that doesn't run: its container's own check says that", () => {
    const others = published.filter((one) => !one.startsWith("caddy "));
    const running = names.filter((name) => name !== "caddy");
    expect(publishedVerdict(others, topology, "main", running)).toEqual({
      ok: true,
      saw: `${others.length} ports`,
    });
  });
  it.each([
    [
      "one more",
      [...published, "postgres 5432/tcp on 0.0.0.0"],
      "not in the plan: postgres 5432/tcp on 0.0.0.0",
    ],
    ["one fewer", published.slice(1), "not published: "],
    [
      "one for everybody",
      published.map((one) => one.replace("caddy 443/tcp on 127.0.0.1", "caddy 443/tcp on 0.0.0.0")),
      "not in the plan: caddy 443/tcp on 0.0.0.0",
    ],
  ])("and there is %s", (_, found, saw) => {
    const seen = publishedVerdict(found, topology, "main", names);
    expect(outcome(seen)).toBe("error");
    expect(seen.saw).toContain(saw);
  });

  it("that nobody should find open are the services' own, and none that the plan opens", () => {
    const remote = remoteTopology("existing");
    const closed = closedPorts(remote, "main");
    expect(closed).toEqual(expect.arrayContaining([2375, 5432, 8065, 9110]));
    // Many networks answer for it themselves.
    expect(closed).not.toContain(25);
    for (const { published: first, last } of remote.openings)
      expect(closed.filter((port) => port >= first && port <= last)).toEqual([]);
  });
});
