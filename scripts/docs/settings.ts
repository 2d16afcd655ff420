/** The settings' table, the secrets, and the edition matrix. Pure. */
import { describeSettings, schemaAt, type SettingDoc } from "../../stacks/settings/describe";
import { describeOffering, features, type Offering } from "../../stacks/settings/editions";
import { code, table } from "./markdown";

/** The top-level key under which a key counts at all, where that one may be left out; such as `mail`. */
export function optionalGroup({ key }: SettingDoc): string | undefined {
  const [group = "", ...rest] = key.split(".");
  if (rest.length === 0) return undefined;
  const empty = schemaAt([group])?.safeParse(undefined);
  return empty?.success === true && empty.data === undefined ? group : undefined;
}

/** Whether the key only names the variant that it is itself in. */
export const isDiscriminant = (doc: SettingDoc): boolean =>
  doc.variant !== undefined && doc.key === doc.variantKey;

function defaultText(doc: SettingDoc): string {
  if (doc.default !== undefined) return code(doc.default);
  if (!doc.required) return "";
  if (doc.key.includes("[]")) return "required in each";
  const group = optionalGroup(doc);
  return group === undefined ? "**required**" : `required with ${code(group)}`;
}

const countsWith = (doc: SettingDoc): string =>
  doc.variant === undefined ? "" : code(`${doc.variantKey ?? ""}: ${doc.variant}`);

/** The key that chooses among variants has one row for all of them. */
function variantRow(variants: readonly SettingDoc[]): string[] {
  const [first] = variants;
  if (first === undefined) return [];
  const path = first.key.split(".");
  const group = schemaAt(path.slice(0, -1))?.safeParse(undefined);
  const chosen =
    group?.success === true ? (group.data as Record<string, string>)[path.at(-1) ?? ""] : undefined;
  return [
    code(first.key),
    "",
    variants.map(({ type }) => type).join(" | "),
    chosen === undefined ? "**required**" : code(JSON.stringify(chosen)),
    "",
    variants.map(({ variant, meaning }) => `${code(variant ?? "")}: ${meaning}`).join(" "),
  ];
}

export function settingsTable(): string {
  const docs = describeSettings();
  const rows = docs.flatMap((doc) => {
    if (!isDiscriminant(doc))
      return [
        [code(doc.key), countsWith(doc), doc.type, defaultText(doc), doc.secret ? "yes" : "", doc.meaning],
      ];
    const variants = docs.filter(({ key }) => key === doc.key);
    return doc === variants[0] ? [variantRow(variants)] : [];
  });
  return table(["Key under `muster:`", "Counts with", "Type", "Default", "Secret", "Meaning"], rows);
}

const offerings: readonly Offering[] = ["team", "entry", "licensed"];

export const editionsTable = (): string =>
  table(
    ["Feature", ...offerings.map(describeOffering), "Without it"],
    Object.values(features).map((feature) => [
      feature.title,
      ...offerings.map((offering) =>
        (feature.offerings as readonly Offering[]).includes(offering) ? "yes" : "no",
      ),
      feature.alternatives,
    ]),
  );
