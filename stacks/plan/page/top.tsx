/** The page's beginning: what stack it is, its main figures, what is wrong with it. */
import type { VNode } from "preact";
import type { Plan } from "../schema";
import { describeOffering } from "../../settings/editions";
import { amount, counted, money, peopleInWords } from "./words";

interface Given {
  plan: Plan;
}

export const Top = ({ plan }: Given): VNode => (
  <header>
    <p class="kind">Plan</p>
    <h1>{`Stack ${plan.stack}`}</h1>
    <p class="lead">{`For ${peopleInWords(plan.people)}; ${describeOffering(plan.edition)}.`}</p>
    <dl class="figures">
      {figures(plan).map(({ title, value, note }) => (
        <div>
          <dt>{title}</dt>
          <dd>
            <span class="value">{value}</span> <span class="note">{note}</span>
          </dd>
        </div>
      ))}
    </dl>
  </header>
);

function figures({
  cost,
  hosts,
  services,
  doors,
  findings,
}: Plan): { title: string; value: string; note: string }[] {
  const severity = (wanted: string): number =>
    findings.filter(({ severity: given }) => given === wanted).length;
  const open = doors.filter(({ from }) => from === "everyone").length;
  return [
    {
      title: "Cost",
      value: cost.monthly === null ? "unknown" : money(cost.monthly),
      note: cost.monthly === null ? "no price is known" : `a month, prices of ${cost.asOf}`,
    },
    {
      title: "Runs on",
      value: counted(hosts.length, "machine"),
      note: `with ${counted(services.length, "service")}`,
    },
    { title: "Ways in", value: amount(doors.length), note: `${amount(open)} open to everyone` },
    {
      title: "Findings",
      value: counted(severity("error"), "error"),
      note: `${counted(severity("warning"), "warning")}, ${counted(severity("note"), "note")}`,
    },
  ];
}

/** Errors and warnings, before all else; errors with what to do, since an `up` refuses them. */
export function Alerts({ plan: { findings } }: Given): VNode | null {
  const numbered = findings
    .map((finding, index) => ({ ...finding, number: index + 1 }))
    .filter(({ severity }) => severity !== "note");
  if (numbered.length === 0) return null;
  return (
    <section id="alerts" aria-labelledby="alerts-title">
      <h2 id="alerts-title">Errors and warnings</h2>
      <ul class="alerts">
        {numbered.map(({ severity, key, problem, fix, number }) => (
          <li class={severity}>
            <strong class={`severity ${severity}`}>{severity}</strong>{" "}
            <span>
              <a href={`#finding-${number}`}>{key}</a>
              {`: ${problem}`}
              {severity === "error" ? `. To do: ${fix}` : null}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
