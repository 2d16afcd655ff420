/** What stands before the sites: records, rules, certificates. Pure. */
import type { Service, WebPort } from "../../../components/services/service";
import type { Settings } from "../../settings/schema";
import { siteHost } from "../exposure";
import type { Topology } from "../types";
import { recordsOf } from "./dns";
import type { EdgePlan } from "./types";
import { rulesetsOf, type ZoneSite } from "./waf";

/** Another stack in the same zone. */
export interface Neighbour {
  stack: string;
  settings: Settings;
}

type Plan = Pick<
  Topology,
  "stack" | "settings" | "routes" | "hosts" | "services" | "openings" | "neighbours"
>;

/**
 * @param catalogue services that stacks choose from.
 */
export function edgeOf(plan: Plan, catalogue: readonly Service[]): EdgePlan {
  const { settings, routes, neighbours } = plan;
  const records = recordsOf(plan);
  const { edge } = settings;
  if (edge.provider !== "cloudflare") return { records };
  const sites = [settings, ...neighbours.map((other) => other.settings)].flatMap((one) =>
    sitesOf(one, catalogue),
  );
  return {
    records,
    zone: {
      name: edge.zone,
      plan: edge.plan,
      owner: edge.zoneOwner,
      rulesets: edge.zoneOwner ? rulesetsOf(edge, sites) : [],
      settings: edge.zoneOwner ? zoneSettings : {},
      certified: routes.map(({ host }) => host).sort(),
    },
  };
}

/** Settings of the whole zone. HSTS isn't among them: Caddy says it, for the sites alone. */
const zoneSettings = { ssl: "strict", min_tls_version: "1.2", tls_1_3: "on", websockets: "on" };

/** Sites of a stack with these settings, as rules see them. */
function sitesOf(settings: Settings, catalogue: readonly Service[]): ZoneSite[] {
  return catalogue
    .filter((service) => service.when(settings))
    .flatMap((service) => service.ports(settings))
    .filter((port): port is WebPort => port.exposure === "web")
    .map((port) => ({
      host: siteHost(port.site, settings),
      healthPath: port.healthPath,
      machinePaths: port.machinePaths ?? [],
      signInPaths: port.signInPaths ?? [],
      adminPaths: port.adminPaths ?? [],
      freeTextPaths: port.freeTextPaths ?? [],
      crawlers: settings.web.crawlers,
      active: settings.people.active,
    }));
}
