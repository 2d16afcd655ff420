/** Raw settings in, plain validated values out; every problem at once. Pure. */
import { distance } from "fastest-levenshtein";
import type { z } from "zod";
import { isChosen, schemaAt, unwrap } from "./describe";
import { type Problem, SettingsError } from "./problems";
import { renamedKeys, type Settings, settingsSchema } from "./schema";
import { type SecretSetting, describeSecretValue, secretSettings } from "./secrets";

/** What a stack's file says under `muster:`, before anything is checked. */
export interface RawSettings {
  /** Name to show in errors, such as `Pulumi.prod.yaml`. */
  source: string;
  /** Plain values by top-level key. */
  values: Readonly<Record<string, unknown>>;
  /** Keys that hold encrypted values. */
  encrypted: readonly string[];
  /** Those of them whose values are not allowed, where the engine has decrypted them. */
  malformed?: readonly string[];
}

export interface ParsedSettings {
  settings: Settings;
  /** Secret settings that are there; their values stay with the engine. */
  secrets: ReadonlySet<SecretSetting>;
}

const isSecretKey = (key: string): key is SecretSetting => Object.hasOwn(secretSettings, key);

/**
 * Checks and completes the settings.
 * @throws SettingsError that lists every problem with its key, what was given, what is allowed, how to fix it.
 */
export function parseSettings(raw: RawSettings): ParsedSettings {
  const plain = Object.fromEntries(Object.entries(raw.values).filter(([key]) => !isSecretKey(key)));
  const result = settingsSchema.safeParse(plain);
  const problems = [
    ...secretProblems(raw),
    ...(result.success ? [] : result.error.issues.flatMap((issue) => issueProblems(issue, plain))),
  ];
  if (!result.success || problems.length > 0) throw new SettingsError(raw.source, problems);
  return { settings: result.data, secrets: new Set(raw.encrypted.filter(isSecretKey)) };
}

function secretProblems({ values, encrypted, malformed = [] }: RawSettings): Problem[] {
  const plainText = Object.keys(values).filter(isSecretKey);
  const misplaced = encrypted.filter((key) => !isSecretKey(key));
  return [
    ...plainText.map((key) => ({
      key: `muster:${key}`,
      problem: "a secret in plain text",
      allowed: "an encrypted value (secure: ...)",
      fix: `remove it, then npm run secret -- STACK ${key}; and change it wherever it is used, since it was readable`,
    })),
    ...malformed.filter(isSecretKey).map((key) => ({
      key: `muster:${key}`,
      problem: "has characters that its file can't hold, or the wrong length",
      allowed: describeSecretValue(key),
      fix: `npm run secret -- STACK ${key}`,
    })),
    ...misplaced.map((key) =>
      key in settingsSchema.shape
        ? {
            key: `muster:${key}`,
            problem: "encrypted, but no secret",
            allowed: `plain text; secrets are ${Object.keys(secretSettings).join(", ")}`,
            fix: `write it in plain text: npx pulumi config set muster:${key} ...`,
          }
        : unknownKey([], key, undefined),
    ),
  ];
}

/** What is wrong with one value, where it would stand at a path; `undefined` where nothing is. */
export function fieldProblem(path: readonly string[], value: unknown): Problem | undefined {
  const result = schemaAt(path)?.safeParse(value);
  if (result === undefined || result.success) return undefined;
  const around = [...path].reverse().reduce<unknown>((inner, key) => ({ [key]: inner }), value);
  const issues = result.error.issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
  return issues.flatMap((issue) => issueProblems(issue, around))[0];
}

type Issue = z.core.$ZodIssue;

function issueProblems(issue: Issue, values: unknown): Problem[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(path, key, values));
  if (issue.code === "invalid_key" || (issue.code === "invalid_union" && issue.errors.length > 0))
    return [unknownVariant(issue, path, values)];
  const schema = schemaAt(path, settingsSchema, values);
  const value = at(values, path);
  const missing = value === undefined;
  return [
    {
      key: keyName(path),
      problem: missing ? "missing" : problemText(issue),
      given: given(path, value),
      allowed: allowedText(issue),
      fix: `set ${keyName(path)}${schema?.description === undefined ? "" : ` (${schema.description})`}`,
    },
  ];
}

/** A union without a matching variant, such as an unknown provider, or a record key that is not allowed. */
function unknownVariant(issue: Issue, path: string[], values: unknown): Problem {
  return {
    key: keyName(path),
    problem: "not allowed here",
    given: given(path, at(values, path)),
    allowed: allowedText(issue),
    fix: `set ${keyName(path)} to what is allowed`,
  };
}

/** @param values all that is given. */
function unknownKey(path: string[], key: string, values: unknown): Problem {
  const full = [...path, key].join(".");
  const value = at(values, [...path, key]);
  const known = knownKeys(path, values);
  const renamed = Object.hasOwn(renamedKeys, full) ? renamedKeys[full] : undefined;
  const nearest = nearestKey(key, known);
  const suggestion =
    renamed !== undefined
      ? `it is called muster:${renamed} now`
      : nearest !== undefined
        ? `did you mean ${keyName([...path, nearest])}?`
        : "remove it";
  return {
    key: `muster:${full}`,
    problem: renamed === undefined ? "unknown key" : "renamed key",
    given: given([...path, key], value),
    allowed: known.join(", "),
    fix: suggestion,
  };
}

function knownKeys(path: string[], values: unknown): string[] {
  const schema = schemaAt(path, settingsSchema, values);
  const top = path.length === 0 ? Object.keys(secretSettings) : [];
  const shapes = schema === undefined ? [] : objectShapes(schema, at(values, path));
  return [...new Set([...shapes.flatMap((shape) => Object.keys(shape)), ...top])].sort();
}

/** Within a union: the variant that was chosen, or all where none was. */
function objectShapes(schema: z.ZodType, given: unknown): Record<string, z.ZodType>[] {
  const inner = unwrap(schema);
  if (inner.def.type === "object") return [(inner as z.ZodObject).shape];
  if (inner.def.type !== "union") return [];
  const options = (inner as z.ZodUnion).options as z.ZodType[];
  const chosen = options.filter((option) => isChosen(option, given));
  return (chosen.length > 0 ? chosen : options).flatMap((option) => objectShapes(option, given));
}

const sortedLetters = (word: string): string => [...word].sort().join("");

/** How many slips of the hand lie between two words; two letters that swapped places are one slip. */
function slips(from: string, to: string): number {
  const edits = distance(from, to);
  return sortedLetters(from) === sortedLetters(to) ? edits / 2 : edits;
}

/** The known key that a typo most likely meant: at most a third of its letters differ. */
export function nearestKey(key: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, edits: slips(key.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= Math.max(1, best.candidate.length / 3)
    ? best.candidate
    : undefined;
}

const keyName = (path: readonly string[]): string =>
  path.length === 0 ? "muster" : `muster:${path.join(".")}`;

/** Keys whose values nobody may see, even where they are misspelt or stand in the wrong place. */
const looksSecret = (key: string): boolean =>
  /pass|secret|token|licen[cs]|credential/i.test(key) ||
  nearestKey(key, Object.keys(secretSettings)) !== undefined;

/** A value as an error may show it; nothing where there is none, or where it may be a secret. */
const given = (path: readonly string[], value: unknown): string | undefined =>
  value === undefined || path.some(looksSecret) ? undefined : show(value);

const show = (value: unknown): string => {
  const text = JSON.stringify(value, (key, inner: unknown) => (looksSecret(key) ? "[hidden]" : inner));
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
};

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
    value,
  );
}

function problemText(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return "wrong type";
    case "too_small":
      return "too small";
    case "too_big":
      return "too large";
    case "custom":
      return issue.message;
    default:
      return "not allowed";
  }
}

function allowedText(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "int" ? "a whole number" : `a value of type ${issue.expected}`;
    case "too_small":
      return `at least ${issue.minimum}${issue.origin === "string" ? " characters" : ""}`;
    case "too_big":
      return `at most ${issue.maximum}${issue.origin === "string" ? " characters" : ""}`;
    case "invalid_value":
      return issue.values.map(String).join(", ");
    case "invalid_format":
      return issue.pattern === undefined ? issue.format : `text that matches ${issue.pattern}`;
    case "custom":
      return typeof issue.params?.["allowed"] === "string" ? issue.params["allowed"] : issue.message;
    case "invalid_union":
      return issue.discriminator === undefined
        ? issue.message
        : `${issue.discriminator}: ${optionsOf(issue)}`;
    default:
      return issue.message;
  }
}

function optionsOf(issue: Extract<Issue, { code: "invalid_union" }>): string {
  const schema = schemaAt(issue.path.map(String).slice(0, -1));
  const inner = schema === undefined ? undefined : unwrap(schema);
  if (inner?.def.type !== "union") return issue.message;
  return (inner as z.ZodUnion).options
    .map((option) => {
      const field = (option as z.ZodObject).shape[issue.discriminator ?? ""] as z.ZodLiteral | undefined;
      return field === undefined ? "" : String(field.value);
    })
    .join(", ");
}
