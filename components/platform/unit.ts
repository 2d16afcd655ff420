/**
 * A container with all that it stands on: its files placed, its volumes owned, its image pulled first.
 * Services and jobs are both made of it.
 */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ImagePlan } from "../../stacks/topology";
import { labels } from "../host/engine";
import { type ContainerSpec, filesPath } from "../services/service";
import { type ContainerPlan, filesMount } from "./container";
import { fingerprint, resolve } from "./late";
import { createContainer, identityLabels, labelList, type UnitContext } from "./resource";
import { createPreparation, createShipment, type Mount, type Supplied } from "./supply";

/** What one unit is, beyond its container's spec. */
export interface UnitArgs
  extends
    Supplied,
    Omit<ContainerPlan, "name" | "image" | "environment" | "labels" | "mounts" | "entrypoint" | "command"> {
  image: ImagePlan;
  spec: ContainerSpec;
  /** Other services' volumes, read-only. */
  sees: readonly Mount[];
  dependsOn: readonly pulumi.Resource[];
  labels?: Readonly<Record<string, string>>;
  /** What the engine asks before it acts on the container. */
  hooks?: pulumi.ResourceHookBinding;
}

const secretFileMode = 0o400;

/** Creates the unit's resources under `parent` and returns its container. */
export function createUnit(
  name: string,
  args: UnitArgs,
  context: UnitContext,
  parent: pulumi.Resource,
): docker.Container {
  const { spec, volumes, sees, tools } = args;
  const files = (spec.files ?? []).map((file) => ({
    name: file.name,
    mode: file.mode ?? secretFileMode,
    content: resolve(file.content, context.values),
    replaces: file.reloaded === undefined,
  }));
  const hasFiles = files.length > 0 || args.shell || tools.length > 0;
  const filesVolume = hasFiles
    ? new docker.Volume(
        `${name}-files`,
        { name: `${context.prefix}-${name}-files`, labels: labelList(identityLabels(args.service, context)) },
        { parent, ...context.placed, deleteBeforeReplace: true },
      )
    : undefined;
  const prepare =
    filesVolume !== undefined || volumes.length > 0
      ? createPreparation(name, args, files, filesVolume, context, parent)
      : undefined;
  const shipments =
    filesVolume === undefined
      ? []
      : tools.map((tool) => createShipment(name, args, tool, filesVolume, context, parent));

  return createContainer(
    name,
    {
      image: args.image,
      plan: {
        ...args,
        name: `${context.prefix}-${name}`,
        entrypoint: spec.entrypoint,
        command: spec.command,
        environment: Object.keys(spec.environment)
          .sort()
          .map((key) => pulumi.interpolate`${key}=${resolve(spec.environment[key] ?? "", context.values)}`),
        labels: {
          ...identityLabels(args.service, context),
          ...args.labels,
          ...(hasFiles
            ? {
                [labels.files]: fingerprint(
                  context.fingerprintKey,
                  files
                    .filter(({ replaces }) => replaces)
                    .flatMap(({ name: file, mode, content }) => [`${file} ${mode}`, content]),
                ),
              }
            : {}),
        },
        mounts: [
          ...volumes.map(({ volume, path }) => ({ volume: volume.name, path, readOnly: false })),
          ...sees.map(({ volume, path }) => ({ volume: volume.name, path, readOnly: true })),
          ...(filesVolume === undefined ? [] : [filesMount(filesVolume.name)]),
        ],
      },
      dependsOn: [
        ...args.after,
        ...args.dependsOn,
        ...(prepare === undefined ? [] : [prepare]),
        ...shipments,
      ],
      ...(args.hooks === undefined ? {} : { hooks: args.hooks }),
    },
    context,
    parent,
  );
}

/** Where busybox stands in a unit that has it. */
export const shellPath = `${filesPath}/busybox`;
