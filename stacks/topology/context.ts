/** What a service is told about the rest of the stack. */
import type { Needs, Route, RunningService, ServiceContext } from "../../components/services/service";
import { text } from "../../components/services/text";
import type { Settings } from "../settings/schema";
import type { SecretSetting } from "../settings/secrets";
import { siteUrl } from "./exposure";

interface Surroundings {
  stack: string;
  settings: Settings;
  secrets: ReadonlySet<SecretSetting>;
  routes: readonly Route[];
  running: readonly RunningService[];
  /** Name of the host that media services are on. */
  mediaHost: string;
}

/** The context of one service. An address of a service or port that isn't there is a mistake in a declaration. */
export function contextOf(
  { stack, settings, secrets, routes, running, mediaHost }: Surroundings,
  needs: Needs,
): ServiceContext {
  return {
    stack,
    running,
    settings,
    secrets,
    needs,
    routes,
    mediaAddress: text`${{ publicAddressOf: mediaHost }}`,
    privateMediaAddress: text`${{ privateAddressOf: mediaHost }}`,
    siteUrl: (site) => siteUrl(site, settings),
    address: (name, portName) => {
      const port = running
        .find(({ service }) => service.name === name)
        ?.service.ports(settings)
        .find((candidate) => candidate.name === portName);
      if (port === undefined) throw new Error(`no port ${portName} of a service ${name} in this stack`);
      return text`${name}:${port.number}`;
    },
  };
}
