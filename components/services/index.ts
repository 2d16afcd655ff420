import { caddy } from "./caddy";
import { mattermost } from "./mattermost";
import { postgres } from "./postgres";
import type { Service } from "./service";

/** Every service that Muster knows. The order is the order of tables; start order is declared, not listed. */
export const services: readonly Service[] = [caddy, mattermost, postgres];
