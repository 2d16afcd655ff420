import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ImagePlan, ServicePlan, Topology } from "../../stacks/topology";
import { outsideNetwork } from "../../stacks/topology/exposure";
import { mainHost } from "../../stacks/topology/hosts";
import type { Network } from "../../stacks/topology/types";
import type { EdgeSecrets } from "../edge/edge";
import { addressesOf, hostOf } from "../host/addresses";
import type { Host } from "../host/host";
import { backup } from "../services/backup/backup";
import type { ContainerSpec } from "../services/service";
import { showLogsOnError } from "./failure";
import { Guard } from "./guard";
import type { LateValues } from "./late";
import { onHost, physicalPrefix } from "./names";
import { Secrets } from "./secrets";
import { ServiceGroup } from "./serviceGroup";
import { identityLabels, labelList, type UnitContext } from "./resource";

export interface PlatformArgs {
  topology: Topology;
  hosts: readonly Host[];
  /** Secrets that the edge gives to services. Default: none. */
  edgeSecrets?: EdgeSecrets;
}

/** Turns a topology's services into containers, files, volumes, networks and jobs on their hosts. */
export class Platform extends pulumi.ComponentResource {
  private readonly images = new Map<string, docker.RemoteImage>();
  /** By the hosts' names. */
  private readonly contexts: ReadonlyMap<string, UnitContext>;
  private readonly guard: Guard;
  /** By the services' names, as far as they are there already. */
  private readonly containers = new Map<string, docker.Container>();

  constructor(
    name: string,
    { topology, hosts, edgeSecrets = {} }: PlatformArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("muster:platform:Platform", name, {}, opts);
    const secrets = this.createSecrets(topology, edgeSecrets);
    this.guard = new Guard(topology, hostOf(hosts, backupHost(topology)).engine);
    const values = {
      ...valuesOf(hosts, secrets),
      containerIdOf: (service: string) => this.containerIdOf(service),
    };
    this.contexts = new Map(
      hosts.map((host) => [host.name, this.contextOf(topology, host, secrets, values)]),
    );
    const networks = this.createNetworks(topology);
    this.createServices(topology, networks);
    this.registerOutputs();
  }

  private createSecrets({ generates, secrets, settings }: Topology, given: EdgeSecrets): Secrets {
    const args = { generates, settings: secrets, given, protect: settings.protectData };
    return new Secrets("secrets", args, { parent: this });
  }

  private contextOf(topology: Topology, host: Host, secrets: Secrets, values: LateValues): UnitContext {
    return {
      prefix: physicalPrefix(topology.stack),
      stack: topology.stack,
      instance: secrets.instance,
      fingerprintKey: secrets.fingerprintKey,
      ...placementOf(host),
      pulled: (image) => this.pulled(image, host.name),
      toolsImage: topology.toolsImage,
      values,
      onError: showLogsOnError(host.name, host.engine),
    };
  }

  private context(host: string): UnitContext {
    const context = this.contexts.get(host);
    if (context === undefined) throw new Error(`no host ${host} in this stack`);
    return context;
  }

  private containerIdOf(service: string): pulumi.Output<string> {
    const container = this.containers.get(service);
    if (container === undefined)
      throw new Error(`${service} has no container yet: nobody may start before it`);
    return container.id;
  }

  /** One pull per image and host, whoever runs it; kept on the host, since others may run it too. */
  private pulled(plan: ImagePlan, host: string): docker.RemoteImage {
    const name = `image-${onHost(host, plan.name)}`;
    const known = this.images.get(name);
    if (known !== undefined) return known;
    const image = new docker.RemoteImage(
      name,
      { name: plan.reference, keepLocally: true },
      {
        parent: this,
        ...this.context(host).placed,
        hooks: this.guard.imageHooks(plan),
      },
    );
    this.images.set(name, image);
    return image;
  }

  private createNetworks({ networks }: Topology): Map<Network, docker.Network> {
    return new Map(
      networks.map((plan) => {
        const { name, host, internal } = plan;
        const context = this.context(host);
        const network = new docker.Network(
          `network-${onHost(host, name)}`,
          {
            name: `${context.prefix}-${name}`,
            driver: "bridge",
            internal,
            // Those who share only the way out have nothing to say to each other.
            ...(internal ? {} : { options: { "com.docker.network.bridge.enable_icc": "false" } }),
            labels: labelList(identityLabels(name, context)),
          },
          { parent: this, ...context.placed, deleteBeforeReplace: true },
        );
        return [plan, network];
      }),
    );
  }

  private createServices(topology: Topology, networks: ReadonlyMap<Network, docker.Network>): void {
    const { protectData } = topology.settings;
    const groups = new Map(
      topology.services.map((plan) => [
        plan.name,
        new ServiceGroup(plan, protectData, this.context(plan.host), { parent: this }),
      ]),
    );
    const guarded = topology.services
      .filter(({ image }) => this.guard.guards(image))
      .map(({ image, host }) => this.pulled(image, host));
    for (const plan of inStartOrder(topology.services)) {
      const own = [...networks].filter(
        ([{ members, host }]) => host === plan.host && members.includes(plan.name),
      );
      const container = groups.get(plan.name)?.start({
        networks: own.map(([{ name }, network]) => ({
          name: network.name,
          own: name === plan.name,
          outside: name === outsideNetwork,
        })),
        openings: topology.openings.filter(({ service }) => service === plan.name),
        after: this.guard.waits(plan) ? guarded : [],
        guard: this.guard.start(plan),
        startsAfter: plan.service.startsAfter.flatMap((name) => this.containers.get(name) ?? []),
        sees: plan.sees.flatMap(({ service, volume, path }) => {
          const seen = groups.get(service)?.volumes.get(volume);
          return seen === undefined ? [] : [{ volume: seen, path }];
        }),
      });
      if (container !== undefined) this.containers.set(plan.name, container);
    }
  }
}

/** Where the container runs that is asked before anything comes near data. */
const backupHost = ({ services, hosts }: Topology): string =>
  services.find(({ name }) => name === backup.name)?.host ?? hosts[0]?.name ?? mainHost;

const valuesOf = (hosts: readonly Host[], secrets: Secrets): Omit<LateValues, "containerIdOf"> => ({
  secret: (name) => secrets.get(name),
  ...addressesOf(hosts),
});

/** What everything on a host gets, so that it goes with its machine and comes anew on another one. */
function placementOf({ provider, machine }: Host): Pick<UnitContext, "placed" | "ownsMachine"> {
  const { id, resource } = machine ?? {};
  return {
    placed: {
      provider,
      ...(id === undefined ? {} : { replacementTrigger: id }),
      ...(resource === undefined ? {} : { deletedWith: resource }),
    },
    ownsMachine: resource !== undefined,
  };
}

/** Services whose containers' ids stand in one's files. */
const containersIn = ({ files = [] }: ContainerSpec): string[] =>
  files.flatMap(({ content }) =>
    content.parts.flatMap((part) =>
      typeof part === "object" && "containerIdOf" in part ? [part.containerIdOf] : [],
    ),
  );

/** Services after those that they start after. A circle is a mistake in the declarations. */
export function inStartOrder(services: readonly ServicePlan[]): ServicePlan[] {
  const ordered: ServicePlan[] = [];
  const visit = (plan: ServicePlan, path: readonly string[]): void => {
    if (ordered.includes(plan)) return;
    if (path.includes(plan.name))
      throw new Error(`services start after each other in a circle: ${[...path, plan.name].join(" -> ")}`);
    for (const name of [...plan.service.startsAfter, ...containersIn(plan.spec)]) {
      const earlier = services.find((other) => other.name === name);
      if (earlier !== undefined) visit(earlier, [...path, plan.name]);
    }
    ordered.push(plan);
  };
  for (const plan of services) visit(plan, []);
  return ordered;
}
