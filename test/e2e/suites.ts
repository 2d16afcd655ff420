/** What each suite has for itself on this machine, so that all can run side by side. */

/** Another machine, as far as the network goes: a namespace with an address of its own. */
export interface Neighbour {
  /** Of the namespace. */
  readonly name: string;
  /** This machine's end of the line to it. */
  readonly device: string;
  /** This machine's address on that line. */
  readonly host: string;
  readonly address: string;
}

export interface Suite {
  /** Of its stack. */
  readonly name: string;
  readonly web: { readonly httpPort?: number; readonly httpsPort?: number };
  /** Of a second stack. */
  readonly copy?: { readonly httpPort: number; readonly httpsPort: number };
  /** For `muster:media`. */
  readonly media?: Readonly<Record<string, number>>;
  /** On loopback, of its own monitoring. */
  readonly monitoring?: { readonly prometheusPort: number; readonly grafanaPort: number };
  /** On loopback, for a Prometheus of somebody's own: the first of a few. */
  readonly targets?: { readonly firstPort: number };
  readonly neighbour: Neighbour;
}

const neighbourOf = (suite: string, index: number): Neighbour => ({
  name: `muster-e2e-${suite}`,
  // The kernel takes 15 characters.
  device: `e2e-${suite}`,
  host: `10.77.${220 + index}.1`,
  address: `10.77.${220 + index}.2`,
});

/** Ports beside those of a stack that somebody may have on this machine. */
export const suites = {
  muster: { name: "e2e", web: { httpPort: 18_080, httpsPort: 18_443 }, neighbour: neighbourOf("muster", 0) },
  faults: {
    name: "e2e-faults",
    web: { httpPort: 18_085, httpsPort: 18_485 },
    neighbour: neighbourOf("faults", 6),
  },
  media: {
    name: "e2e-media",
    web: { httpPort: 18_081, httpsPort: 18_446 },
    media: {
      embeddedPort: 18_444,
      rtcdPort: 18_445,
      meetingsPort: 18_100,
      turnPort: 18_478,
      relayFirstPort: 18_500,
    },
    neighbour: neighbourOf("media", 1),
  },
  certificates: {
    name: "e2e-certificates",
    web: { httpPort: 18_082, httpsPort: 18_447 },
    media: {
      embeddedPort: 18_448,
      rtcdPort: 18_449,
      meetingsPort: 18_110,
      turnPort: 18_479,
      turnTlsPort: 18_480,
      relayFirstPort: 18_600,
    },
    neighbour: neighbourOf("certs", 7),
  },
  data: {
    name: "e2e-data",
    web: { httpPort: 18_280, httpsPort: 18_643 },
    copy: { httpPort: 18_290, httpsPort: 18_653 },
    neighbour: neighbourOf("data", 2),
  },
  policy: {
    name: "e2e-policy",
    web: { httpPort: 18_083, httpsPort: 18_483 },
    neighbour: neighbourOf("policy", 8),
  },
  monitoring: {
    name: "e2e-monitoring",
    web: { httpPort: 18_084, httpsPort: 18_484 },
    media: {
      embeddedPort: 18_450,
      rtcdPort: 18_451,
      meetingsPort: 18_120,
      turnPort: 18_481,
      relayFirstPort: 18_700,
    },
    monitoring: { prometheusPort: 18_390, grafanaPort: 18_391 },
    targets: { firstPort: 18_392 },
    neighbour: neighbourOf("monitor", 9),
  },
} as const satisfies Record<string, Suite>;

/** Suites with machines of their own: the stack, and the first three numbers of the machines' network. */
export const machineSuites = {
  hosts: { name: "e2e-hosts", prefix: "10.77.230" },
  pair: { name: "e2e-pair", prefix: "10.77.231" },
  droplet: { name: "e2e-droplet", prefix: "10.77.240" },
  encrypted: { name: "e2e-encrypted", prefix: "10.77.232" },
} as const;

/** For trying whether this machine lets us have one. */
export const probe = neighbourOf("probe", 3);

/** Ports that other suites may open or close at any time. */
export const portsOfOthers = (own: Suite): number[] =>
  (Object.values(suites) as Suite[])
    .filter(({ name }) => name !== own.name)
    .flatMap(({ web, copy = {}, media = {}, monitoring = {} }) =>
      [web, copy, media, monitoring].flatMap((ports) => Object.values(ports)),
    );
