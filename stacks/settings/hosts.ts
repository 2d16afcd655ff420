/** Settings of the hosts, a variant per provider. */
import { z } from "zod";
import { sizes } from "../topology/sizes";
import { address, cpus, engine, machineHostKey, memoryMiB, port, userName } from "./fields";

const privateAddressMeaning =
  "The machine's own address where it differs from `address`, behind address translation; coturn listens on it.";
const generation = z
  .int()
  .min(1)
  .max(1_000_000)
  .default(1)
  .describe("Raise it to have the machine made anew; its data disk and its address stay.");

const localHost = z.strictObject({
  provider: z.literal("local").describe("This machine's own Docker Engine."),
  engine: engine.default("unix:///var/run/docker.sock").describe("Socket of the Docker Engine."),
  address: address
    .default("127.0.0.1")
    .describe("Address at which other machines reach this one; `npm start` stores the LAN address once."),
  privateAddress: address.optional().describe(privateAddressMeaning),
  bind: address
    .default("127.0.0.1")
    .describe("Address that web ports listen on; 0.0.0.0 lets other machines in."),
  memoryMiB: memoryMiB.optional().describe("Memory to plan with; left out, the plan says what is needed."),
  cpus: cpus.optional().describe("CPUs to plan with."),
});

/** A server that is there already. */
const machine = {
  address: address.describe("Address at which clients, and this machine over SSH, reach the server."),
  privateAddress: address.optional().describe(privateAddressMeaning),
  hostKey: machineHostKey.describe(
    "The server's SSH host key, as its `/etc/ssh/ssh_host_ed25519_key.pub` says it; ask the provider's console, not the network.",
  ),
  user: userName.default("root").describe("User for SSH: root, or one who may sudo without a password."),
  port: port.default(22).describe("Port of the SSH server."),
  memoryMiB: memoryMiB.describe("The server's memory in MiB."),
  cpus: cpus.describe("The server's virtual CPUs."),
  peerAddress: address
    .optional()
    .describe(
      "With two servers: its address in a private network that both are in. Default: they talk over WireGuard.",
    ),
  generation: generation.describe(
    "Raise it where the server was installed anew under the same host key, so that everything is put back on it.",
  ),
};
const existingHost = z.strictObject({
  provider: z.literal("existing").describe("Any Debian or Ubuntu server with SSH."),
  ...machine,
  dataDisk: z
    .string()
    .regex(/^\/dev\/disk\/by-(id|uuid|path|partuuid)\/[A-Za-z0-9._:+-]+$/)
    .optional()
    .describe("Disk for the data, by its identity. Default: a folder of the server's own disk."),
  media: z
    .strictObject(machine)
    .optional()
    .describe("A second server, for the media of calls and meetings. Default: all on one."),
});

const cloudHost = <P extends "digitalocean" | "aws">(
  provider: P,
  title: string,
  region: string,
  image: { default: string; meaning: string },
) =>
  z.strictObject({
    provider: z.literal(provider).describe(`A machine at ${title}, made by Muster.`),
    region: z
      .string()
      .regex(/^[a-z]{2}[a-z0-9-]{1,20}$/)
      .describe(`Region, such as ${region}; the data stay in it.`),
    size: z
      .enum(["auto", ...Object.keys(sizes[provider])])
      .describe("Size of the machine; `auto`: the cheapest that fits the people, with room to spare."),
    dataDiskGiB: z
      .int()
      .min(10)
      .max(16_384)
      .default(50)
      .describe("Size of the data disk in GiB; it can grow, but not shrink."),
    image: z
      .string()
      .regex(/^[a-z0-9/_.-]{3,100}$/)
      .default(image.default)
      .describe(`${image.meaning} A running machine keeps its own until \`generation\` is raised.`),
    generation,
    media: z
      .strictObject({
        size: z
          .enum(["auto", ...Object.keys(sizes[provider])])
          .describe(
            "Size of the machine; `auto`: the cheapest that fits, where one machine is too small or costs more than two.",
          ),
        generation,
      })
      .optional()
      .describe("A second machine, for the media of calls and meetings. Default: all on one."),
  });
const digitaloceanHost = cloudHost("digitalocean", "DigitalOcean", "fra1", {
  default: "debian-12-x64",
  meaning: "Base image.",
}).extend({
  backups: z
    .boolean()
    .default(false)
    .describe("DigitalOcean's own weekly copies of the machine's disk, for a fifth of its price."),
});
const awsHost = cloudHost("aws", "AWS", "eu-central-1", {
  default: "/aws/service/debian/release/12/latest/amd64",
  meaning: "Parameter of the Systems Manager that names the base image.",
}).extend({
  zone: z
    .string()
    .regex(/^[a-z]$/)
    .default("a")
    .describe("Availability zone of the region, by its letter; the data stay in it."),
  accessKeyId: z
    .string()
    .regex(/^[A-Z0-9]{16,128}$/)
    .describe("Access key; its secret part is `muster:awsSecretAccessKey`."),
});

/** Where a stack runs: one of four kinds of host. */
export const hostSchema = z.discriminatedUnion("provider", [
  localHost,
  existingHost,
  digitaloceanHost,
  awsHost,
]);
