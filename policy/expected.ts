import { prepareSandbox, shipSandbox } from "../components/platform/prepare";
import { isKept, type Sandbox } from "../components/services/service";
import type { Topology } from "../stacks/topology";
import type { Expected } from "./graph";

/** What a topology leads one to expect of its graph: said here once more, independently of the renderer. */
export function expectedOf({ services, openings, settings }: Topology): Expected {
  const units: [string, Sandbox][] = services.flatMap(({ name, service, jobs }) =>
    [
      [name, service.sandbox] as [string, Sandbox],
      ...jobs.map(({ job }): [string, Sandbox] => [`${name}-${job.name}`, job.sandbox ?? {}]),
    ].flatMap(([unit, sandbox]): [string, Sandbox][] => [
      [unit, sandbox],
      [`${unit}-prepare`, prepareSandbox],
    ]),
  );
  const shipments = services.flatMap(({ name, tools }) =>
    tools.map(({ path }): [string, Sandbox] => [`${name}-${path.split("/").at(-1) ?? ""}`, shipSandbox]),
  );
  units.push(...shipments);
  const withHostNetwork = new Set(
    services.flatMap(({ name, service }) => (service.sandbox.hostNetwork ? [name] : [])),
  );
  return {
    services: new Set(services.map(({ name }) => name)),
    published: new Map(
      services.map(({ name }) => [
        name,
        openings
          .filter(({ service }) => service === name && !withHostNetwork.has(service))
          .map(({ bind, published, number, protocol }) => `${typeof bind === "string" ? bind : "*"}:${published}->${number}/${protocol}`),
      ]),
    ),
    hostNetworks: withHostNetwork,
    writableRoots: new Set(units.flatMap(([unit, { writableRoot }]) => (writableRoot ? [unit] : []))),
    capabilities: new Map(units.map(([unit, { capabilities }]) => [unit, capabilities?.value ?? []])),
    keptVolumes: new Set(
      settings.protectData
        ? services.flatMap(({ name, volumes }) =>
            volumes.filter(isKept).map((volume) => `${name}-${volume.name}`),
          )
        : [],
    ),
    keepSecrets: settings.protectData,
  };
}
