/** One container as a resource, with the options that every container of a stack gets. */
import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { ImagePlan } from "../../stacks/topology";
import { labels } from "../host/engine";
import { type ContainerPlan, containerArgs, replacedOnChange } from "./container";
import type { LateValues } from "./late";

/** What all units of one host share. */
export interface UnitContext {
  /** Start of every physical name, such as `muster-local`. */
  prefix: string;
  stack: string;
  instance: pulumi.Input<string>;
  fingerprintKey: pulumi.Input<string>;
  /** Options that put something on the host, and bind it to its machine. */
  placed: { provider: docker.Provider } & Pick<
    pulumi.CustomResourceOptions,
    "replacementTrigger" | "deletedWith"
  >;
  /** Whether the machine is ours to throw away, and its data disk is what keeps the data. */
  ownsMachine: boolean;
  /** An image, pulled before anything that runs it is replaced. */
  pulled: (image: ImagePlan) => docker.RemoteImage;
  toolsImage: ImagePlan;
  values: LateValues;
  onError: pulumi.ErrorHook;
}

/** A container and what it stands on. */
export interface ResourceArgs {
  image: ImagePlan;
  plan: Omit<ContainerPlan, "image">;
  dependsOn?: readonly pulumi.Resource[];
  uploads?: docker.types.input.ContainerUpload[];
  /** What the engine asks before it acts. */
  hooks?: pulumi.ResourceHookBinding;
}

export function createContainer(
  name: string,
  { image, plan, dependsOn = [], uploads = [], hooks = {} }: ResourceArgs,
  context: UnitContext,
  parent: pulumi.Resource,
): docker.Container {
  return new docker.Container(
    name,
    { ...containerArgs({ ...plan, image: image.reference }), ...(uploads.length === 0 ? {} : { uploads }) },
    {
      parent,
      ...context.placed,
      dependsOn: [context.pulled(image), ...dependsOn],
      // Names and ports can't be held twice; the provider asks for it only for its own replacements.
      deleteBeforeReplace: true,
      replaceOnChanges: replacedOnChange,
      hooks: { ...hooks, onError: [context.onError] },
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
