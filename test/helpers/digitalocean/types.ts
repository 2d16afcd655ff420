/** What the double of DigitalOcean's API keeps, and how its parts talk to each other. */
import { Refusal } from "../apiDouble";

export type { Answer, Call, Handler, Routes } from "../apiDouble";

export type DropletStatus = "new" | "active" | "off";

export interface Droplet {
  readonly id: number;
  readonly name: string;
  readonly region: string;
  /** Slug, as given at its creation. */
  readonly image: string;
  size: string;
  diskGiB: number;
  tags: string[];
  readonly vpc: string;
  readonly sshKeys: readonly (string | number)[];
  readonly userData: string | undefined;
  readonly features: readonly string[];
  status: DropletStatus;
  publicAddress: string;
  privateAddress: string;
  readonly createdAt: string;
}

export interface Volume {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly description: string;
  sizeGiB: number;
  tags: string[];
  /** The one droplet that it is attached to. */
  dropletId: number | undefined;
  readonly createdAt: string;
}

export interface ReservedAddress {
  readonly ip: string;
  readonly region: string;
  dropletId: number | undefined;
}

export interface Firewall {
  readonly id: string;
  name: string;
  inbound: readonly unknown[];
  outbound: readonly unknown[];
  tags: readonly string[];
  dropletIds: readonly number[];
  readonly createdAt: string;
}

export interface Key {
  readonly id: number;
  name: string;
  readonly publicKey: string;
  readonly fingerprint: string;
}

export interface Vpc {
  readonly id: string;
  name: string;
  description: string;
  readonly region: string;
  readonly range: string;
  isDefault: boolean;
  readonly createdAt: string;
}

export interface Project {
  readonly id: string;
  name: string;
  description: string;
  purpose: string;
  environment: string;
  readonly isDefault: boolean;
  readonly createdAt: string;
}

/** Something under way: the API answers at once and does it later. */
export interface Action {
  readonly id: number;
  readonly type: string;
  readonly resourceType: "droplet" | "backend" | "reserved_ip";
  readonly region: string;
  /** The droplet that can do nothing else meanwhile. */
  readonly dropletId: number | undefined;
  /** How many more looks find it unfinished. */
  looks: number;
  readonly finish: () => Promise<void>;
  readonly startedAt: string;
  completedAt: string | undefined;
  errored: boolean;
}

/** Machines behind the droplets. What is left out, or no machines at all: droplets are entries in a list only. */
export interface Machines {
  /** @returns its addresses; the double's own where it is left out. */
  create?(droplet: Droplet): Promise<{ publicAddress: string; privateAddress: string }>;
  /** @returns whether the machine went down when asked (ACPI). */
  shutDown?(droplet: Droplet): Promise<boolean>;
  powerOff?(droplet: Droplet): Promise<void>;
  powerOn?(droplet: Droplet): Promise<void>;
  destroy?(droplet: Droplet): Promise<void>;
  attach?(droplet: Droplet, volume: Volume): Promise<void>;
  detach?(droplet: Droplet, volume: Volume): Promise<void>;
  /** @returns an address that nobody has; the double's own where it is left out. */
  reserve?(): string;
  /** What is sent to the reserved address arrives at this droplet from now on, and nowhere else. */
  assign?(droplet: Droplet, address: ReservedAddress): Promise<void>;
}

/** An error in the API's own form. */
export class ApiError extends Refusal {
  constructor(status: number, id: string, message: string) {
    super(status, message, { id, message });
  }
}

export const unprocessable = (message: string): ApiError =>
  new ApiError(422, "unprocessable_entity", message);
export const notFound = (): ApiError =>
  new ApiError(404, "not_found", "The resource you were accessing could not be found.");
