/** The stack whose ups are measured: chat alone, so that figures stay comparable as more services come. */
import { engineSocket } from "../test/e2e/parts";
import type { StackConfig } from "../test/helpers/stacks";

/** Ports of each program's own, below those that the system hands out to connections. */
export const ports = {
  bench: { httpPort: 17080, httpsPort: 17443 },
  "bench-flat": { httpPort: 17081, httpsPort: 17444 },
} as const;
export type Name = keyof typeof ports;

export const settings = (name: Name, overrides: Readonly<Record<string, string>>): StackConfig => ({
  values: {
    domain: "localhost",
    host: { provider: "local", engine: `unix://${engineSocket}`, address: "127.0.0.1" },
    web: ports[name],
    people: { accounts: 20, active: 20 },
    calls: "off",
    meetings: "off",
    protectData: false,
    images: { overrides },
  },
  encrypted: [],
});
