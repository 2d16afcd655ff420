import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ImagePlan, ServicePlan, Topology } from "../../stacks/topology";
import { outsideNetwork } from "../../stacks/topology/exposure";
import type { Host } from "../host/host";
import { showLogsOnError } from "./failure";
import { Guard } from "./guard";
import { physicalPrefix } from "./names";
import { Secrets } from "./secrets";
import { ServiceGroup } from "./serviceGroup";
import { identityLabels, labelList, type UnitContext } from "./resource";

export interface PlatformArgs {
  topology: Topology;
  host: Host;
}

/** Turns a topology's services into containers, files, volumes, networks and jobs on their host. */
export class Platform extends pulumi.ComponentResource {
  private readonly images = new Map<string, docker.RemoteImage>();
  private readonly context: UnitContext;
  private readonly guard: Guard;

  constructor(name: string, { topology, host }: PlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super("muster:platform:Platform", name, {}, opts);
    const secrets = this.createSecrets(topology);
    this.guard = new Guard(topology, host.engine);
    this.context = this.contextOf(topology, host, secrets);
    const networks = this.createNetworks(topology);
    this.createServices(topology, networks);
    this.registerOutputs();
  }

  private createSecrets({ services, secrets, settings }: Topology): Secrets {
    const args = { services, settings: secrets, protect: settings.protectData };
    return new Secrets("secrets", args, { parent: this });
  }

  private contextOf(topology: Topology, host: Host, secrets: Secrets): UnitContext {
    return {
      prefix: physicalPrefix(topology.stack),
      stack: topology.stack,
      instance: secrets.instance,
      fingerprintKey: secrets.fingerprintKey,
      provider: host.provider,
      pulled: (image) => this.pulled(image),
      toolsImage: topology.toolsImage,
      values: {
        secret: (name) => secrets.get(name),
        publicAddressOf: () => host.publicAddress,
        privateAddressOf: () => host.privateAddress,
      },
      onError: showLogsOnError(host.engine),
    };
  }

  /** One pull per image, whoever runs it; kept on the host, since others may run it too. */
  private pulled(plan: ImagePlan): docker.RemoteImage {
    const { name, reference } = plan;
    const known = this.images.get(name);
    if (known !== undefined) return known;
    const image = new docker.RemoteImage(
      `image-${name}`,
      { name: reference, keepLocally: true },
      {
        parent: this,
        provider: this.context.provider,
        hooks: this.guard.imageHooks(plan),
      },
    );
    this.images.set(name, image);
    return image;
  }

  private createNetworks({ networks }: Topology): Map<string, docker.Network> {
    return new Map(
      networks.map(({ name, internal }) => [
        name,
        new docker.Network(
          `network-${name}`,
          {
            name: `${this.context.prefix}-${name}`,
            driver: "bridge",
            internal,
            // Those who share only the way out have nothing to say to each other.
            ...(internal ? {} : { options: { "com.docker.network.bridge.enable_icc": "false" } }),
            labels: labelList(identityLabels(name, this.context)),
          },
          { parent: this, provider: this.context.provider, deleteBeforeReplace: true },
        ),
      ]),
    );
  }

  private createServices(topology: Topology, networks: ReadonlyMap<string, docker.Network>): void {
    const { protectData } = topology.settings;
    const groups = new Map(
      topology.services.map((plan) => [
        plan.name,
        new ServiceGroup(plan, protectData, this.context, { parent: this }),
      ]),
    );
    const containers = new Map<string, docker.Container>();
    const guarded = topology.services
      .filter(({ image }) => this.guard.guards(image))
      .map(({ image }) => this.pulled(image));
    for (const plan of inStartOrder(topology.services)) {
      const own = topology.networks.filter(({ members }) => members.includes(plan.name));
      const container = groups.get(plan.name)?.start({
        networks: own.flatMap(({ name }) => {
          const network = networks.get(name);
          if (network === undefined) return [];
          return [{ name: network.name, own: name === plan.name, outside: name === outsideNetwork }];
        }),
        openings: topology.openings.filter(({ service }) => service === plan.name),
        after: this.guard.waits(plan) ? guarded : [],
        guard: this.guard.start(plan),
        startsAfter: plan.service.startsAfter.flatMap((name) => containers.get(name) ?? []),
        sees: plan.sees.flatMap(({ service, volume, path }) => {
          const seen = groups.get(service)?.volumes.get(volume);
          return seen === undefined ? [] : [{ volume: seen, path }];
        }),
      });
      if (container !== undefined) containers.set(plan.name, container);
    }
  }
}

/** Services after those that they start after. A circle is a mistake in the declarations. */
export function inStartOrder(services: readonly ServicePlan[]): ServicePlan[] {
  const ordered: ServicePlan[] = [];
  const visit = (plan: ServicePlan, path: readonly string[]): void => {
    if (ordered.includes(plan)) return;
    if (path.includes(plan.name))
      throw new Error(`services start after each other in a circle: ${[...path, plan.name].join(" -> ")}`);
    for (const name of plan.service.startsAfter) {
      const earlier = services.find((other) => other.name === name);
      if (earlier !== undefined) visit(earlier, [...path, plan.name]);
    }
    ordered.push(plan);
  };
  for (const plan of services) visit(plan, []);
  return ordered;
}
