import { knownStacks, readStackFile } from "../../stacks/settings/file";
import { parseSettings } from "../../stacks/settings/parse";
import { describeProblems } from "../../stacks/settings/problems";
import { projectDir, shippedStacks } from "../helpers/stacks";

const source = "Pulumi.test.yaml";
const minimal = { domain: "example.org", host: { provider: "local" } };

describe("the shipped stack files", () => {
  it("are the three that the tests know", () => {
    expect(knownStacks(projectDir)).toEqual([...shippedStacks]);
  });

  it.each(shippedStacks)("%s parses", (stack) => {
    const { settings, secrets } = parseSettings(readStackFile(projectDir, stack));
    expect(settings.domain).toMatch(/^(localhost|(dev\.)?example\.org)$/);
    expect([...secrets]).toEqual([]);
  });
});

describe("good settings", () => {
  it("need a domain and a host alone, and get every default", () => {
    expect(parseSettings({ source, values: minimal, encrypted: [] }).settings).toEqual({
      domain: "example.org",
      sites: { chat: "chat", meet: "meet" },
      host: {
        provider: "local",
        engine: "unix:///var/run/docker.sock",
        address: "127.0.0.1",
        bind: "127.0.0.1",
      },
      machine: {
        authorizedKeys: [],
        diskEncryption: { unlock: "provider" },
        dockerSource: "distribution",
        keepOpen: [],
        rebootAt: "04:30",
        swapMiB: "auto",
      },
      edge: { provider: "none", domainMail: "none", hstsDays: 30 },
      web: { httpPort: 80, httpsPort: 443, crawlers: "out" },
      edition: "team",
      people: {
        accounts: 20,
        active: 20,
        inCalls: 10,
        inMeetings: 10,
        sharing: 1,
        cameras: 10,
        busyHours: 40,
        historyMonths: 12,
      },
      calls: "embedded",
      monitoring: { kind: "off" },
      meetings: "jitsi",
      meetingAccess: "members",
      turn: "on",
      media: {
        rtcdPort: 8443,
        embeddedPort: 8444,
        meetingsPort: 10_000,
        turnPort: 3478,
        relayFirstPort: 49_160,
        name: "media",
        turnTlsPort: 5349,
      },
      chat: {
        title: "Muster",
        team: { name: "team", title: "Team" },
        administrator: { username: "admin", email: "admin@localhost.localdomain" },
        mfa: "offered",
        guests: false,
        maxFileSizeMiB: 95,
        plugins: [],
      },
      images: { overrides: {} },
      protectData: true,
      postgres: { major: 18 },
      backup: {
        target: { kind: "folder" },
        at: "02:30",
        keep: { daily: 7, weekly: 5, monthly: 12, yearly: 3 },
        checkDays: 7,
        drillDays: 7,
      },
    });
  });

  it("count on ten in calls and meetings, or on all who are active where those are fewer", () => {
    const people = (given: Record<string, number>) =>
      parseSettings({ source, values: { ...minimal, people: given }, encrypted: [] }).settings.people;
    expect(people({ active: 4 })).toMatchObject({ inCalls: 4, inMeetings: 4 });
    expect(people({ active: 4, inCalls: 2, inMeetings: 0 })).toMatchObject({ inCalls: 2, inMeetings: 0 });
  });

  it("name the secrets that are there, and no others", () => {
    const { secrets } = parseSettings({ source, values: minimal, encrypted: ["mailPassword"] });
    expect([...secrets]).toEqual(["mailPassword"]);
  });
});

describe("the text of problems", () => {
  it("counts one problem as one, and leaves out what there is nothing to say about", () => {
    expect(describeProblems("file", [{ key: "k", problem: "p", fix: "f" }])).toBe(
      "file: 1 problem\n\n  k: p\n    fix:     f",
    );
  });
});
