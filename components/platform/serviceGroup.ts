import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Opening } from "../../stacks/topology/types";
import type { JobPlan, ServicePlan } from "../../stacks/topology";
import { isKept, type Sandbox } from "../services/service";
import { text } from "../services/text";
import { resolve } from "./late";
import { jobHealth } from "./prepare";
import { identityLabels, labelList, type UnitContext } from "./resource";
import type { Mount } from "./supply";
import { createUnit, shellPath, type UnitArgs } from "./unit";

/** A network as one service sees it. */
export interface ServiceNetwork {
  name: pulumi.Input<string>;
  /** The service's own: here, and only here, others find it by its name. */
  own: boolean;
  /** Leads out of the machine. */
  outside: boolean;
}

export interface StartArgs {
  /** Networks that the service is on. */
  networks: readonly ServiceNetwork[];
  openings: readonly Opening[];
  /** Containers that must be healthy first. */
  startsAfter: readonly docker.Container[];
  /** What must be done before anything of it changes. */
  after: readonly pulumi.Resource[];
  /** Other services' volumes that it sees. */
  sees: readonly Mount[];
  /** What stands between it and data. */
  guard: Pick<UnitArgs, "hooks" | "labels">;
}

/** One service on its host: its volumes first, since others may see them; then its container and jobs. */
export class ServiceGroup extends pulumi.ComponentResource {
  /** By their names. */
  readonly volumes: ReadonlyMap<string, docker.Volume>;

  constructor(
    private readonly plan: ServicePlan,
    protectData: boolean,
    private readonly context: UnitContext,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("muster:platform:Service", plan.name, {}, opts);
    this.volumes = this.createVolumes(protectData);
  }

  /** Creates its container and jobs, and returns the container. */
  start(args: StartArgs): docker.Container {
    const container = this.createService(args);
    for (const plan of this.plan.jobs) this.createJob(plan, args, container);
    this.registerOutputs();
    return container;
  }

  private createVolumes(protectData: boolean): Map<string, docker.Volume> {
    const { plan, context } = this;
    return new Map(
      plan.volumes.map((volume) => {
        const keep = protectData && isKept(volume);
        const child = `${plan.name}-${volume.name}`;
        const resource = new docker.Volume(
          child,
          {
            name: `${context.prefix}-${child}`,
            labels: labelList(identityLabels(plan.name, context)),
            ...(volume.folder === undefined ? {} : boundTo(volume.folder)),
          },
          {
            parent: this,
            ...(keep ? keptOptions(context) : { ...context.placed, deleteBeforeReplace: true }),
          },
        );
        return [volume.name, resource] as const;
      }),
    );
  }

  private createService({
    networks,
    openings,
    startsAfter,
    after,
    sees,
    guard,
  }: StartArgs): docker.Container {
    const { service, name, needs, image, spec, tools } = this.plan;
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
        volumes: this.mounts(),
        sees,
        after,
        shell: service.shell ?? false,
        tools,
        networks: networks.map(({ own, ...network }) => ({
          name: network.name,
          ...(own ? { alias: name } : {}),
        })),
        ports: openings.map((opening) => ({
          ...opening,
          bind:
            typeof opening.bind === "string"
              ? opening.bind
              : resolve(text`${opening.bind}`, this.context.values),
        })),
        health: service.health,
        lifetime: "service",
        stopGraceSeconds: service.stopGraceSeconds,
        dependsOn: startsAfter,
        ...guard,
      },
      this.context,
      this,
    );
  }

  private createJob(
    { job, image, spec }: JobPlan,
    { networks }: StartArgs,
    container: docker.Container,
  ): void {
    const { plan, context } = this;
    const name = `${plan.name}-${job.name}`;
    const sandbox: Sandbox = job.sandbox ?? {};
    const reachable = networks.filter(({ outside }) =>
      outside ? sandbox.egress !== undefined : job.connects === true,
    );
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
        volumes: this.mounts(job.volumes),
        sees: [],
        after: [],
        shell: job.shell,
        tools: [],
        networks: reachable.map((network) => ({ name: network.name })),
        ports: [],
        health: jobHealth(job.timeoutSeconds, job.shell ? [shellPath] : []),
        lifetime: "job",
        stopGraceSeconds: 5,
        dependsOn: [container],
      },
      context,
      this,
    );
  }

  /** Its volumes, or those of some names, where they are mounted. */
  private mounts(names?: readonly string[]): Mount[] {
    return this.plan.volumes.flatMap(({ name, path }) => {
      const volume = this.volumes.get(name);
      return volume === undefined || names?.includes(name) === false ? [] : [{ volume, path }];
    });
  }
}

/**
 * What is kept outlives its machine, and is found again by its name on another one. On a machine of ours, the data
 * disk is what is protected: a protected volume would keep the machine.
 */
const keptOptions = ({ placed, ownsMachine }: UnitContext): pulumi.CustomResourceOptions => ({
  provider: placed.provider,
  protect: !ownsMachine,
  retainOnDelete: true,
});

/** A folder of the host as a volume. */
const boundTo = (folder: string): Pick<docker.VolumeArgs, "driver" | "driverOpts"> => ({
  driver: "local",
  driverOpts: { type: "none", o: "bind", device: folder },
});
