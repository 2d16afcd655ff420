/** What keeps media from connecting, found before anything is built. */
import { relayRange, relays } from "../../components/services/coturn";
import { meets } from "../../components/services/jitsi";
import { mostEmbedded } from "../../components/services/mattermost.calls";
import { jitsiPlugin, pluginArchives } from "../../components/services/mattermost.meetings";
import type { Problem } from "../settings/problems";
import type { Settings } from "../settings/schema";
import type { Topology } from "./types";

type Plan = Pick<Topology, "settings" | "secrets" | "offering">;

const highestPort = 65_535;

/** Whether anybody sends media to this stack. */
const hasMedia = (settings: Settings): boolean => settings.calls !== "off" || meets(settings);

export function mediaProblems({ settings }: Plan): Problem[] {
  const { calls, people } = settings;
  const problems: Problem[] = [];
  if (calls === "embedded" && people.inCalls > mostEmbedded)
    problems.push({
      key: "muster:people.inCalls",
      problem: "more than the chat server carries beside its own work",
      given: `${people.inCalls} with calls: embedded`,
      allowed: `at most ${mostEmbedded}`,
      fix: "lower muster:people.inCalls, or set muster:calls to rtcd (with a licence), or meet in muster:meetings",
    });
  for (const [key, service, isOn] of [
    ["inCalls", "calls", calls !== "off"],
    ["inMeetings", "meetings", meets(settings)],
  ] as const)
    if (isOn && people[key] < 2)
      problems.push({
        key: `muster:people.${key}`,
        problem: `${service} of fewer than two people`,
        given: String(people[key]),
        allowed: "at least 2",
        fix: `raise muster:people.${key} (and active), or set muster:${service} to off`,
      });
  const { first, last, allocations } = relayRange(settings);
  if (relays(settings) && last > highestPort)
    problems.push({
      key: "muster:media.relayFirstPort",
      problem: "the relay's ports don't fit below the highest port",
      given: `${first}, and ${allocations} ports for these people`,
      allowed: `at most ${highestPort - allocations + 1}`,
      fix: "lower muster:media.relayFirstPort, or muster:people.inCalls and inMeetings",
    });
  return problems;
}

export function mediaWarnings({ settings, secrets, offering }: Plan): Problem[] {
  const warnings: Problem[] = loopbackProblems(settings);
  if (settings.calls !== "off" && !meets(settings) && offering !== "licensed")
    warnings.push({
      key: "muster:meetings",
      problem: "without a licence, calls are between two people only",
      given: "off",
      fix: "set muster:meetings to jitsi for groups, or leave it so",
    });
  if (!relays(settings) && secrets.has("turnSecret"))
    warnings.push({
      key: "muster:turnSecret",
      problem: "without a relay nobody uses it",
      fix: "nothing, or set muster:turn to on",
    });
  const unlocked = pluginArchives(settings).filter(({ sha256 }) => sha256 === undefined);
  return [
    ...warnings,
    ...unlocked.map(({ id, url }) => ({
      key: "muster:chat.plugins",
      problem: `the checksum of plugin ${id} isn't known yet: what its address gives is installed unchecked`,
      given: url,
      fix: `npm run digests, or name ${jitsiPlugin.id} in muster:chat.plugins with its checksum`,
    })),
  ];
}

/** Nobody can send media to a loopback address; `npm start` stores the machine's own. An up refuses it. */
export function loopbackProblems(settings: Settings): Problem[] {
  const { host } = settings;
  if (!hasMedia(settings) || host.provider !== "local" || !host.address.startsWith("127.")) return [];
  return [
    {
      key: "muster:host.address",
      problem: "nobody can send media to a loopback address",
      given: host.address,
      allowed: "an address of this machine that browsers reach, also those on this machine",
      fix: "npm start stores this machine's LAN address; without a network, set muster:calls and muster:meetings to off",
    },
  ];
}
