/**
 * A container with all that it stands on: its files placed, its volumes owned, its image pulled first.
 * Services and jobs are both made of it.
 */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ImagePlan } from "../../stacks/topology";
import type { ToolPlan } from "../../stacks/topology/types";
import { labels } from "../host/engine";
import { type ContainerSpec, filesPath } from "../services/service";
import { type ContainerPlan, containerArgs, filesMount, replacedOnChange } from "./container";
import { fingerprint, type LateValues, resolve } from "./late";
import {
  filesTarget,
  jobHealth,
  prepareSandbox,
  prepareScript,
  shipSandbox,
  shipScript,
  stagingPath,
  volumeTarget,
} from "./prepare";

/** What all units of one host share. */
export interface UnitContext {
  /** Start of every physical name, such as `muster-local`. */
  prefix: string;
  stack: string;
  instance: pulumi.Input<string>;
  fingerprintKey: pulumi.Input<string>;
  provider: docker.Provider;
  /** An image, pulled before anything that runs it is replaced. */
  pulled: (image: ImagePlan) => docker.RemoteImage;
  toolsImage: ImagePlan;
  values: LateValues;
  onError: pulumi.ErrorHook;
}

/** A volume where a container sees it. */
export interface Mount {
  volume: docker.Volume;
  path: string;
}

/** What one unit is, beyond its container's spec. */
export interface UnitArgs extends Omit<
  ContainerPlan,
  "name" | "image" | "environment" | "labels" | "mounts" | "entrypoint" | "command"
> {
  service: string;
  image: ImagePlan;
  spec: ContainerSpec;
  volumes: readonly Mount[];
  /** Other services' volumes, read-only. */
  sees: readonly Mount[];
  /** Ships busybox beside the files. */
  shell: boolean;
  /** Programs of other images, beside the files. */
  tools: readonly ToolPlan[];
  dependsOn: readonly pulumi.Resource[];
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
        { parent, provider: context.provider },
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
    args.image,
    {
      ...args,
      name: `${context.prefix}-${name}`,
      entrypoint: spec.entrypoint,
      command: spec.command,
      environment: Object.keys(spec.environment)
        .sort()
        .map((key) => pulumi.interpolate`${key}=${resolve(spec.environment[key] ?? "", context.values)}`),
      labels: {
        ...identityLabels(args.service, context),
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
    [...args.dependsOn, ...(prepare === undefined ? [] : [prepare]), ...shipments],
    context,
    parent,
  );
}

function createPreparation(
  name: string,
  { user, service, volumes, shell, tools }: UnitArgs,
  files: { name: string; mode: number; content: pulumi.Input<string> }[],
  filesVolume: docker.Volume | undefined,
  context: UnitContext,
  parent: pulumi.Resource,
): docker.Container {
  const script = prepareScript({
    owner: user,
    files,
    shell,
    tools: tools.map(toolName),
    volumeCount: volumes.length,
  });
  return createContainer(
    `${name}-prepare`,
    context.toolsImage,
    {
      name: `${context.prefix}-${name}-prepare`,
      user: { uid: 0, gid: 0 },
      memoryMiB: 32,
      cpus: 0.1,
      sandbox: prepareSandbox,
      entrypoint: ["/bin/busybox", "sh", "-c"],
      command: [script],
      environment: [],
      labels: identityLabels(service, context),
      mounts: [
        ...volumes.map(({ volume }, index) => ({
          volume: volume.name,
          path: volumeTarget(index),
          readOnly: false,
        })),
        ...(filesVolume === undefined
          ? []
          : [{ volume: filesVolume.name, path: filesTarget, readOnly: false }]),
      ],
      networks: [],
      ports: [],
      health: jobHealth(60),
      lifetime: "job",
      stopGraceSeconds: 1,
    },
    [],
    context,
    parent,
    files.map(({ name: file, content }) => ({
      file: `${stagingPath}/${file}`,
      content,
      permissions: "0400",
    })),
  );
}

/** Copies a program out of its image, beside the files: that image has a shell, and the program no libraries. */
function createShipment(
  name: string,
  { service }: UnitArgs,
  tool: ToolPlan,
  filesVolume: docker.Volume,
  context: UnitContext,
  parent: pulumi.Resource,
): docker.Container {
  const program = toolName(tool);
  return createContainer(
    `${name}-${program}`,
    tool.image,
    {
      name: `${context.prefix}-${name}-${program}`,
      user: { uid: 0, gid: 0 },
      memoryMiB: 64,
      cpus: 0.1,
      sandbox: shipSandbox,
      entrypoint: ["/bin/sh", "-c"],
      command: [shipScript(tool.path, program)],
      environment: [],
      labels: identityLabels(service, context),
      mounts: [{ volume: filesVolume.name, path: filesTarget, readOnly: false }],
      networks: [],
      ports: [],
      health: jobHealth(60),
      lifetime: "job",
      stopGraceSeconds: 1,
    },
    [],
    context,
    parent,
  );
}

/** A program's name beside the files. */
const toolName = ({ path }: ToolPlan): string => path.slice(path.lastIndexOf("/") + 1);

function createContainer(
  name: string,
  image: ImagePlan,
  plan: Omit<ContainerPlan, "image">,
  dependsOn: readonly pulumi.Resource[],
  context: UnitContext,
  parent: pulumi.Resource,
  uploads: docker.types.input.ContainerUpload[] = [],
): docker.Container {
  return new docker.Container(
    name,
    { ...containerArgs({ ...plan, image: image.reference }), ...(uploads.length === 0 ? {} : { uploads }) },
    {
      parent,
      provider: context.provider,
      dependsOn: [context.pulled(image), ...dependsOn],
      // Names and ports can't be held twice; the provider asks for it only for its own replacements.
      deleteBeforeReplace: true,
      replaceOnChanges: replacedOnChange,
      hooks: { onError: [context.onError] },
    },
  );
}

export const identityLabels = (service: string, { stack, instance }: UnitContext) => ({
  [labels.stack]: stack,
  [labels.instance]: instance,
  [labels.service]: service,
});

export const labelList = (all: Readonly<Record<string, pulumi.Input<string>>>) =>
  Object.entries(all).map(([label, value]) => ({ label, value }));

/** Where busybox stands in a unit that has it. */
export const shellPath = `${filesPath}/busybox`;
