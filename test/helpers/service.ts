/** Made-up services: for rules that no shipped service needs yet. */

import type { Service } from "../../components/services/service";

/** A service that does nothing, with whatever a test changes. */
export function standIn(name: string, change: Partial<Service> = {}): Service {
  return {
    name,
    title: name,
    image: () => "caddy",
    user: { uid: 1234, gid: 1234 },
    when: () => true,
    role: "app",
    needs: () => ({ memoryMiB: 64, cpus: 0.1, diskGiB: 0 }),
    ports: () => [],
    volumes: () => [],
    container: () => ({ environment: {} }),
    sandbox: {},
    health: { command: ["true"], intervalSeconds: 5, timeoutSeconds: 5, retries: 3, startSeconds: 30 },
    startsAfter: [],
    stopGraceSeconds: 10,
    jobs: [],
    ...change,
  };
}
