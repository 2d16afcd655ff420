/** What a service is told about the rest of the stack. */
import type { Needs, Route, RunningService, ServiceContext } from "../../components/services/service";
import { type PlainText, text } from "../../components/services/text";
import type { Settings } from "../settings/schema";
import type { SecretSetting } from "../settings/secrets";
import { siteUrl } from "./exposure";

interface Surroundings {
  stack: string;
  settings: Settings;
  secrets: ReadonlySet<SecretSetting>;
  routes: readonly Route[];
  running: readonly RunningService[];
  /** Name of the host of each service. */
  hostOf: (service: string) => string;
}

/** The context of one service. An address of a service or port that isn't there is a mistake in a declaration. */
export function contextOf(
  { stack, settings, secrets, routes, running, hostOf }: Surroundings,
  name: string,
  needs: Needs,
): ServiceContext {
  const own = hostOf(name);
  const hostName = (service: string): PlainText =>
    hostOf(service) === own ? text`${service}` : text`${{ peerAddressOf: hostOf(service) }}`;
  const hosts = [...new Set(running.map(({ service }) => hostOf(service.name)))];
  return {
    stack,
    running,
    settings,
    secrets,
    needs,
    routes,
    publicAddress: text`${{ publicAddressOf: own }}`,
    privateAddress: text`${{ privateAddressOf: own }}`,
    publicAddressOf: (service) => text`${{ publicAddressOf: hostOf(service) }}`,
    mediaHosts: hosts.map((host) => ({
      publicAddress: text`${{ publicAddressOf: host }}`,
      privateAddress: text`${{ privateAddressOf: host }}`,
    })),
    hostName,
    siteUrl: (site) => siteUrl(site, settings),
    neighbours: running
      .map(({ service }) => service.name)
      .filter((other) => other !== name && hostOf(other) === own),
    address: (other, portName) => {
      const port = running
        .find(({ service }) => service.name === other)
        ?.service.ports(settings)
        .find((candidate) => candidate.name === portName);
      if (port === undefined) throw new Error(`no port ${portName} of a service ${other} in this stack`);
      return text`${hostName(other)}:${port.number}`;
    },
  };
}
