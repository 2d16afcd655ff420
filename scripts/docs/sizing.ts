/** Tables of `docs/sizing.md`: the model, how it does beside what others published, worked examples. Pure. */
import { type Constant, constants } from "../../components/services/model";
import { pricesAsOf } from "../../stacks/topology/prices";
import { sizes } from "../../stacks/topology/sizes";
import type { Topology } from "../../stacks/topology/types";
import {
  type Example,
  examples,
  holds,
  mostAccounts,
  mostTogether,
  providers,
  stackFor,
} from "../sizing/examples";
import { bridgeVerdicts, callsVerdicts, machineVerdicts, type Verdict } from "../sizing/judge";
import { code, table } from "./markdown";

/** Every constant, with its unit and its source. */
export const modelTable = (): string =>
  table(
    ["Service", "Constant", "Value", "Unit", "Source"],
    Object.entries(constants).flatMap(([service, own]) =>
      Object.entries<Constant>(own).map(([name, { value, unit, source, fitted }]) => [
        service,
        code(name),
        String(Number(value.toPrecision(3))),
        unit,
        fitted === true ? `${source}; fitted` : source,
      ]),
    ),
  );

const percent = (error: number): string =>
  error === 0 ? "within" : `${error > 0 ? "+" : ""}${Math.round(error * 100)} %`;

const verdicts = (all: readonly Verdict[]): string =>
  table(
    ["Row", "Published", "Model", "Error where fitted", "Error where judged", "Reason"],
    all.map(({ what, fitting, published, model, error, reason }) => [
      what,
      published,
      model,
      fitting ? percent(error) : "",
      fitting ? "" : percent(error),
      reason ?? "",
    ]),
  );

export const callsTable = (): string => verdicts(callsVerdicts());
export const machinesTable = (): string => verdicts([...machineVerdicts(), ...bridgeVerdicts()]);

const shape = ({ hosts, cost }: Topology): string =>
  `${hosts.map(({ size, roles }) => `${size ?? ""}${roles.length === 2 ? "" : roles[0] === "media" ? " for media" : " for the rest"}`).join(", ")}; $${Math.round(cost.monthlyUsd ?? 0)}`;

function exampleRow(example: Example): string[] {
  const [first] = providers.map((provider) => stackFor(example, provider));
  const demand = (first?.hosts ?? []).map(({ demand: one }) => one);
  const sum = (of: (one: (typeof demand)[number]) => number): number =>
    demand.reduce((all, one) => all + of(one), 0);
  const { active, inCalls } = example.people;
  return [
    example.title,
    `${active} active, ${inCalls} in calls and as many in meetings`,
    `${sum(({ memoryMiB }) => memoryMiB)} MiB, ${sum(({ cpus }) => cpus).toFixed(1)} CPUs`,
    `${sum(({ diskGiB }) => diskGiB)} GiB`,
    `${sum(({ trafficGB }) => trafficGB)} GB`,
    ...providers.map((provider) => {
      const topology = stackFor(example, provider);
      return holds(topology) ? shape(topology) : "none";
    }),
  ];
}

export const examplesTable = (): string =>
  table(
    [
      "For",
      "People",
      "Needs",
      "Disk",
      "Traffic a month",
      ...providers.map((name) => `At ${name}, USD a month`),
    ],
    examples.map(exampleRow),
  );

export const limitsTable = (): string =>
  table(
    ["At", "One machine: accounts", "in a call and a meeting", "Two: accounts", "in a call and a meeting"],
    providers.map((provider) => [
      provider,
      ...(["one", "two"] as const).flatMap((machines) => [
        String(mostAccounts(provider, machines)),
        String(mostTogether(provider, machines)),
      ]),
    ]),
  );

export const sizesTable = (): string =>
  table(
    ["Provider", "Size", "CPUs", "Memory", `USD a month, ${pricesAsOf}`, "Traffic in the price"],
    providers.flatMap((provider) =>
      Object.entries(sizes[provider]).map(([name, { cpus, memoryMiB, monthlyUsd, trafficGB }]) => [
        provider,
        code(name),
        String(cpus),
        `${memoryMiB / 1024} GiB`,
        monthlyUsd.toFixed(2),
        trafficGB === 0 ? "" : `${trafficGB} GB`,
      ]),
    ),
  );
