/** What the checks are told of a running stack: its plan, and how to get at its parts. */
import type Docker from "dockerode";
import { execute } from "../components/host/engine";
import { containerName } from "../components/platform/names";
import { filesPath, type Site } from "../components/services/service";
import type { Trust } from "../probe/net/trust";
import type { ServicePlan, Topology } from "../stacks/topology";
import { siteHost, siteUrl } from "../stacks/topology/exposure";
import type { Settings } from "../stacks/settings/schema";

/** Somebody whose session in chat the checks may use. */
export interface Session {
  token: string;
  userId: string;
}

/** Why there is nobody. */
export interface NoSession {
  problem: string;
  fix: string;
}

export interface Patient {
  readonly topology: Topology;
  /** Engines of the hosts that can be reached, by the hosts' names. */
  readonly engines: ReadonlyMap<string, Docker>;
  /** Why a host's engine can't be. */
  readonly unreachable: ReadonlyMap<string, string>;
  /** Address at which clients reach a host. */
  readonly addressOf: (host: string) => string | undefined;
  /** A secret's value by the name that services know it by. */
  readonly secret: (name: string) => Promise<string>;
  /** By what a site's certificate is trusted, and where to find it. */
  readonly trust: Trust;
  /** Somebody who is signed in, or why nobody is. */
  readonly session: () => Promise<Session | NoSession>;
  /** Signs out whoever was signed in for the checks. */
  readonly leave: () => Promise<void>;
}

/** Environment variable with a session's token, for those who have changed the first password. */
export const tokenVariable = "MUSTER_DOCTOR_TOKEN";

/** What helps where nobody can make a call. */
export const giveToken = (stack: string): string =>
  `give a token of somebody's, from Mattermost's profile: ${tokenVariable}=... npm run doctor -- ${stack}`;

/** What it takes to look into containers. */
export type Inside = Pick<Patient, "topology" | "engines" | "unreachable">;

export const serviceIn = ({ topology }: Pick<Patient, "topology">, name: string): ServicePlan | undefined =>
  topology.services.find((service) => service.name === name);

/** Ids of the checks of containers and hosts, which others need. */
export const containerId = (service: string): string => `container.${service}`;
export const engineId = (host: string): string => `engine.${host}`;

/** Ids of the checks of the containers among these that the stack has. */
export const needed = (patient: Patient, ...services: readonly string[]): string[] =>
  services.filter((name) => serviceIn(patient, name) !== undefined).map(containerId);

/** Host name and port at which a site is asked. */
export const siteAt = (settings: Settings, site: Site): { host: string; port: number; url: string } => ({
  host: siteHost(site, settings),
  port: settings.web.httpsPort,
  url: siteUrl(site, settings),
});

/** The engine of a service's host. @throws Error where it can't be reached. */
export function engineFor({ engines, unreachable }: Inside, host: string): Docker {
  const docker = engines.get(host);
  if (docker === undefined) throw new Error(unreachable.get(host) ?? `${host} has no engine`);
  return docker;
}

/** What a program in a service's container prints. @throws Error with that where it ends with another code than 0. */
export async function runIn(patient: Inside, service: string, command: readonly string[]): Promise<string> {
  const { topology } = patient;
  const host = serviceIn(patient, service)?.host ?? "";
  const container = containerName(topology.stack, service);
  const { code, output } = await execute(engineFor(patient, host), container, command);
  if (code !== 0) throw new Error(output.trim());
  return output;
}

/** The same for tools that only Muster's own busybox has. */
export const busyboxIn = (
  patient: Patient,
  service: string,
  ...command: readonly string[]
): Promise<string> => runIn(patient, service, [`${filesPath}/busybox`, ...command]);
