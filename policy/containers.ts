/** What must hold for every container. The evidence: docs/decisions/0003-docker-provider-rules.md. */
import {
  type GraphResource,
  inputsHold,
  isSecret,
  leaves,
  list,
  map,
  optionsHold,
  type Rule,
  types,
} from "./graph";

const { container } = types;
const same = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());

/** What the provider updates in its state only. */
const silentlyIgnored = ["healthcheck", "tmpfs", "mounts", "init", "cpuPeriod", "cpuQuota"];

/** `1m30s`, as Go prints it: no part above its unit, none left out after the first. */
const isGoDuration = (value: unknown): boolean =>
  typeof value === "string" &&
  /^(([1-9]\d*h)([1-5]?\dm)|[1-5]?\dm)?[1-5]?\ds$/.test(value) &&
  !value.startsWith("0m");

function publishedPorts(ports: unknown): string[] {
  return list(ports).map((port) => {
    const { ip, external, internal, protocol } = map(port);
    return `${String(ip)}:${String(external)}->${String(internal)}/${String(protocol)}`;
  });
}

/** An address that a host has for its peers alone: the topology doesn't know which, only that it isn't everybody's. */
const privateAddress =
  /^(10|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.[0-9.]+:/;
const asPlanned = (published: string, planned: readonly string[]): string =>
  planned.includes(published) ? published : published.replace(privateAddress, "private:");

const isService = ({ name }: GraphResource, services: ReadonlySet<string>): boolean => services.has(name);

export const containerRules: readonly Rule[] = [
  {
    name: "old container goes first",
    why: "names and ports can't be held twice, and forced replacements start with the new one otherwise",
    fix: "deleteBeforeReplace: true",
    check: optionsHold([container], ({ deleteBeforeReplace }) => deleteBeforeReplace === true),
  },
  {
    name: "time to stop",
    why: "without destroyGraceSeconds the provider kills at once, a database too",
    fix: "destroyGraceSeconds above 0",
    check: inputsHold(container, ["destroyGraceSeconds"], ({ destroyGraceSeconds: s }) => Number(s) > 0),
  },
  {
    name: "memory limit without swap",
    why: "one service must not starve the others, and an unset memorySwap differs after every refresh",
    fix: "memory above 0, memorySwap equal to it",
    check: inputsHold(
      container,
      ["memory", "memorySwap"],
      ({ memory, memorySwap }) => Number(memory) > 0 && memory === memorySwap,
    ),
  },
  {
    name: "no capabilities but declared ones",
    why: "a capability that nobody gave a reason for is an open door; without CAP_ it differs forever",
    fix: 'drops: ["ALL"], and adds as the sandbox declares them, each beginning with CAP_',
    check: inputsHold(container, ["capabilities"], ({ capabilities }, { name }, { expected }) => {
      const { drops, adds } = map(capabilities);
      const names = list(adds);
      return (
        same(list(drops), ["ALL"]) &&
        names.every((capability) => /^CAP_[A-Z_]+$/.test(String(capability))) &&
        same(names, expected.capabilities.get(name) ?? [])
      );
    }),
  },
  {
    name: "no new privileges",
    why: "a setuid program in the image must not win back what was dropped",
    fix: 'securityOpts: ["no-new-privileges:true"], and never privileged',
    check: inputsHold(
      container,
      ["securityOpts", "privileged"],
      ({ securityOpts, privileged }) =>
        list(securityOpts).includes("no-new-privileges:true") && privileged !== true,
    ),
  },
  {
    name: "services come back, jobs don't",
    why: "after a crash or a reboot all must be right without an up; a job that restarts runs forever",
    fix: "restart: unless-stopped with mustRun for a service, no without mustRun for a job",
    check: inputsHold(container, ["restart", "mustRun"], ({ restart, mustRun }, resource, { expected }) =>
      isService(resource, expected.services)
        ? restart === "unless-stopped" && mustRun === true
        : restart === "no" && mustRun === false,
    ),
  },
  {
    name: "healthy before the next step",
    why: "an up that doesn't wait calls a broken service done",
    fix: "a healthcheck with tests, wait: true, waitTimeout above 0",
    check: inputsHold(
      container,
      ["healthcheck", "wait", "waitTimeout"],
      ({ healthcheck, wait, waitTimeout }) => {
        const [kind, ...command] = list(map(healthcheck)["tests"]);
        return kind === "CMD" && command.length > 0 && wait === true && Number(waitTimeout) > 0;
      },
    ),
  },
  {
    name: "durations as Docker prints them",
    why: "60s comes back as 1m0s and would replace the container at every refresh",
    fix: "write durations with goDuration()",
    check: inputsHold(container, ["healthcheck"], ({ healthcheck }) =>
      ["interval", "timeout", "startPeriod"].every((key) => isGoDuration(map(healthcheck)[key])),
    ),
  },
  {
    name: "no change without effect",
    why: "the provider writes these into its state and leaves the container as it was",
    fix: `replaceOnChanges: ${silentlyIgnored.join(", ")}`,
    unseen: ["replaceOnChanges"],
    check: optionsHold([container], ({ replaceOnChanges = [] }) =>
      silentlyIgnored.every((key) => replaceOnChanges.includes(key)),
    ),
  },
  {
    name: "logs rotate",
    why: "a chatty service fills the disk",
    fix: "logDriver json-file with max-size and max-file",
    check: inputsHold(container, ["logDriver", "logOpts"], ({ logDriver, logOpts }) => {
      const { "max-size": size, "max-file": files } = map(logOpts);
      return logDriver === "json-file" && /^\d+[km]$/.test(String(size)) && Number(files) > 0;
    }),
  },
  {
    name: "read-only root",
    why: "what an intruder can't write, a restart removes",
    fix: "readOnly: true, or a writableRoot with its reason in the service's sandbox",
    check: inputsHold(
      container,
      ["readOnly"],
      ({ readOnly }, { name }, { expected }) => readOnly === !expected.writableRoots.has(name),
    ),
  },
  {
    name: "others' volumes are read-only",
    why: "what reads everybody's files, such as backups, must not be able to change them",
    fix: "readOnly: true for every mount of another service's volume",
    check: inputsHold(container, ["name", "mounts"], ({ name: physical, mounts }, resource, { expected }) => {
      const { name } = resource;
      const service =
        [...expected.services].find((own) => name === own || name.startsWith(`${own}-`)) ?? name;
      const own = `${String(physical).slice(0, -name.length)}${service}-`;
      return list(mounts)
        .map(map)
        .every(({ source, readOnly }) => readOnly === true || String(source).startsWith(own));
    }),
  },
  {
    name: "no folders of the host but declared ones",
    why: "who sees the engine's socket or the machine's files is the machine's master",
    fix: "a volume; or the folder as hostFolders in the service's sandbox, with its reason, read-only",
    check: inputsHold(container, ["mounts", "volumes"], ({ mounts, volumes }, { name }, { expected }) => {
      const bound = list(mounts)
        .map(map)
        .filter(({ type = "volume", source }) => type !== "volume" || String(source).startsWith("/"));
      const paths = bound.map(({ source, target }) => `${String(source)} at ${String(target)}`);
      return (
        same(paths, expected.hostFolders.get(name) ?? []) &&
        bound.every(({ readOnly }) => readOnly === true) &&
        list(volumes).length === 0
      );
    }),
  },
  {
    name: "uploads into a writable root",
    why: "Docker refuses uploads into a container whose root is read-only, even onto a volume",
    fix: "upload in the preparing container",
    check: inputsHold(
      container,
      ["readOnly"],
      ({ readOnly }, { inputs }) => list(inputs["uploads"]).length === 0 || readOnly === false,
    ),
  },
  {
    name: "no secret where docker inspect shows it",
    why: "environment, command and labels are readable for everyone who may ask the engine",
    fix: "place it as a file",
    check: ({ type, inputs }) =>
      type !== container
        ? []
        : ["envs", "command", "entrypoints", "labels"].flatMap((key) =>
            leaves(inputs[key], key)
              .filter(({ leaf }) => isSecret(leaf))
              .map(({ path }) => `${path} is a secret`),
          ),
  },
  {
    name: "published as planned",
    why: "a port that the topology doesn't know is in no firewall, no table and no one's mind",
    fix: "declare it as a port of the service",
    check: inputsHold(container, ["ports"], ({ ports }, { name }, { expected }) => {
      const planned = expected.published.get(name) ?? [];
      return same(
        publishedPorts(ports).map((port) => asPlanned(port, planned)),
        planned,
      );
    }),
  },
  {
    name: "no admin port published",
    why: "who reaches a database or a service's own administration is past every password and every log",
    fix: "bind it to 127.0.0.1, or to the address between hosts; administrators come over SSH",
    check: inputsHold(container, ["ports"], ({ ports }, { name }, { expected }) => {
      const doors = expected.administration.get(name) ?? [];
      return list(ports)
        .map(map)
        .filter(({ internal }) => doors.includes(Number(internal)))
        .every(({ ip }) => String(ip).startsWith("127.") || privateAddress.test(`${String(ip)}:`));
    }),
  },
  {
    name: "on named networks only",
    why: "Docker's own bridge and the host's network let every container reach every other",
    fix: "networkMode bridge with networksAdvanced, or none; host for a service that declares it with its reason",
    check: inputsHold(
      container,
      ["networkMode", "networksAdvanced"],
      ({ networkMode, networksAdvanced }, { name }, { expected }) => {
        if (expected.hostNetworks.has(name)) return networkMode === "host";
        return networkMode === "bridge"
          ? list(networksAdvanced).length > 0
          : networkMode === "none" && list(networksAdvanced).length === 0;
      },
    ),
  },
  {
    name: "failures show the last log lines",
    why: "the provider's own error names a container and no cause",
    fix: "bind the error hook",
    unseen: ["hooks"],
    check: optionsHold([container], ({ hooks }) => (hooks?.["onError"] ?? []).length > 0),
  },
];
