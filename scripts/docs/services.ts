/** What follows from the services' declarations: ports, networks, volumes, exceptions, images. Pure. */
import { prepareSandbox, shipSandbox } from "../../components/platform/prepare";
import { services } from "../../components/services";
import { allPins } from "../../components/services/images";
import type { Port, Sandbox, Service } from "../../components/services/service";
import type { Settings } from "../../stacks/settings/schema";
import type { Topology } from "../../stacks/topology";
import { parseSettings } from "../../stacks/settings/parse";
import { code, table } from "./markdown";

const titleOf = (name: string): string => services.find((service) => service.name === name)?.title ?? name;

const titles = (names: readonly string[]): string => names.map(titleOf).join(", ");

const none = (text: string): string => (text === "" ? "none" : text);

export const servicesTable = (): string =>
  table(
    [
      "Service",
      "Runs as",
      "Starts after",
      "Programs of other images",
      "Sees of others",
      "Healthy when",
      "Time to get healthy",
      "Time to stop",
    ],
    services.map(({ title, user, startsAfter, tools, seesBackedUp, health, stopGraceSeconds }) => [
      title,
      code(`${user.uid}:${user.gid}`),
      none(titles(startsAfter)),
      none(toolsOf(tools)),
      seesBackedUp === true ? "every volume whose files are backed up, read-only" : "nothing",
      code(health.command.join(" ")),
      `${health.startSeconds} s`,
      `${stopGraceSeconds} s`,
    ]),
  );

/** Programs that a service gets from other images; with a target of backups where it matters. */
function toolsOf(tools: Service["tools"]): string {
  const { settings } = parseSettings({ source: "", values: toolsSettings, encrypted: [] });
  return (tools?.(settings) ?? []).map(({ image }) => code(image)).join(", ");
}
/** Settings under which every tool is there. */
const toolsSettings = {
  domain: "localhost",
  host: { provider: "local" },
  backup: {
    target: {
      kind: "sftp",
      host: "backups.example.org",
      user: "muster",
      hostKey: "ssh-ed25519 AAAA",
      path: "/backups",
    },
  },
};

/** Who reaches a port, in words. */
function reachedBy(port: Port): string {
  switch (port.exposure) {
    case "internal":
      return port.consumers.length === 0 ? "itself" : `${titles(port.consumers)} only`;
    case "web":
      return `browsers and apps, through the reverse proxy, as ${code(`<sites.${port.site}>.<domain>`)}`;
    case "entry":
      return "browsers and apps; with `host.provider: local` only those on this machine, unless `host.bind` lets others in";
    case "media":
      return "clients directly, from everywhere";
    case "admin":
      return "this machine alone";
  }
}

const numbers = (port: { number: number; last?: number }): string =>
  port.last === undefined ? String(port.number) : `${port.number}-${port.last}`;

const running = (settings: Settings): Service[] => services.filter(({ when }) => when(settings));

export const portsTable = (settings: Settings): string =>
  table(
    ["Service", "Port", "Published as", "Exposure", "Reached by", "Why"],
    running(settings).flatMap((service) =>
      service
        .ports(settings)
        .map((port) => [
          service.title,
          `${numbers(port)}/${port.protocol}`,
          "published" in port ? numbers({ ...port, number: port.published }) : "not published",
          port.exposure,
          reachedBy(port),
          port.why,
        ]),
    ),
  );

export const networksTable = ({ networks }: Topology): string =>
  table(
    ["Network", "Leads out", "On it"],
    networks.map(({ name, internal, members }) => [code(name), internal ? "no" : "yes", titles(members)]),
  );

const backups = { dump: "a dump", files: "its files", none: "not at all" };

export const volumesTable = (settings: Settings): string =>
  table(
    [
      "Service",
      "Volume",
      "Path in the container",
      "Owner",
      "Backed up by",
      "After a destroy",
      "In another domain",
      "What it holds",
    ],
    services.flatMap((service) =>
      service
        .volumes(settings)
        .map(({ name, path, backup, kept, bound, why }) => [
          service.title,
          code(`${service.name}-${name}`),
          code(path),
          code(`${service.user.uid}:${service.user.gid}`),
          backups[backup],
          backup !== "none" || kept === true ? "kept" : "gone",
          bound === "domain" ? "not restored" : "",
          why,
        ]),
    ),
  );

/** An exception from the hardened default, as the docs list it. */
export interface ExceptionDoc {
  of: string;
  field: string;
  value: string;
  reason: string;
}

const fields: Record<keyof Sandbox, string> = {
  writableRoot: "writable root file system",
  capabilities: "capabilities",
  egress: "way out to the internet",
  temporary: "folders in memory",
  sharedMemoryMiB: "shared memory",
  hostNetwork: "the host's network",
  openFiles: "open files and sockets",
  hostFolders: "folders of the host, read-only",
};

function shown(field: keyof Sandbox, sandbox: Sandbox): string {
  switch (field) {
    case "capabilities":
      return sandbox.capabilities?.value.map(code).join(", ") ?? "";
    case "temporary":
      return Object.entries(sandbox.temporary?.value ?? {})
        .map(([path, folder]) =>
          typeof folder === "number"
            ? `${code(path)} (${folder} MiB)`
            : `${code(path)} (${folder.sizeMiB} MiB, programs run)`,
        )
        .join(", ");
    case "sharedMemoryMiB":
      return `${sandbox.sharedMemoryMiB?.value ?? 0} MiB`;
    case "openFiles":
      return String(sandbox.openFiles?.value ?? 0);
    case "hostFolders":
      return Object.values(sandbox.hostFolders?.value ?? {})
        .map(code)
        .join(", ");
    case "writableRoot":
    case "hostNetwork":
    case "egress":
      return "yes";
  }
}

const exceptionsOf = (of: string, sandbox: Sandbox): ExceptionDoc[] =>
  (Object.keys(fields) as (keyof Sandbox)[]).flatMap((field) => {
    const exception = sandbox[field];
    return exception === undefined
      ? []
      : [{ of, field: fields[field], value: shown(field, sandbox), reason: exception.reason }];
  });

/** Every exception that any service or job declares. */
export const exceptions = (catalogue: readonly Service[] = services): ExceptionDoc[] => [
  ...catalogue.flatMap((service) => [
    ...exceptionsOf(service.title, service.sandbox),
    ...service.jobs.flatMap((job) =>
      exceptionsOf(`${service.title}, job ${code(job.name)}`, job.sandbox ?? {}),
    ),
  ]),
  ...exceptionsOf("every preparation job (`…-prepare`), which runs as root", prepareSandbox),
  ...exceptionsOf("every job that ships a program (`backup-restic`), which runs as root", shipSandbox),
];

export const sandboxTable = (): string =>
  table(
    ["Service or job", "Exception", "Value", "Reason"],
    exceptions().map(({ of, field, value, reason }) => [of, field, value, reason]),
  );

export const jobsTable = (settings: Settings): string =>
  table(
    ["Job", "Image", "Sees the volumes", "Memory", "Time limit"],
    services.flatMap((service) =>
      service.jobs.map((job) => [
        code(`${service.name}-${job.name}`),
        job.image === "own"
          ? `${service.title}'s own`
          : code(typeof job.image === "string" ? job.image : job.image(settings)),
        none(
          service
            .volumes(settings)
            .filter(({ name }) => job.volumes.includes(name))
            .map(({ name }) => code(`${service.name}-${name}`))
            .join(", "),
        ),
        `${job.memoryMiB} MiB`,
        `${job.timeoutSeconds} s`,
      ]),
    ),
  );

export const imagesTable = (): string =>
  table(
    ["Key in `muster:images.overrides`", "Registry", "Repository", "Tag", "Behind a mirror"],
    allPins().map(({ name, registry, repository, tag }) => [
      code(name),
      registry,
      repository,
      tag,
      code(`<mirror>/${repository}:${tag}`),
    ]),
  );
