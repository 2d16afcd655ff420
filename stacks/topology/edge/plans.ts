/** What a zone at Cloudflare may have, by its plan. Source: developers.cloudflare.com, "Availability" of each product. */
import type { ZonePlan } from "../../settings/edge";

interface ZoneLimits {
  customRules: number;
  /** Window in which sign-ins are counted, and how long one is shut out for. */
  rateLimit: { periodSeconds: number; blockedSeconds: number; byHost: boolean };
  managedRules: boolean;
  logAction: boolean;
  /** Largest request body, in MB. */
  bodyMB: number;
}

export const zoneLimits: Readonly<Record<ZonePlan, ZoneLimits>> = {
  free: {
    customRules: 5,
    // A rule may look at the path alone there.
    rateLimit: { periodSeconds: 10, blockedSeconds: 10, byHost: false },
    managedRules: false,
    logAction: false,
    bodyMB: 100,
  },
  pro: {
    customRules: 20,
    rateLimit: { periodSeconds: 60, blockedSeconds: 600, byHost: true },
    managedRules: true,
    logAction: false,
    bodyMB: 100,
  },
  business: {
    customRules: 100,
    rateLimit: { periodSeconds: 60, blockedSeconds: 600, byHost: true },
    managedRules: true,
    logAction: false,
    bodyMB: 200,
  },
  enterprise: {
    customRules: 1000,
    rateLimit: { periodSeconds: 60, blockedSeconds: 600, byHost: true },
    managedRules: true,
    logAction: true,
    bodyMB: 500,
  },
};
