/** What the scripts are told: one file of shell variables. */
import project from "../../../package.json";
import { quote } from "../job";
import { database } from "../postgres";
import {
  backedUpPath,
  filesPath,
  type RunningService,
  type ServiceContext,
  type ServiceFile,
} from "../service";
import { text } from "../text";
import { describeRepository, keepFlags, repositoryOf } from "./repository";

/** Port of the metrics. */
export const metricsPort = 9110;

/** Volumes whose files a backup takes: `service/volume`, and what their files are bound to. */
export const backedUpVolumes = (running: readonly RunningService[]): { path: string; bound: string }[] =>
  running.flatMap(({ service, volumes }) =>
    volumes
      .filter(({ backup }) => backup === "files")
      .map(({ name, bound }) => ({ path: `${service.name}/${name}`, bound: bound ?? "" })),
  );

/** The programs that data are written by, as `major service=reference ...`: what must not change without a backup. */
export function dataImages(running: readonly RunningService[], major: number): string {
  const holders = running.filter(({ volumes }) => volumes.some(({ backup }) => backup !== "none"));
  return [String(major), ...holders.map(({ service, image }) => `${service.name}=${image}`).sort()].join(" ");
}

/** The images of it, by service. */
export const parseDataImages = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .trim()
      .split(" ")
      .slice(1)
      .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );

export function settingsFile({ settings, running, stack }: ServiceContext): ServiceFile {
  const { at, keep, checkDays, drillDays, target } = settings.backup;
  const facts = running.flatMap(({ service }) =>
    service.database === undefined ? [] : [{ ...service.database, owner: service.name }],
  );
  const [fact, ...more] = facts;
  if (fact === undefined || more.length > 0)
    throw new Error(
      `one service must say what its database holds: ${facts.map(({ owner }) => owner).join(", ")}`,
    );
  const [hours = 0, minutes = 0] = at.split(":").map(Number);
  const { address, environment, secretEnvironment, options } = repositoryOf(target, stack);
  const values: Record<string, string> = {
    stack,
    domain: settings.domain,
    muster_version: project.version,
    postgres_major: String(settings.postgres.major),
    images: dataImages(running, settings.postgres.major).replace(/^\S+ /, ""),
    database_name: database.name,
    database_user: database.user,
    tables_there_sql: `SELECT to_regclass('public.${fact.table}') IS NOT NULL`,
    pristine_sql: oneLine(fact.pristine),
    newest_sql: oneLine(fact.newest),
    counts_sql: Object.entries(fact.counts)
      .map(([name, query]) => `${name}\t${oneLine(query)}`)
      .join("\n"),
    versions_sql: fact.versions.map(({ table, query }) => `${table}\t${oneLine(query)}`).join("\n"),
    links_sql: oneLine(fact.links.query),
    links_volume: `${fact.owner}/${fact.links.volume}`,
    links_prefix: `${backedUpPath(fact.owner, fact.links.volume)}/`.replace(/^\//, ""),
    elsewhere_sql: fact.elsewhere.map(oneLine).join("\n"),
    volumes: backedUpVolumes(running)
      .map(({ path, bound }) => `${path} ${bound}`)
      .join("\n"),
    at_seconds: String(hours * 3600 + minutes * 60),
    tick_seconds: "10",
    check_days: String(checkDays),
    drill_days: String(drillDays),
    keep: keepFlags(keep).join(" "),
    prunes: target.kind === "folder" ? "yes" : "no",
    metrics_port: String(metricsPort),
    repository_place: describeRepository(target, stack),
    repository_options: options.join(" "),
  };
  const exports: Record<string, string> = { RESTIC_REPOSITORY: address, ...environment };
  const lines = [
    ...Object.entries(values).map(([name, value]) => `${name}=${quote(value)}`),
    ...Object.entries(exports).map(([name, value]) => `export ${name}=${quote(value)}`),
    ...Object.entries(secretEnvironment).map(
      ([name, setting]) => `${name}="$(cat ${filesPath}/${setting})"\nexport ${name}`,
    ),
  ];
  return { name: "settings.sh", content: text`${lines.join("\n")}\n` };
}

const oneLine = (sql: string): string => sql.replace(/\s+/g, " ");
