/** Changes to a stack's state that the engine has no verb for. Pure, but for the last. */
import { UserError } from "./errors";
import { capturePulumi } from "./pulumi";

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

/** Disks that the engine leaves to their owner when it deletes everything else. */
const diskTypes = ["digitalocean:index/volume:Volume", "aws:ebs/volume:Volume", "aws:kms/key:Key"];

/** The disks of a stack's machines, which are lost with `released`. */
export const disksIn = ({ deployment }: ExportedDeployment): string[] =>
  (deployment?.resources ?? []).filter(({ type }) => diskTypes.includes(type)).map(({ urn }) => urn);

/** The same, with nothing that would outlive a destroy: neither protected, nor left behind. */
export const released = <T extends ExportedDeployment>(exported: T): T =>
  changed(exported, (resources) =>
    resources.map((resource) => ({
      ...resource,
      protect: false,
      ...(diskTypes.includes(resource.type) ? { retainOnDelete: false } : {}),
    })),
  );

/** Whether a machine's replacement stopped after the old one was deleted: no update would ever get past it. */
export const isStuck = ({ deployment }: ExportedDeployment): boolean =>
  (deployment?.resources ?? []).some(
    ({ urn, pendingReplacement }) => pendingReplacement === true && isMachine(urn),
  );

const isMachine = (urn: string): boolean => /::machine-[a-z]+$/.test(urn);

/**
 * The same, without what is deleted already and only waits to be made anew: the engine would ask for its deletion
 * again, of machines that aren't there.
 */
export const mended = <T extends ExportedDeployment>(exported: T): T =>
  changed(exported, (resources) => {
    const gone = new Set(
      resources.filter(({ pendingReplacement }) => pendingReplacement === true).map(({ urn }) => urn),
    );
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
