/** What speaks against a version, and against going to it from the one that runs. Pure. */
import { compare, type SemVer, parse, satisfies } from "semver";
import { type ImageSettings, isRolling } from "../../components/services/images";
import { type Product, productOf, products } from "../../components/services/versions";
import type { Finding, ImagePlan } from "./types";

/** The file in which an image's version stands when no setting overrides it. */
const pinFile = "components/services/images.ts";
const docs = "docs/upgrades.md";

/** Image references by service. */
export type ImagesByService = Readonly<Record<string, string>>;

/**
 * A reference's version, by its tag: `postgres:18.6-alpine@sha256:...` is 18.6.0. `undefined` where the tag isn't one
 * whole version of the product.
 */
export function versionOf(reference: string, { lineNumbers }: Product): SemVer | undefined {
  const tag = /:([^/:@]+)(?:@|$)/.exec(reference)?.[1] ?? "";
  const [, numbers = "", candidate] = /^v?(\d+(?:\.\d+)+)(?:-(rc\d*))?(?:[-+_].*)?$/.exec(tag) ?? [];
  if (numbers.split(".").length !== lineNumbers + 1) return undefined;
  const three = lineNumbers === 1 ? `${numbers}.0` : numbers;
  return parse(candidate === undefined ? three : `${three}-${candidate}`) ?? undefined;
}

/** `11.7` for Mattermost 11.7.10, `18` for PostgreSQL 18.6. */
const lineOf = ({ major, minor }: SemVer, { lineNumbers }: Product): string =>
  lineNumbers === 1 ? String(major) : `${major}.${minor}`;

function compareLines(a: string, b: string): number {
  const whole = (line: string): string => [...line.split("."), "0", "0"].slice(0, 3).join(".");
  return compare(whole(a), whole(b));
}

/** A version as its product writes it. */
const shown = ({ major, minor, version }: SemVer, { lineNumbers }: Product): string =>
  lineNumbers === 1 ? `${major}.${minor}` : version;

const hasEnded = (line: string, { supported, ended }: Product): boolean =>
  !(line in supported) && Object.keys(ended).some((other) => compareLines(line, other) <= 0);

const supportedLines = ({ supported }: Product): string =>
  Object.entries(supported)
    .map(([line, last]) => `${line} (until ${last})`)
    .join(", ");

/**
 * Images whose version is known bad or past its end of life, and those whose version can't be told. An ended line
 * on which an upgrade must stop is a warning here: whether it is on the way, `upgradeProblems` knows.
 */
export function versionProblems(
  images: readonly ImagePlan[],
  overrides: ImageSettings["overrides"] = {},
): Finding[] {
  const names = new Set(images.map(({ name }) => name));
  return [...names].flatMap((name) => {
    const image = images.find((other) => other.name === name);
    const product = productOf(name);
    if (image === undefined || product === undefined) return [];
    const overridden = overrides[name] !== undefined;
    const place = {
      key: overridden ? `muster:images.overrides.${name}` : pinFile,
      given: image.reference,
    };
    const version = versionOf(image.reference, product);
    if (version !== undefined) return problemsOf(version, name, product, place);
    // A rolling tag is refused for what it is.
    if (isRolling(image.reference, name)) return [];
    return [
      {
        ...place,
        severity: "warning",
        problem: `no version of ${product.title} can be told from it: nobody notices whether it is bad, ended, or older than the one that runs`,
        allowed: `a tag that begins with the whole version`,
        fix: "name the version in the tag, or watch over it yourself",
      },
    ];
  });
}

function problemsOf(
  version: SemVer,
  image: string,
  product: Product,
  place: { key: string; given: string },
): Finding[] {
  const { title, bad, stops, supported } = product;
  const line = lineOf(version, product);
  const exact = shown(version, product);
  const found: Finding[] = bad
    .filter(({ versions }) => satisfies(version, versions, { includePrerelease: true }))
    .map(({ why, source }) => ({
      ...place,
      severity: "error",
      problem: `${title} ${exact} is known bad: ${why} (${source})`,
      allowed: `another version of ${line}, better its newest`,
      fix: "name the newest version of that line",
    }));
  const major = /-(\d+)$/.exec(image)?.[1];
  if (major !== undefined && product.lineNumbers === 1 && line !== major)
    found.push({
      ...place,
      severity: "error",
      problem: `${title} ${line} can't read the files of ${major}, for which this image stands`,
      allowed: `a version of ${major}`,
      fix: `name a version of ${major}; which major runs is the setting muster:postgres.major`,
    });
  if (hasEnded(line, product)) {
    const since = product.ended[line];
    const step = stops.includes(line);
    found.push({
      ...place,
      severity: step ? "warning" : "error",
      problem: `${title} ${line} is past its end of life${since === undefined ? "" : ` (${since})`}: nobody mends its security any more${step ? "; it is only a step on the way to a newer line" : ""}`,
      allowed: supportedLines(product),
      fix: step ? "go on to a supported line once it runs" : `name a version of a supported line`,
    });
  } else if (!(line in supported))
    found.push({
      ...place,
      severity: "warning",
      problem: `${title} ${line} is newer than this version of Muster knows`,
      allowed: supportedLines(product),
      fix: "read its release notes first, or update Muster",
    });
  return found;
}

/**
 * What speaks against going from the images that run, or ran last, to those that are wanted: downgrades, skipped stops, starting
 * on a line that has ended, another edition. PostgreSQL's majors aren't compared: each has a volume of its own.
 */
export function upgradeProblems(running: ImagesByService, wanted: ImagesByService): Finding[] {
  return Object.entries(products).flatMap(([service, product]) => {
    const [from, to] = [running[service], wanted[service]];
    if (to === undefined || from === to) return [];
    const next = versionOf(to, product);
    if (from === undefined) return next === undefined ? [] : startProblems(to, next, product);
    const last = versionOf(from, product);
    const place = { key: "muster:images", given: `${service}: ${to}, after ${from}` };
    const edition = editionProblems(from, to);
    if (last === undefined || next === undefined)
      return [
        ...edition,
        {
          ...place,
          severity: "warning",
          problem: `${product.title}'s versions can't be compared: a downgrade or a skipped step isn't noticed`,
          allowed: "tags that begin with the whole version",
          fix: `see that it isn't older, and not too far ahead (${docs})`,
        },
      ];
    return [...edition, ...stepProblems(last, next, product, place)];
  });
}

function stepProblems(
  last: SemVer,
  next: SemVer,
  product: Product,
  place: { key: string; given: string },
): Finding[] {
  const [lastLine, nextLine] = [lineOf(last, product), lineOf(next, product)];
  if (product.lineNumbers === 1 && lastLine !== nextLine) return [];
  if (compare(next, last) < 0) {
    const { severity, problem } = product.downgrade;
    return [
      {
        ...place,
        severity,
        problem: `${product.title} ${shown(next, product)} after ${shown(last, product)}: ${problem}`,
        allowed: `${shown(last, product)} or newer`,
        fix:
          severity === "error"
            ? `name ${shown(last, product)} or a newer version; the way back is a backup from before the upgrade (${docs})`
            : `name ${shown(last, product)} or a newer version, unless the newer one itself is the trouble`,
      },
    ];
  }
  const skipped = product.stops.filter(
    (stop) => compareLines(stop, lastLine) > 0 && compareLines(stop, nextLine) < 0,
  );
  const [first] = skipped;
  if (first === undefined) return [];
  return [
    {
      ...place,
      severity: "error",
      problem: `${product.title} ${shown(last, product)} to ${shown(next, product)} skips ${skipped.join(" and ")}: only an upgrade from one extended support release to the next is tested`,
      allowed: [lastLine, ...skipped, nextLine].join(" -> "),
      fix: `go to the newest ${first} first: name it in muster:images.overrides, bring the stack up, and go on from there (${docs})`,
    },
  ];
}

/** A new stack has no way to go on which an ended line could be a step. */
function startProblems(reference: string, version: SemVer, product: Product): Finding[] {
  const line = lineOf(version, product);
  if (!hasEnded(line, product) || !product.stops.includes(line)) return [];
  return [
    {
      key: "muster:images",
      severity: "error",
      problem: `${product.title} ${line} is past its end of life, and there is no older version for which it would be a step`,
      given: reference,
      allowed: supportedLines(product),
      fix: "name a version of a supported line",
    },
  ];
}

function editionProblems(from: string, to: string): Finding[] {
  const repository = (reference: string): string => reference.replace(/@.*$/, "").replace(/:[^/]*$/, "");
  if (!repository(from).endsWith("-enterprise-edition") || !repository(to).endsWith("-team-edition"))
    return [];
  return [
    {
      key: "muster:edition",
      severity: "warning",
      problem: "from the enterprise edition to the Team Edition: what a licence brought stops working",
      given: `${to}, after ${from}`,
      fix: `look through what the team uses of it: guests, sign-on elsewhere, group calls, more than 250 people; or leave muster:edition at enterprise`,
    },
  ];
}
