/** Settings of a machine that Muster sets up: every host but the local one. */
import { z } from "zod";
import { port, publicKey, timeOfDay } from "./fields";

const ipv4Network = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}\/(3[0-2]|[12]?\d)$/;
const network = z.string().refine((text) => ipv4Network.test(text), {
  error: "not an IPv4 network",
  params: { allowed: "an address and the length of its prefix, such as 203.0.113.0/24" },
});
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
  network: network
    .default("10.213.0.0/24")
    .describe("Network of the tunnel; only what goes to it goes through the tunnel."),
  sshOnly: z
    .boolean()
    .default(false)
    .describe("SSH through the tunnel alone. Turn it on once your own tunnel works."),
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
    sshFrom: z.array(network).min(1).default(["0.0.0.0/0"]).describe("Networks from which SSH is reached."),
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
