/** What must hold of names, rules and certificates at the edge. */
import { type GraphResource, inputsHold, isMap, optionsHold, type Rule, types } from "./graph";

const rulesIn = ({ inputs }: Pick<GraphResource, "inputs">): Readonly<Record<string, unknown>>[] =>
  Array.isArray(inputs["rules"]) ? inputs["rules"].filter(isMap) : [];

export const edgeRules: readonly Rule[] = [
  {
    name: "proxied are sites alone",
    why: "media can't pass a proxy, and a site beside it shows the machine to everyone",
    fix: "proxied for the sites' records, and for no others",
    check: inputsHold(
      types.dnsRecord,
      ["name", "type", "proxied"],
      ({ name, type, proxied = false }, _, { expected }) =>
        proxied === (type === "A" && expected.proxied.has(String(name))),
    ),
  },
  {
    name: "a time to live that Cloudflare takes",
    why: "a proxied record with another one is refused in the midst of an up",
    fix: "ttl: 1",
    check: inputsHold(types.dnsRecord, ["ttl"], ({ ttl }) => ttl === 1),
  },
  {
    name: "records say whose they are",
    why: "what a zone holds of its own is told from ours by it",
    fix: "comment: Muster and the stack's name, in at most 100 characters",
    check: inputsHold(
      types.dnsRecord,
      ["comment"],
      ({ comment }) => typeof comment === "string" && /^Muster \S+: ./.test(comment) && comment.length <= 100,
    ),
  },
  {
    name: "one list of rules at a time",
    why: "Cloudflare refuses a second list of a phase, and a record beside an equal one",
    fix: "deleteBeforeReplace: true",
    check: optionsHold(
      [types.dnsRecord, types.ruleset],
      ({ deleteBeforeReplace }) => deleteBeforeReplace === true,
    ),
  },
  {
    name: "rules are known again",
    why: "without a reference of its own, a change of one rule makes all of them anew",
    fix: "a ref for each rule, and no two alike",
    check: inputsHold(types.ruleset, ["rules"], (inputs) => {
      const refs = rulesIn({ inputs }).map(({ ref }) => ref);
      return refs.every((ref) => typeof ref === "string" && ref !== "") && new Set(refs).size === refs.length;
    }),
  },
  {
    name: "no challenge at a site",
    why: "apps and websockets can't answer one",
    fix: "block, or leave the sites out of the rule",
    check: inputsHold(types.ruleset, ["rules"], (inputs, _, { expected }) =>
      rulesIn({ inputs })
        .filter(({ action }) => String(action).includes("challenge"))
        .every(({ expression }) =>
          [...expected.proxied].every((host) =>
            / and not \(http\.host in \{([^}]*)\}\)$/.exec(String(expression))?.[1]?.includes(`"${host}"`),
          ),
        ),
    ),
  },
  {
    name: "the way to the machine is checked",
    why: "with anything less than strict, whoever stands between reads along",
    fix: "ssl: strict, and at least TLS 1.2",
    check: inputsHold(
      types.zoneSetting,
      ["settingId", "value"],
      ({ settingId, value }) =>
        (settingId !== "ssl" || value === "strict") &&
        (settingId !== "min_tls_version" || ["1.2", "1.3"].includes(String(value))),
    ),
  },
  {
    name: "certificates are made once",
    why: "Cloudflare answers with the names in another order, and a change of them revokes the certificate",
    fix: "ignoreChanges: hostnames, requestedValidity",
    check: optionsHold([types.originCertificate], ({ ignoreChanges = [] }) =>
      ["hostnames", "requestedValidity"].every((key) => ignoreChanges.includes(key)),
    ),
  },
];
