/**
 * A small Pulumi engine that deploys nothing: it records every request and answers like the real one would.
 * `recorder.ts` plugs it straight into the SDK, `engine.ts` serves it over gRPC to a separate process.
 */

import { createHash } from "node:crypto";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engproto from "@pulumi/pulumi/proto/engine_pb";
import * as resproto from "@pulumi/pulumi/proto/resource_pb";
import { dependencyMap, optionsOf, providerMap, providerRef } from "./request";
import {
  decodeObject,
  encodeObject,
  isSecret,
  secret,
  UNKNOWN,
  unwrap,
  type RecordedHook,
  type RecordedInvoke,
  type RecordedLog,
  type RecordedResource,
} from "./graph";

/** Computed outputs of a resource after deployment; an `id` among them replaces the made-up one. */
export type Known = (
  type: string,
  name: string,
  inputs: Record<string, unknown>,
) => Record<string, unknown> | undefined;

/** Answers a provider function; undefined means "not mocked", which fails the run. */
export type Invoke = (token: string, args: Record<string, unknown>) => Record<string, unknown> | undefined;

export interface MonitorSettings {
  project: string;
  stack: string;
  dryRun: boolean;
  known?: Known | undefined;
  invoke?: Invoke | undefined;
}

/** A request handler. Both transports call it the same way; what it throws becomes the caller's error. */
export type Handler = (request: never) => unknown;

const F = resproto.ResourceMonitorFeature;
/**
 * Output values stay off so that inputs arrive as plain values with secret markers. Transforms stay off
 * because nothing here runs them: a program that registers one fails loudly instead of being recorded
 * untransformed.
 */
const FEATURES = [
  F.RESOURCE_MONITOR_FEATURE_SECRETS,
  F.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  F.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  F.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
  F.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  F.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
  F.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
  F.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
  F.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
];

export class FakeMonitor {
  readonly resources: RecordedResource[] = [];
  readonly invokes: RecordedInvoke[] = [];
  readonly hooks: RecordedHook[] = [];
  readonly logs: RecordedLog[] = [];
  /** Problems a real run would stop for, even if the program catches the error. */
  readonly failures: string[] = [];
  stackOutputs: Record<string, unknown> = {};
  /** Counts requests, so that a caller can tell whether the program is still busy. */
  activity = 0;

  private readonly byUrn = new Map<string, RecordedResource>();

  constructor(private readonly settings: MonitorSettings) {}

  readonly monitorHandlers: Record<string, Handler> = {
    getDeploymentInfo: () => new resproto.DeploymentInfo().setSupportedfeaturesList(FEATURES),
    registerResource: (req: resproto.RegisterResourceRequest) => this.register(req),
    readResource: (req: resproto.ReadResourceRequest) => this.read(req),
    registerResourceOutputs: (req: resproto.RegisterResourceOutputsRequest) => this.outputs(req),
    invoke: (req: resproto.ResourceInvokeRequest) => this.invoke(req),
    registerResourceHook: (req: resproto.RegisterResourceHookRequest) =>
      this.hook({ name: req.getName(), kind: "resource", onDryRun: req.getOnDryRun() }),
    registerErrorHook: (req: resproto.RegisterErrorHookRequest) =>
      this.hook({ name: req.getName(), kind: "error", onDryRun: false }),
    registerPackage: () => new resproto.RegisterPackageResponse().setRef("fake-package"),
    signalAndWaitForShutdown: () => new Empty(),
  };

  readonly engineHandlers: Record<
    keyof Pick<EngineClient, "log" | "getRootResource" | "setRootResource">,
    Handler
  > = {
    log: (req: engproto.LogRequest) => this.log(req),
    getRootResource: () => new engproto.GetRootResourceResponse(),
    setRootResource: () => new engproto.SetRootResourceResponse(),
  };

  /** @throws Error as the engine does, where a name is taken. */
  hook(hook: RecordedHook): Empty {
    if (this.hooks.some(({ name }) => name === hook.name))
      throw new Error(`resource hook already registered for name "${hook.name}"`);
    this.hooks.push(hook);
    return new Empty();
  }

  private register(req: resproto.RegisterResourceRequest): resproto.RegisterResourceResponse {
    this.activity++;
    const wire = req.getObject()?.toJavaScript() ?? {};
    const resource = this.add({
      ...this.identity(req.getType(), req.getName(), req.getParent()),
      custom: req.getCustom(),
      read: false,
      inputs: decodeObject(wire),
      ...providerRef(req.getProvider()),
      providers: providerMap(req.getProvidersMap()),
      dependencies: [...req.getDependenciesList()].sort(),
      propertyDependencies: dependencyMap(req),
      options: optionsOf(req),
    });
    if (!resource.custom) {
      return new resproto.RegisterResourceResponse()
        .setUrn(resource.urn)
        .setObject(Struct.fromJavaScript(wire));
    }
    const { id, ...computed } = this.computed(resource);
    // Inputs go back exactly as they came: re-encoding them could alter a value that only looks special.
    const answer = { ...wire, ...encodeObject(computed) };
    resource.outputs = decodeObject(answer);
    return new resproto.RegisterResourceResponse()
      .setUrn(resource.urn)
      .setId(id)
      .setObject(Struct.fromJavaScript(answer as never));
  }

  private read(req: resproto.ReadResourceRequest): resproto.ReadResourceResponse {
    this.activity++;
    const resource = this.add({
      ...this.identity(req.getType(), req.getName(), req.getParent()),
      custom: true,
      read: true,
      inputs: { ...decodeObject(req.getProperties()?.toJavaScript() ?? {}), id: req.getId() },
      ...providerRef(req.getProvider()),
      providers: {},
      dependencies: [...req.getDependenciesList()].sort(),
      propertyDependencies: {},
      options: req.getVersion() === "" ? {} : { version: req.getVersion() },
    });
    const known = this.settings.known?.(resource.type, resource.name, resource.inputs) ?? {};
    resource.outputs = { ...resource.inputs, ...known };
    return new resproto.ReadResourceResponse()
      .setUrn(resource.urn)
      .setProperties(Struct.fromJavaScript(encodeObject(resource.outputs) as never));
  }

  private outputs(req: resproto.RegisterResourceOutputsRequest): Empty {
    this.activity++;
    const resource = this.byUrn.get(req.getUrn());
    if (resource === undefined) throw this.fail(`outputs of an unknown resource: ${req.getUrn()}`);
    resource.outputs = decodeObject(req.getOutputs()?.toJavaScript() ?? {});
    if (resource.type === "pulumi:pulumi:Stack") this.stackOutputs = resource.outputs;
    return new Empty();
  }

  private invoke(req: resproto.ResourceInvokeRequest): resproto.ResourceInvokeResponse {
    this.activity++;
    const token = req.getTok();
    const args = decodeObject(req.getArgs()?.toJavaScript() ?? {});
    const answer = this.settings.invoke?.(token, args);
    this.invokes.push({ token, args, answered: answer !== undefined });
    if (answer === undefined) throw this.fail(`the provider function ${token} is not mocked`);
    return new resproto.ResourceInvokeResponse().setReturn(
      Struct.fromJavaScript(encodeObject(answer) as never),
    );
  }

  private log(req: engproto.LogRequest): Empty {
    const severity = (["debug", "info", "warning", "error"] as const)[req.getSeverity()] ?? "error";
    // The SDK logs every step at debug level; none of it concerns the user.
    if (severity !== "debug") this.logs.push({ severity, message: req.getMessage(), urn: req.getUrn() });
    return new Empty();
  }

  private identity(
    type: string,
    name: string,
    parent: string,
  ): Pick<RecordedResource, "type" | "name" | "urn"> {
    const parentChain = parent.split("::")[2] ?? "";
    const chain =
      parentChain === "" || parentChain === "pulumi:pulumi:Stack" ? type : `${parentChain}$${type}`;
    const urn = `urn:pulumi:${this.settings.stack}::${this.settings.project}::${chain}::${name}`;
    return { type, name, urn, ...(parent === "" ? {} : { parent }) };
  }

  private add(resource: RecordedResource): RecordedResource {
    if (this.byUrn.has(resource.urn)) throw this.fail(`Duplicate resource URN '${resource.urn}'`);
    this.byUrn.set(resource.urn, resource);
    this.resources.push(resource);
    return resource;
  }

  /**
   * What the engine knows on top of the inputs. In a preview that is nothing but which outputs are secret.
   */
  private computed(resource: RecordedResource): Record<string, unknown> & { id: string } {
    const secretOutputs = resource.options.additionalSecretOutputs ?? [];
    if (this.settings.dryRun) {
      const unknown = secretOutputs.filter((key) => !(key in resource.inputs));
      return { id: "", ...Object.fromEntries(unknown.map((key) => [key, secret(UNKNOWN)])) };
    }
    const outputs: Record<string, unknown> = {
      ...generatedSecret(resource),
      ...this.settings.known?.(resource.type, resource.name, resource.inputs),
    };
    for (const key of secretOutputs)
      if (key in outputs && !isSecret(outputs[key])) outputs[key] = secret(outputs[key]);
    const { id } = outputs;
    return {
      ...outputs,
      id: typeof id === "string" ? id : (resource.options.import ?? `${resource.name}-id`),
    };
  }

  private fail(message: string): Error {
    this.failures.push(message);
    return new Error(message);
  }
}

/** Passwords are made up from the URN: different for each resource, the same in every run. */
function generatedSecret(resource: RecordedResource): Record<string, unknown> {
  if (resource.type !== "random:index/randomPassword:RandomPassword") return {};
  const length = Number(unwrap(resource.inputs["length"])) || 32;
  const hex = createHash("sha512").update(resource.urn).digest("hex");
  return { result: secret(hex.repeat(Math.ceil(length / hex.length)).slice(0, length)) };
}
