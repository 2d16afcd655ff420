import type { Finding } from "../../stacks/topology/types";
import { localTopology } from "../helpers/stacks";

type Change = Record<string, unknown>;
const mail = { host: "smtp.example.org", from: "chat@example.org" };
const machine = { provider: "digitalocean", region: "fra1", size: "s-2vcpu-4gb" };
const bucket = { kind: "s3", endpoint: "https://s3.example.org", bucket: "backups", accessKeyId: "HOST" };
const findingsFor = (change: Change, encrypted: string[]): readonly Finding[] =>
  localTopology(change, encrypted).findings;

describe("warnings and notes in a plan", () => {
  const quiet: Change = { mail: { ...mail, username: "u" } };

  it("are none where there is nothing to say", () => {
    expect(findingsFor(quiet, ["mailPassword"])).toEqual([]);
  });

  it.each<[string, Change, string[], Partial<Finding>]>([
    [
      "a licence that the free edition ignores",
      {},
      ["licence"],
      { severity: "warning", key: "muster:licence", given: "edition: team" },
    ],
    [
      "an enterprise edition without a licence",
      { edition: "enterprise" },
      [],
      {
        severity: "warning",
        key: "muster:licence",
        problem: expect.stringContaining("10000 messages"),
      },
    ],
    ["no mail", { mail: undefined }, [], { severity: "warning", key: "muster:mail" }],
    [
      "calls where nobody can send media",
      { calls: "embedded", edition: "enterprise" },
      ["licence"],
      { severity: "warning", key: "muster:host.address", given: "127.0.0.1" },
    ],
    [
      "calls for two without meetings for more",
      { calls: "embedded", host: { provider: "local", address: "192.168.7.10" } },
      [],
      { severity: "warning", key: "muster:meetings", given: "off" },
    ],
    [
      "a TURN secret without a relay",
      { turn: "off" },
      ["turnSecret"],
      { severity: "warning", key: "muster:turnSecret" },
    ],
    [
      "a plugin whose checksum isn't known",
      { meetings: "jitsi", host: { provider: "local", address: "192.168.7.10" } },
      [],
      { severity: "warning", key: "muster:chat.plugins", given: expect.stringContaining("jitsi-2.1.0") },
    ],
    [
      "a host of which nobody has said who reaches its SSH",
      {
        domain: "a.org",
        host: machine,
        state: { backend: "https://api.pulumi.com" },
        backup: { target: bucket },
        mail: { ...mail, username: "u", port: 2525 },
      },
      ["backupS3Secret", "digitaloceanToken", "sshKey"],
      { severity: "note", key: "muster:machine.sshFrom" },
    ],
    [
      "a host whose key isn't there yet",
      {
        domain: "a.org",
        host: machine,
        machine: { sshFrom: "everyone" },
        state: { backend: "https://api.pulumi.com" },
        backup: { target: bucket },
        mail: { ...mail, username: "u", port: 2525 },
      },
      ["backupS3Secret", "digitaloceanToken"],
      { severity: "note", key: "muster:sshKey" },
    ],
  ])("%s", (_name, change, secrets, expected) => {
    const found = findingsFor(
      { ...quiet, ...change },
      change["mail"] === undefined && "mail" in change ? secrets : [...secrets, "mailPassword"],
    );
    expect(found).toEqual([expect.objectContaining(expected)]);
  });

  it("a licensed enterprise edition has nothing to warn of", () => {
    expect(findingsFor({ ...quiet, edition: "enterprise" }, ["licence", "mailPassword"])).toEqual([]);
  });
});
