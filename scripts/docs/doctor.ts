/** What the doctor looks at, from its checks of a real topology. Pure: none is run. */
import { checksOf } from "../../doctor";
import type { Check } from "../../doctor/check";
import type { Topology } from "../../stacks/topology";
import { code, table } from "./markdown";

const nobody = (): Promise<never> => Promise.reject(new Error("the docs ask nobody"));

/** Of the checks that each service, site or host has, the first stands for all. */
const shared = /^(container|image|memory|engine|disk|memory-of|clock|door|doors|chat|meet)\.([^.]+)(.*)$/;

function pattern({ id }: Check): string {
  const [, kind = "", name = "", rest = ""] = shared.exec(id) ?? [];
  if (kind === "chat" || kind === "meet")
    return ["certificate", "redirect", "page", "name"].includes(name) ? `SITE.${name}` : id;
  if (kind === "door") return "door.HOST.PORT";
  return kind === "" ? id : `${kind}.*${rest}`;
}

export function doctorTable(topology: Topology): string {
  const checks = checksOf({
    topology,
    engines: new Map(),
    unreachable: new Map(),
    trust: {},
    addressOf: () => "203.0.113.10",
    secret: nobody,
    session: nobody,
    leave: nobody,
  });
  const first = new Map(checks.map((check) => [pattern(check), check]).reverse() as [string, Check][]);
  return table(
    ["Check", "For example", "Where it fails", "What to do"],
    [...first].reverse().map(([id, { title, means, fix }]) => [code(id), title, means, fix]),
  );
}
