/** What a unit needs before it can start: its files, its volumes' owners, programs of other images. */
import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { ToolPlan } from "../../stacks/topology/types";
import type { Owner } from "../services/service";
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
import { createContainer, identityLabels, type UnitContext } from "./resource";

/** A volume where a container sees it. */
export interface Mount {
  volume: docker.Volume;
  path: string;
}

/** What is supplied to a unit. */
export interface Supplied {
  service: string;
  user: Owner;
  volumes: readonly Mount[];
  /** Ships busybox beside the files. */
  shell: boolean;
  /** Programs of other images, beside the files. */
  tools: readonly ToolPlan[];
  /** Before anything of it changes. */
  after: readonly pulumi.Resource[];
}

export function createPreparation(
  name: string,
  { user, service, volumes, shell, tools, after }: Supplied,
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
    {
      image: context.toolsImage,
      plan: {
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
      dependsOn: after,
      uploads: files.map(({ name: file, content }) => ({
        file: `${stagingPath}/${file}`,
        content,
        permissions: "0400",
      })),
    },
    context,
    parent,
  );
}

/** Copies a program out of its image, beside the files: that image has a shell, and the program no libraries. */
export function createShipment(
  name: string,
  { service, after }: Supplied,
  tool: ToolPlan,
  filesVolume: docker.Volume,
  context: UnitContext,
  parent: pulumi.Resource,
): docker.Container {
  const program = toolName(tool);
  return createContainer(
    `${name}-${program}`,
    {
      image: tool.image,
      plan: {
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
      dependsOn: after,
    },
    context,
    parent,
  );
}

/** A program's name beside the files. */
const toolName = ({ path }: ToolPlan): string => path.slice(path.lastIndexOf("/") + 1);
