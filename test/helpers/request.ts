/** Reads the parts of a registration request that protobuf spells awkwardly. */

import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { decode, type RecordedAlias, type RecordedOptions, type ResourceRef } from "./graph";

/** The one method used of a protobuf map. */
interface StringMap {
  forEach(visit: (value: string, key: string) => void): void;
}

/**
 * The resource options. Protobuf cannot tell "empty" from "not set", so an empty list or text counts as not
 * set.
 */
export function optionsOf(req: RegisterResourceRequest): RecordedOptions {
  return defined({
    protect: req.hasProtect() ? req.getProtect() : undefined,
    retainOnDelete: req.hasRetainondelete() ? req.getRetainondelete() : undefined,
    deleteBeforeReplace: req.getDeletebeforereplacedefined() ? req.getDeletebeforereplace() : undefined,
    ignoreChanges: list(req.getIgnorechangesList()),
    replaceOnChanges: list(req.getReplaceonchangesList()),
    hideDiffs: list(req.getHidediffsList()),
    replaceWith: list(req.getReplaceWithList()),
    replacementTrigger: req.hasReplacementTrigger()
      ? decode(req.getReplacementTrigger()?.toJavaScript())
      : undefined,
    deletedWith: text(req.getDeletedwith()),
    aliases: list(req.getAliasesList().map(aliasOf)),
    additionalSecretOutputs: list(req.getAdditionalsecretoutputsList()),
    customTimeouts: timeoutsOf(req),
    hooks: hooksOf(req),
    import: text(req.getImportid()),
    version: text(req.getVersion()),
  });
}

/** A provider reference is the provider's URN and id, joined by "::"; the id says nothing in a test. */
export function providerRef(reference: string): { provider?: ResourceRef } {
  return reference === "" ? {} : { provider: resourceRef(reference) };
}

export function providerMap(map: StringMap): Record<string, ResourceRef> {
  const refs: Record<string, ResourceRef> = {};
  map.forEach((reference, pkg) => (refs[pkg] = resourceRef(reference)));
  return refs;
}

export function dependencyMap(req: RegisterResourceRequest): Record<string, string[]> {
  const result: Record<string, string[]> = {};
  req.getPropertydependenciesMap().forEach((dependencies, key) => {
    const urns = [...dependencies.getUrnsList()].sort();
    if (urns.length > 0) result[key] = urns;
  });
  return result;
}

function resourceRef(reference: string): ResourceRef {
  const urn = reference.slice(0, reference.lastIndexOf("::"));
  return { urn, name: urn.slice(urn.lastIndexOf("::") + 2) };
}

function aliasOf(alias: ReturnType<RegisterResourceRequest["getAliasesList"]>[number]): RecordedAlias {
  const spec = alias.getSpec();
  if (spec === undefined) return alias.getUrn();
  return defined({
    name: text(spec.getName()),
    type: text(spec.getType()),
    stack: text(spec.getStack()),
    project: text(spec.getProject()),
    parent: text(spec.getParenturn()),
    noParent: spec.getNoparent() ? (true as const) : undefined,
  });
}

function timeoutsOf(req: RegisterResourceRequest): Record<string, string> | undefined {
  const timeouts = req.getCustomtimeouts();
  return record({
    create: text(timeouts?.getCreate()),
    update: text(timeouts?.getUpdate()),
    delete: text(timeouts?.getDelete()),
    read: text(timeouts?.getRead()),
  });
}

function hooksOf(req: RegisterResourceRequest): Record<string, string[]> | undefined {
  const hooks = req.getHooks();
  return record({
    beforeCreate: list(hooks?.getBeforeCreateList()),
    afterCreate: list(hooks?.getAfterCreateList()),
    beforeUpdate: list(hooks?.getBeforeUpdateList()),
    afterUpdate: list(hooks?.getAfterUpdateList()),
    beforeDelete: list(hooks?.getBeforeDeleteList()),
    afterDelete: list(hooks?.getAfterDeleteList()),
    onError: list(hooks?.getOnErrorList()),
  });
}

function text(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

function list<T>(values: T[] | undefined): T[] | undefined {
  return values === undefined || values.length === 0 ? undefined : [...values];
}

function record<T>(fields: Record<string, T | undefined>): Record<string, T> | undefined {
  const present = defined(fields) as Record<string, T>;
  return Object.keys(present).length === 0 ? undefined : present;
}

/** Drops the undefined fields, and tells the type checker so. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
