/** Start of every physical name of a stack. */
export const physicalPrefix = (stack: string): string => `muster-${stack}`;

/** Name of a service's container on its host. */
export const containerName = (stack: string, service: string): string =>
  `${physicalPrefix(stack)}-${service}`;
