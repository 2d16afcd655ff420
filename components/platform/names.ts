import { mainHost } from "../../stacks/topology/hosts";

/** Start of every physical name of a stack. */
export const physicalPrefix = (stack: string): string => `muster-${stack}`;

/** What a cloud calls whatever belongs to one host of a stack. */
export const hostResourceName = (stack: string, host: string): string => `${physicalPrefix(stack)}-${host}`;

/** Name of a service's container on its host. */
export const containerName = (stack: string, service: string): string =>
  `${physicalPrefix(stack)}-${service}`;

/** Name of a resource that each host has one of: the first host's keep theirs when another one comes. */
export const onHost = (host: string, name: string): string => (host === mainHost ? name : `${host}-${name}`);
