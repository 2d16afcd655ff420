import type { HostSettings } from "../../stacks/settings/schema";
import type { HostsFactory } from "./host";

/**
 * Loads what makes hosts of one kind: it alone, since a cloud's SDK takes time and memory. By `require`: the engine
 * compiles the program's files as they are required, and `import()` would look for compiled ones.
 */
/* eslint-disable @typescript-eslint/no-require-imports */
export function loadAdapter(provider: HostSettings["provider"]): HostsFactory {
  switch (provider) {
    case "local":
      return (require("./local") as typeof import("./local")).localHosts;
    case "existing":
      return (require("./existing") as typeof import("./existing")).existingHosts;
    case "digitalocean":
      return (require("./digitalocean") as typeof import("./digitalocean")).digitaloceanHosts;
    case "aws":
      return (require("./aws") as typeof import("./aws")).awsHosts;
  }
}
