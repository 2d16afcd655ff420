/** Where the hosts of a stack are reached, for texts that name them. */
import type { Addresses } from "../platform/late";
import type { Host } from "./host";

export function hostOf(hosts: readonly Host[], name: string): Host {
  const host = hosts.find((candidate) => candidate.name === name);
  if (host === undefined) throw new Error(`no host ${name} in this stack`);
  return host;
}

export const addressesOf = (hosts: readonly Host[]): Addresses => ({
  publicAddressOf: (host) => hostOf(hosts, host).publicAddress,
  privateAddressOf: (host) => hostOf(hosts, host).privateAddress,
  peerAddressOf: (host) => hostOf(hosts, host).peerAddress,
});
