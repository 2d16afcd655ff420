import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Opening } from "../../stacks/topology/types";
import type { JobPlan, ServicePlan } from "../../stacks/topology";
import type { Sandbox } from "../services/service";
import { jobHealth } from "./prepare";
import { createUnit, identityLabels, labelList, shellPath, type UnitContext } from "./unit";

/** A network as one service sees it. */
export interface ServiceNetwork {
  name: pulumi.Input<string>;
  /** The service's own: here, and only here, others find it by its name. */
  own: boolean;
  /** Leads out of the machine. */
  outside: boolean;
}

export interface ServiceGroupArgs {
  plan: ServicePlan;
  /** Networks that the service is on. */
  networks: readonly ServiceNetwork[];
  openings: readonly Opening[];
  /** Containers that must be healthy first. */
  startsAfter: readonly docker.Container[];
  protectData: boolean;
  context: UnitContext;
}

/** One service on its host: volumes, container, jobs. */
export class ServiceGroup extends pulumi.ComponentResource {
  readonly container: docker.Container;

  constructor(name: string, args: ServiceGroupArgs, opts?: pulumi.ComponentResourceOptions) {
    super("muster:platform:Service", name, {}, opts);
    const volumes = this.createVolumes(args);
    this.container = this.createService(name, args, volumes);
    for (const plan of args.plan.jobs) this.createJob(plan, args, volumes);
    this.registerOutputs();
  }

  private createVolumes({ plan, protectData, context }: ServiceGroupArgs): Map<string, docker.Volume> {
    return new Map(
      plan.volumes.map((volume) => {
        const keep = protectData && volume.backup !== "none";
        const child = `${plan.name}-${volume.name}`;
        const resource = new docker.Volume(
          child,
          { name: `${context.prefix}-${child}`, labels: labelList(identityLabels(plan.name, context)) },
          { parent: this, provider: context.provider, protect: keep, retainOnDelete: keep },
        );
        return [volume.name, resource] as const;
      }),
    );
  }

  private createService(
    name: string,
    { plan, networks, openings, startsAfter, context }: ServiceGroupArgs,
    volumes: ReadonlyMap<string, docker.Volume>,
  ): docker.Container {
    const { service, needs, image, spec } = plan;
    return createUnit(
      name,
      {
        service: name,
        image,
        user: service.user,
        memoryMiB: needs.memoryMiB,
        cpus: needs.cpus,
        sandbox: service.sandbox,
        spec,
        volumes: mountsOf(plan, volumes),
        shell: service.shell ?? false,
        networks: networks.map(({ own, ...network }) => ({
          name: network.name,
          ...(own ? { alias: name } : {}),
        })),
        ports: openings,
        health: service.health,
        lifetime: "service",
        stopGraceSeconds: service.stopGraceSeconds,
        dependsOn: startsAfter,
      },
      context,
      this,
    );
  }

  private createJob(
    { job, image, spec }: JobPlan,
    { plan, networks, context }: ServiceGroupArgs,
    volumes: ReadonlyMap<string, docker.Volume>,
  ): void {
    const name = `${plan.name}-${job.name}`;
    const sandbox: Sandbox = job.sandbox ?? {};
    const reachable = networks.filter(({ outside }) => outside && sandbox.egress !== undefined);
    createUnit(
      name,
      {
        service: plan.name,
        image,
        user: plan.service.user,
        memoryMiB: job.memoryMiB,
        cpus: 0.1,
        sandbox,
        spec,
        volumes: mountsOf(plan, volumes).filter((_, index) =>
          job.volumes.includes(plan.volumes[index]?.name ?? ""),
        ),
        shell: job.shell,
        networks: reachable.map((network) => ({ name: network.name })),
        ports: [],
        health: jobHealth(job.timeoutSeconds, job.shell ? [shellPath] : []),
        lifetime: "job",
        stopGraceSeconds: 5,
        dependsOn: [this.container],
      },
      context,
      this,
    );
  }
}

function mountsOf(
  { volumes }: ServicePlan,
  resources: ReadonlyMap<string, docker.Volume>,
): { volume: docker.Volume; path: string }[] {
  return volumes.flatMap(({ name, path }) => {
    const volume = resources.get(name);
    return volume === undefined ? [] : [{ volume, path }];
  });
}
