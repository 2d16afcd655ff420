/** Made-up services, as many as wanted: to see how everything grows with them. */
import type { Port, Service } from "../components/services/service";
import { text } from "../components/services/text";
import { parseSettings } from "../stacks/settings/parse";
import { type Topology, topologyOf } from "../stacks/topology";

const nameOf = (index: number): string => `service-${String(index + 1).padStart(2, "0")}`;

/** One in five has a port with a consumer, hence a network: Docker's own pools end at about thirty of them. */
const hasPort = (index: number): boolean => index % 5 === 0;
const hasFile = (index: number): boolean => index % 5 === 1;

/** Services that sleep: a volume each, a file for a fifth of them, an internal port for another. */
export const catalogue = (count: number): Service[] =>
  Array.from({ length: count }, (_, index) => service(index, count));

function service(index: number, count: number): Service {
  const port: Port = {
    name: "tcp",
    number: 9000,
    protocol: "tcp",
    exposure: "internal",
    consumers: [nameOf((index + 1) % count)],
    why: "so that there is a network",
  };
  return {
    name: nameOf(index),
    title: `Service ${index + 1}`,
    image: () => "busybox",
    user: { uid: 1000, gid: 1000 },
    when: () => true,
    role: "app",
    needs: () => ({ memoryMiB: 64, cpus: 0.1, diskGiB: 1 }),
    ports: () => (hasPort(index) ? [port] : []),
    volumes: () => [{ name: "data", path: "/data", backup: "none", why: "so that there is a volume" }],
    container: () => ({
      environment: { BENCH: nameOf(index) },
      ...(hasFile(index) ? { files: [{ name: "settings", content: text`service ${index + 1}\n` }] } : {}),
      command: ["sleep", "86400"],
    }),
    sandbox: {},
    health: { command: ["true"], intervalSeconds: 1, timeoutSeconds: 5, retries: 5, startSeconds: 120 },
    startsAfter: [],
    // A process without a handler doesn't hear the signal.
    stopGraceSeconds: 1,
    jobs: [],
  };
}

/** The topology of so many of them on this machine. */
export const syntheticTopology = (
  stack: string,
  count: number,
  overrides: Readonly<Record<string, string>> = {},
): Topology =>
  topologyOf(
    stack,
    parseSettings({
      source: "bench/catalogue.ts",
      values: { domain: "localhost", host: { provider: "local" }, protectData: false, images: { overrides } },
      encrypted: [],
    }),
    { catalogue: catalogue(count) },
  );
