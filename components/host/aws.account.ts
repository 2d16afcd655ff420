/** What all hosts of a stack at AWS share. */
import { KeyPair } from "@pulumi/aws/ec2/keyPair";
import type { SecurityGroup } from "@pulumi/aws/ec2/securityGroup";
import { InstanceProfile } from "@pulumi/aws/iam/instanceProfile";
import { Role } from "@pulumi/aws/iam/role";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment";
import { Key } from "@pulumi/aws/kms/key";
import { Provider } from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { secretSetting } from "../../stacks/settings/engine";
import type { HostSettings } from "../../stacks/settings/schema";
import type { Topology } from "../../stacks/topology";
import { physicalPrefix } from "../platform/names";
import { type Child, createFirewalls, createNetwork, type Network } from "./aws.network";
import { clientKey } from "./sshKeys";

export type AwsSettings = Extract<HostSettings, { provider: "aws" }>;

/** Days in which a key that was deleted can be had back. */
const keyDays = 30;

/** One network, one SSH key, one key for disks, and one role for machines. */
export class AwsAccount extends pulumi.ComponentResource {
  readonly provider: Provider;
  readonly tls: tls.Provider;
  readonly network: Network;
  /** By the hosts' names. */
  readonly firewalls: ReadonlyMap<string, SecurityGroup>;
  /** Public half of the key with which Muster logs in. */
  readonly clientKey: pulumi.Output<string>;
  /** The same, as AWS knows it. */
  readonly operator: KeyPair;
  /** With which disks are encrypted: without it, no disk can be read. */
  readonly diskKey: Key;
  readonly profile: InstanceProfile;

  constructor(
    topology: Topology,
    { region, zone, accessKeyId }: AwsSettings,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("muster:host:AwsAccount", "aws", {}, opts);
    const { stack, settings } = topology;
    this.provider = new Provider(
      "aws",
      {
        region,
        accessKey: accessKeyId,
        secretKey: secretSetting("awsSecretAccessKey"),
        defaultTags: { tags: { muster: stack } },
      },
      { parent: this },
    );
    this.tls = new tls.Provider("tls", {}, { parent: this });
    const child = { parent: this, provider: this.provider };
    this.network = createNetwork(stack, `${region}${zone}`, child);
    this.firewalls = createFirewalls(topology, this.network, child);
    this.clientKey = clientKey(this.tls);
    this.operator = new KeyPair("operator", { publicKey: this.clientKey }, child);
    this.diskKey = new Key(
      "disk-key",
      {
        description: `${physicalPrefix(stack)}: disks`,
        enableKeyRotation: true,
        deletionWindowInDays: keyDays,
      },
      { ...child, protect: settings.protectData, retainOnDelete: settings.protectData },
    );
    this.profile = createProfile(child);
    this.registerOutputs();
  }
}

/** Lets the Systems Manager's agent in, where the image has one: a way into a machine that SSH doesn't reach. */
function createProfile(child: Child): InstanceProfile {
  const assumeRolePolicy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
  });
  const role = new Role("machine-role", { assumeRolePolicy }, child);
  new RolePolicyAttachment(
    "machine-role-ssm",
    { role: role.name, policyArn: "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" },
    child,
  );
  return new InstanceProfile("machine-profile", { role: role.name }, child);
}
