/** Settings of a machine that Muster sets up: every host but the local one. */
import { z } from "zod";
import { ipv4Network, port, publicKey, timeOfDay } from "./fields";

const wireguardKey = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);

const diskEncryption = z.discriminatedUnion("unlock", [
  z.strictObject({
    unlock: z
      .literal("provider")
      .describe("By the provider, as it encrypts its disks; nothing to do after a reboot."),
  }),
  z.strictObject({
    unlock: z.literal("tpm2").describe("LUKS, by the machine's own TPM 2.0 chip."),
  }),
  z.strictObject({
    unlock: z.literal("tang").describe("LUKS, by a Tang server in your network."),
    url: z.url({ protocol: /^https?$/ }).describe("Address of the Tang server."),
    thumbprint: z
      .string()
      .regex(/^[A-Za-z0-9_-]{27,64}$/)
      .describe("Thumbprint of its signing key, as `tang-show-keys` prints it."),
  }),
  z.strictObject({
    unlock: z.literal("manual").describe("LUKS, by hand after each reboot: `npm run unlock`."),
  }),
]);

const vpn = z.strictObject({
  port: port.default(51_820).describe("UDP port of WireGuard."),
  network: ipv4Network
    .default("10.213.0.0/24")
    .describe("Network of the tunnel; only what goes to it goes through the tunnel."),
  ssh: z
    .enum(["outside", "both", "tunnel"])
    .default("outside")
    .describe(
      "Where SSH is: open outside, and Muster comes from there; both: Muster comes through the tunnel, and outside stays open; in the tunnel alone. A new machine has no tunnel yet: outside first.",
    ),
  peers: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
      z.strictObject({
        publicKey: wireguardKey
          .optional()
          .describe(
            "The peer's public key, where it keeps its private one to itself. Default: a pair is made.",
          ),
      }),
    )
    .default({})
    .describe("One for each administrator, by name; `npm run vpn` shows its configuration."),
});

export const machineSchema = z
  .strictObject({
    dockerSource: z
      .enum(["distribution", "docker"])
      .default("distribution")
      .describe("Where the Docker Engine comes from: the distribution, or Docker's own packages."),
    rebootAt: z
      .union([z.literal("off"), timeOfDay])
      .default("04:30")
      .describe("Time of a reboot, UTC, on days on which a security upgrade asks for one; `off`: never."),
    sshFrom: z
      .union([z.literal("everyone"), z.array(ipv4Network).min(1)])
      .optional()
      .describe(
        "Networks from which SSH is reached, or the word `everyone`: keys alone let in. An `up` of a machine needs it, unless SSH is in the tunnel alone (`vpn.ssh`).",
      ),
    authorizedKeys: z
      .array(publicKey)
      .default([])
      .describe("Public SSH keys of administrators, beside Muster's own."),
    keepOpen: z
      .array(port)
      .default([])
      .describe("Ports of other programs on the machine, that the firewall leaves open."),
    swapMiB: z
      .union([z.literal("auto"), z.int().min(0).max(65_536)])
      .default("auto")
      .describe("Swap in MiB; `auto`: 2048 on machines of less than 8 GiB, else none."),
    diskEncryption: diskEncryption.prefault({ unlock: "provider" }),
    vpn: vpn.optional().describe("WireGuard for administrators."),
  })
  .prefault({});

export type MachineSettings = z.output<typeof machineSchema>;
