/** Settings of the hosts, a variant per provider. */
import { z } from "zod";
import { sizes } from "../topology/sizes";
import { address, cpus, engine, hostKey, memoryMiB, port } from "./fields";

const privateAddressMeaning =
  "The machine's own address where it differs from `address`, behind address translation; coturn listens on it.";

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
const existingHost = z.strictObject({
  provider: z.literal("existing").describe("Any Debian or Ubuntu server with SSH."),
  address: address.describe("Public address of the server."),
  privateAddress: address.optional().describe(privateAddressMeaning),
  hostKey: hostKey.describe("The server's SSH host key, as `ssh-keyscan` prints it without the name."),
  user: z.string().min(1).default("root").describe("User for SSH: root, or one who may sudo."),
  port: port.default(22).describe("Port of the SSH server."),
  memoryMiB: memoryMiB.describe("The server's memory in MiB."),
  cpus: cpus.describe("The server's virtual CPUs."),
});
const cloudHost = <P extends "digitalocean" | "aws">(provider: P, title: string, region: string) =>
  z.strictObject({
    provider: z.literal(provider).describe(`A machine at ${title}, made by Muster.`),
    region: z
      .string()
      .regex(/^[a-z]{2}[a-z0-9-]{1,20}$/)
      .describe(`Region, such as ${region}.`),
    size: z.enum(Object.keys(sizes[provider]) as [string, ...string[]]).describe("Size of the machine."),
    dataDiskGiB: z.int().min(10).max(16_384).default(50).describe("Size of the data disk in GiB."),
  });

/** Where a stack runs: one of four kinds of host. */
export const hostSchema = z.discriminatedUnion("provider", [
  localHost,
  existingHost,
  cloudHost("digitalocean", "DigitalOcean", "fra1"),
  cloudHost("aws", "AWS", "eu-central-1"),
]);
