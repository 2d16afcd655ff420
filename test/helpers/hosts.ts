/** Whole stacks on the real adapters of their hosts, recorded: what a cloud and a machine would answer is made up. */
import * as pulumi from "@pulumi/pulumi";
import { loadAdapter } from "../../components/host/adapters";
import { Environment } from "../../stacks/environment";
import { parseSettings } from "../../stacks/settings/parse";
import { type Topology, topologyOf } from "../../stacks/topology";
import { anchorAddress } from "./addresses";
import { secret } from "./graph";
import type { Invoke, Known } from "./monitor";
import { record, type Recording } from "./recorder";
import { engineConfig, secretValues } from "./stacks";

export const clientKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIENsaWVudENsaWVudENsaWVudENsaWVudENsaWVudENs";
const hostPublicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEhvc3RIb3N0SG9zdEhvc3RIb3N0SG9zdEhvc3RIb3N0";
const hostPrivateKey = `-----BEGIN OPENSSH PRIVATE KEY-----\n${"host-key-that-nobody-may-see".repeat(3)}\n-----END OPENSSH PRIVATE KEY-----\n`;

/** What a look-up of the zone answers, where there is one. */
export const zoneId = "023e105f4ecef8ad9ca31a8372d0c353";
const zoneIdOf = ({ edge }: Topology): string | undefined => (edge.zone === undefined ? undefined : zoneId);

/** What deployed resources answer beyond their inputs, by type. */
const answers: Readonly<Record<string, Record<string, unknown>>> = {
  "random:index/randomId:RandomId": { hex: "0123456789ab" },
  "tls:index/privateKey:PrivateKey": {
    privateKeyOpenssh: secret(hostPrivateKey),
    privateKeyPem: secret(hostPrivateKey),
    publicKeyOpenssh: `${hostPublicKey}\n`,
  },
  "tls:index/certRequest:CertRequest": { certRequestPem: "-----BEGIN CERTIFICATE REQUEST-----" },
  "cloudflare:index/originCaCertificate:OriginCaCertificate": {
    certificate: "-----BEGIN CERTIFICATE-----\norigin\n-----END CERTIFICATE-----\n",
  },
  "command:remote:Command": { stdout: `{"ownAddress":"${anchorAddress}","docker":"20.10.24"}` },
  "digitalocean:index/droplet:Droplet": {
    id: "1001",
    dropletUrn: "do:droplet:1001",
    ipv4AddressPrivate: "10.114.0.2",
  },
  "digitalocean:index/volume:Volume": { id: "volume-1", volumeUrn: "do:volume:volume-1" },
  "digitalocean:index/reservedIp:ReservedIp": { ipAddress: "203.0.113.10" },
  "digitalocean:index/sshKey:SshKey": { fingerprint: "00:11:22:33" },
  "aws:ec2/eip:Eip": { publicIp: "203.0.113.10" },
  "aws:ec2/instance:Instance": { id: "i-0abc", privateIp: anchorAddress },
  "aws:ebs/volume:Volume": { id: "vol-0abc" },
  "aws:kms/key:Key": { arn: "arn:aws:kms:eu-central-1:1:key/1" },
  "aws:ec2/keyPair:KeyPair": { keyName: "operator-1" },
  "aws:iam/role:Role": { name: "machine-role-1" },
  "aws:iam/instanceProfile:InstanceProfile": { name: "machine-profile-1" },
};

/** Without it, whatever is built from what a deployed resource answers would vanish. */
export const known: Known = (type) => answers[type];

/** The provider functions that a program asks. */
export const invoke: Invoke = (token) => {
  if (token === "tls:index/getPublicKey:getPublicKey") return { publicKeyOpenssh: `${clientKey}\n` };
  if (token === "aws:ssm/getParameter:getParameter") return { insecureValue: "ami-0debian" };
  return undefined;
};

/** Settings of a host of each kind, and the secrets that it needs. */
export const hosts = {
  existing: {
    host: {
      provider: "existing",
      address: "203.0.113.10",
      hostKey: hostPublicKey,
      user: "keeper",
      port: 2222,
      memoryMiB: 8192,
      cpus: 4,
      dataDisk: "/dev/disk/by-id/virtio-data",
    },
    secrets: ["sshKey"],
  },
  digitalocean: {
    host: { provider: "digitalocean", region: "fra1", size: "s-4vcpu-8gb", dataDiskGiB: 60, backups: true },
    secrets: ["sshKey", "digitaloceanToken"],
  },
  aws: {
    host: {
      provider: "aws",
      region: "eu-central-1",
      size: "t3a.large",
      dataDiskGiB: 60,
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    },
    secrets: ["sshKey", "awsSecretAccessKey"],
  },
} as const;
export type RemoteProvider = keyof typeof hosts;

/** What a machine may be asked for beyond the defaults, all at once. */
export const machine = {
  sshFrom: ["198.51.100.0/24", "192.0.2.7/32"],
  authorizedKeys: [`ssh-ed25519 ${"D".repeat(68)} alice@example.org`],
};

const cloudflare = { provider: "cloudflare", zone: "example.org" };

/** A stack with everything that opens a port, behind Cloudflare, on a host of a kind. */
export function remoteTopology(provider: RemoteProvider, change: Record<string, unknown> = {}): Topology {
  const { host, secrets } = hosts[provider];
  const values = {
    domain: "example.org",
    host,
    edge: cloudflare,
    machine,
    ...change,
  };
  const edge = change["edge"] ?? cloudflare;
  const edgeSecrets = edge === cloudflare ? ["cloudflareToken"] : [];
  return topologyOf(
    "test",
    parseSettings({ source: "Pulumi.test.yaml", values, encrypted: [...secrets, ...edgeSecrets] }),
  );
}

/** Records a stack as index.ts makes it; also one of which parts can't be built yet. */
export const recordEnvironment = (topology: Topology, preview = false): Promise<Recording<void>> =>
  run(topology, preview, () => {
    const createHosts = loadAdapter(topology.settings.host.provider);
    new Environment(topology.stack, { topology, createHosts, zoneId: zoneIdOf(topology) });
  });

/** Records the hosts of a stack, with nothing on them. */
export const recordHosts = (topology: Topology): Promise<Recording<void>> =>
  run(topology, false, () => {
    const parent = new pulumi.ComponentResource("muster:index:Environment", topology.stack);
    loadAdapter(topology.settings.host.provider)(topology, { parent });
  });

function run({ stack, secrets }: Topology, preview: boolean, program: () => void): Promise<Recording<void>> {
  const { config, secretKeys } = engineConfig({ values: {}, encrypted: [...secrets] }, secretValues);
  return record({ stack, preview, known, invoke, config, secretKeys, timeoutSeconds: 60 }, program);
}
