/** Changes to a stack's state that the engine has no verb for. Pure, but for the last. */
import { UserError } from "./errors";
import { capturePulumi } from "./pulumi";
import type { StackState } from "./state";

/** A resource as an exported deployment has it, with what is changed here. */
export interface ExportedResource {
  urn: string;
  type: string;
  protect?: boolean;
  retainOnDelete?: boolean;
  pendingReplacement?: boolean;
  parent?: string;
  deletedWith?: string;
  dependencies?: string[];
  propertyDependencies?: Record<string, string[] | null>;
}
export interface ExportedDeployment {
  deployment: { resources?: ExportedResource[] } | null;
}

/** What the engine leaves to its owner when it deletes everything else, and what people call it. */
const keptTypes: Readonly<Record<string, string>> = {
  "digitalocean:index/volume:Volume": "disk",
  "digitalocean:index/reservedIp:ReservedIp": "address",
  "aws:ebs/volume:Volume": "disk",
  "aws:kms/key:Key": "key of the disk",
  "aws:ec2/eip:Eip": "address",
};

/** What of a stack's machines is lost with `released`, in words. */
export const lostWithData = ({ resources }: Pick<StackState, "resources">): string[] =>
  resources.flatMap(({ type, urn, id, outputs = {} }) => {
    const kind = keptTypes[type];
    if (kind === undefined) return [];
    const { name, size, ipAddress, publicIp } = outputs;
    const called = [ipAddress, publicIp, name, id].find((text) => typeof text === "string");
    const sized = typeof size === "number" ? `, ${size} GiB, with all that is on it` : "";
    return [`the ${kind} ${called ?? urn.split("::").at(-1) ?? ""}${sized}`];
  });

/** The same, with nothing that would outlive a destroy: neither protected, nor left behind. */
export const released = <T extends ExportedDeployment>(exported: T): T =>
  changed(exported, (resources) =>
    resources.map((resource) => ({
      ...resource,
      protect: false,
      ...(resource.type in keptTypes ? { retainOnDelete: false } : {}),
    })),
  );

/**
 * Whether a machine's replacement stopped before the new one was there. Where the old one was deleted, no update would
 * ever get past it; where it wasn't, all that was on it counts as deleted, and may be there.
 */
export const isStuck = ({ deployment }: ExportedDeployment): boolean =>
  (deployment?.resources ?? []).some(
    ({ urn, deletedWith = "", pendingReplacement }) =>
      pendingReplacement === true && (isMachine(urn) || isMachine(deletedWith)),
  );

const isMachine = (urn: string): boolean => /::machine-[a-z]+$/.test(urn);

/**
 * The same, without what is deleted already and only waits to be made anew: the engine would ask for its deletion
 * again, of machines that aren't there.
 */
export const mended = <T extends ExportedDeployment>(exported: T): T =>
  without(exported, ({ pendingReplacement }) => pendingReplacement === true);

/** The same, without a machine that is gone, and without what went with it: nobody can be asked to delete that. */
export const withoutMachine = <T extends ExportedDeployment>(exported: T, machine: string): T =>
  without(exported, ({ urn, deletedWith }) => urn === machine || deletedWith === machine);

/** The same, without some of it, and nothing left speaks of that. */
const without = <T extends ExportedDeployment>(
  exported: T,
  isGone: (resource: ExportedResource) => boolean,
): T =>
  changed(exported, (resources) => {
    const gone = new Set(resources.filter(isGone).map(({ urn }) => urn));
    const there = (urns: string[] | null = []): string[] => (urns ?? []).filter((urn) => !gone.has(urn));
    return resources
      .filter(({ urn }) => !gone.has(urn))
      .map(({ deletedWith, dependencies, propertyDependencies, ...resource }) => ({
        ...resource,
        ...(deletedWith === undefined || gone.has(deletedWith) ? {} : { deletedWith }),
        ...(dependencies === undefined ? {} : { dependencies: there(dependencies) }),
        ...(propertyDependencies === undefined
          ? {}
          : {
              propertyDependencies: Object.fromEntries(
                Object.entries(propertyDependencies).map(([key, urns]) => [key, there(urns)]),
              ),
            }),
      }));
  });

function changed<T extends ExportedDeployment>(
  exported: T,
  change: (resources: ExportedResource[]) => ExportedResource[],
): T {
  const { deployment } = exported;
  if (deployment === null) return exported;
  return { ...exported, deployment: { ...deployment, resources: change(deployment.resources ?? []) } };
}

/** A stack's state as the engine gives it out; secrets stay encrypted. */
export async function exported(stack: string): Promise<ExportedDeployment> {
  const { code, stdout, stderr } = await capturePulumi(stack, ["stack", "export", "-s", stack]);
  if (code !== 0) throw new UserError(`The state of stack ${stack} can't be read.\n${stderr.trim()}`);
  return JSON.parse(stdout) as ExportedDeployment;
}

/** Puts a changed state in its place. */
export async function imported(stack: string, deployment: ExportedDeployment): Promise<void> {
  const { code, stderr } = await capturePulumi(
    stack,
    ["stack", "import", "-s", stack],
    JSON.stringify(deployment),
  );
  if (code !== 0) throw new UserError(`The state of stack ${stack} can't be changed.\n${stderr.trim()}`);
}
