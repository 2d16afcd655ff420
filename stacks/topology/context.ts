/** What a service is told about the rest of the stack. */
import type { Needs, Route, Service, ServiceContext } from "../../components/services/service";
import { text } from "../../components/services/text";
import type { Settings } from "../settings/schema";
import type { SecretSetting } from "../settings/secrets";
import { siteUrl } from "./exposure";

/** The context of one service. An address of a service or port that isn't there is a mistake in a declaration. */
export function contextOf(
  settings: Settings,
  secrets: ReadonlySet<SecretSetting>,
  needs: Needs,
  routes: readonly Route[],
  running: readonly Service[],
  mediaHost: string,
): ServiceContext {
  return {
    settings,
    secrets,
    needs,
    routes,
    mediaAddress: text`${{ publicAddressOf: mediaHost }}`,
    privateMediaAddress: text`${{ privateAddressOf: mediaHost }}`,
    siteUrl: (site) => siteUrl(site, settings),
    address: (name, portName) => {
      const port = running
        .find((service) => service.name === name)
        ?.ports(settings)
        .find((candidate) => candidate.name === portName);
      if (port === undefined) throw new Error(`no port ${portName} of a service ${name} in this stack`);
      return text`${name}:${port.number}`;
    },
  };
}
