/** One account: all that is in it, its rules across kinds, and what is under way. */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { type Region, type Standing, usualRegions } from "./catalogue";
import {
  notFound,
  unprocessable,
  type Action,
  type Droplet,
  type Firewall,
  type Key,
  type Machines,
  type Project,
  type ReservedAddress,
  type Volume,
  type Vpc,
} from "./types";

type Begin = Pick<Action, "type" | "resourceType" | "region" | "finish"> & Partial<Pick<Action, "dropletId">>;

export class Account {
  readonly droplets = new Map<number, Droplet>();
  readonly volumes = new Map<string, Volume>();
  readonly addresses = new Map<string, ReservedAddress>();
  readonly firewalls = new Map<string, Firewall>();
  readonly keys = new Map<number, Key>();
  readonly vpcs = new Map<string, Vpc>();
  readonly tags = new Set<string>();
  readonly projects = new Map<string, Project>();
  /** Project by URN of a resource; what isn't here is in the default one. */
  readonly projectOf = new Map<string, string>();
  readonly actions = new Map<number, Action>();
  standing: Standing = { status: "active", message: "", droplets: 10, volumes: 10, addresses: 3 };
  regions: Region[] = usualRegions();
  /** Regions by image. */
  readonly images = new Map([["debian-12-x64", ["fra1", "ams3", "tor1"]]]);
  private lastId = 1000;

  /**
   * @param looks how many looks find an action unfinished.
   * @param machines what is behind the droplets.
   */
  constructor(
    private readonly looks: number,
    readonly machines: Machines,
  ) {
    const id = randomUUID();
    this.projects.set(id, {
      id,
      name: "first-project",
      description: "",
      purpose: "Web Application",
      environment: "Production",
      isDefault: true,
      createdAt: now(),
    });
  }

  get defaultProject(): Project {
    const found = [...this.projects.values()].find(({ isDefault }) => isDefault);
    if (found === undefined) throw new Error("the account lost its default project");
    return found;
  }

  /** Numbers never come back, as in the real thing: a new droplet is never taken for an old one. */
  nextId(): number {
    return (this.lastId += 1);
  }

  /** Starts something that looks at it or at its droplet will find done. */
  begin(action: Begin): Action {
    if (action.dropletId !== undefined) this.refuseBusy(action.dropletId);
    const begun: Action = {
      dropletId: undefined,
      ...action,
      id: this.nextId(),
      looks: this.looks,
      startedAt: now(),
      completedAt: undefined,
      errored: false,
    };
    this.actions.set(begun.id, begun);
    return begun;
  }

  /** A look at one action: counts, and carries it out once it was looked at often enough. */
  async look(action: Action): Promise<Action> {
    if (action.completedAt !== undefined || action.errored) return action;
    if (action.looks > 0) {
      action.looks -= 1;
      return action;
    }
    await action.finish();
    action.completedAt = now();
    return action;
  }

  /** A look at a droplet is one at all that it does. */
  async lookAtDroplet(id: number): Promise<Droplet> {
    const droplet = this.droplet(id);
    for (const action of this.pendingOf(id)) await this.look(action);
    return droplet;
  }

  pendingOf(dropletId: number): Action[] {
    return [...this.actions.values()].filter(
      (action) => action.dropletId === dropletId && action.completedAt === undefined && !action.errored,
    );
  }

  /** A droplet does one thing at a time. */
  refuseBusy(dropletId: number): void {
    if (this.pendingOf(dropletId).length > 0) throw unprocessable("Droplet already has a pending event.");
  }

  droplet(id: number): Droplet {
    return this.droplets.get(id) ?? missing();
  }

  volumesOf(dropletId: number): Volume[] {
    return [...this.volumes.values()].filter((volume) => volume.dropletId === dropletId);
  }

  /** Takes a volume off the droplet that has it. */
  async detach(volume: Volume): Promise<void> {
    const droplet = volume.dropletId === undefined ? undefined : this.droplets.get(volume.dropletId);
    if (droplet !== undefined) await this.machines.detach?.(droplet, volume);
    volume.dropletId = undefined;
  }

  /** Puts a volume on a droplet; a volume has one at most. */
  async attach(volume: Volume, droplet: Droplet): Promise<void> {
    this.refuseAttaching(volume, droplet.region);
    volume.dropletId = droplet.id;
    await this.machines.attach?.(droplet, volume);
  }

  refuseAttaching(volume: Volume, region: string): void {
    if (volume.dropletId !== undefined) throw unprocessable("Volume is already attached to a Droplet.");
    if (volume.region !== region) throw unprocessable("Volume and Droplet must be in the same region.");
  }

  /** Ends a droplet, by the API or by hand: its address is free again, its disks stay. */
  async endDroplet(droplet: Droplet): Promise<void> {
    for (const volume of this.volumesOf(droplet.id)) await this.detach(volume);
    for (const address of this.addresses.values()) {
      if (address.dropletId === droplet.id) address.dropletId = undefined;
    }
    this.droplets.delete(droplet.id);
    this.projectOf.delete(`do:droplet:${droplet.id}`);
    for (const action of this.pendingOf(droplet.id)) action.errored = true;
    await this.machines.destroy?.(droplet);
  }

  /** Tags come into being with the first use. */
  useTags(names: readonly string[]): string[] {
    for (const name of names) {
      if (!/^[\w:-]{1,255}$/.test(name)) throw unprocessable(`Tag name '${name}' is invalid.`);
      this.tags.add(name);
    }
    return [...names];
  }
}

export const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, "Z");

export const missing = (): never => {
  throw notFound();
};

/** The body as the API takes it; what it doesn't know it passes over, what is wrong it refuses. */
export function parse<T extends z.ZodType>(schema: T, body: unknown): z.infer<T> {
  const result = schema.safeParse(body);
  if (!result.success) throw unprocessable(z.prettifyError(result.error));
  return result.data;
}

export const regionSchema = z.string().regex(/^[a-z]{3}\d$/);

export const regionBody = (slug: string): Record<string, unknown> => ({
  slug,
  name: slug.toUpperCase(),
  sizes: [],
  features: ["storage"],
  available: true,
});

export const actionBody = (action: Action): Record<string, unknown> => ({
  id: action.id,
  status: action.errored ? "errored" : action.completedAt === undefined ? "in-progress" : "completed",
  type: action.type,
  started_at: action.startedAt,
  completed_at: action.completedAt ?? null,
  resource_id: action.dropletId ?? 0,
  resource_type: action.resourceType,
  region: regionBody(action.region),
  region_slug: action.region,
});
