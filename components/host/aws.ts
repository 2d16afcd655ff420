import { Volume } from "@pulumi/aws/ebs/volume";
import { Eip } from "@pulumi/aws/ec2/eip";
import { EipAssociation } from "@pulumi/aws/ec2/eipAssociation";
import { Instance } from "@pulumi/aws/ec2/instance";
import { VolumeAttachment } from "@pulumi/aws/ec2/volumeAttachment";
import { getParameterOutput } from "@pulumi/aws/ssm/getParameter";
import * as pulumi from "@pulumi/pulumi";
import type { Topology } from "../../stacks/topology";
import { mainHost, mediaSettings } from "../../stacks/topology/hosts";
import { providerPrices } from "../../stacks/topology/prices";
import { hostResourceName } from "../platform/names";
import { AwsAccount, type AwsSettings } from "./aws.account";
import { type Child, createRules, groupOf } from "./aws.network";
import { type CloudMachine, hostsOn } from "./cloud";
import type { HostsFactory, Machine } from "./host";
import type { SshAccess } from "./ssh";
import { accessTo, birthOf, createHostKey } from "./sshKeys";

/** Who logs in at Debian's own images. */
const user = "admin";

/** An instance that can be thrown away, with a disk and an address that can't. */
export class AwsHost extends pulumi.ComponentResource implements CloudMachine {
  readonly engine: pulumi.Output<SshAccess>;
  readonly publicAddress: pulumi.Output<string>;
  readonly ownAddress: pulumi.Output<string>;
  readonly peerAddress: pulumi.Output<string>;
  readonly machine: Required<Machine>;
  readonly disk: CloudMachine["disk"];
  readonly way: CloudMachine["way"];
  private readonly tags: { Name: string };
  private readonly child: Child;
  private readonly kept: Child;

  constructor(
    readonly name: string,
    private readonly topology: Topology,
    private readonly settings: AwsSettings,
    private readonly account: AwsAccount,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("muster:host:AwsHost", name, {}, opts);
    const { protectData: protect, machine } = topology.settings;
    this.tags = { Name: hostResourceName(topology.stack, name) };
    this.child = { parent: this, provider: account.provider };
    this.kept = { ...this.child, protect };

    const hostKey = createHostKey(name, { parent: this, provider: account.tls, protect });
    const disk = this.createDisk();
    // Knows no instance: what is protected keeps whatever it depends on.
    const address = new Eip(`address-${name}`, { domain: "vpc", tags: this.tags }, this.kept);
    this.publicAddress = address.publicIp;
    this.engine = accessTo(topology, name, user, address.publicIp, hostKey);

    const rules = createRules(topology, name, account.firewalls, this.child);
    const birth = birthOf(user, hostKey, account.clientKey, machine.authorizedKeys);
    const instance = this.createInstance(birth);
    const association = this.associate(address, instance);

    this.machine = { id: instance.id, resource: instance };
    this.ownAddress = instance.privateIp;
    this.peerAddress = instance.privateIp;
    this.disk = disk === undefined ? undefined : { device: deviceOf(disk), sizeGiB: settings.dataDiskGiB };
    this.way = [association, ...this.attach(disk, instance), ...rules];
    this.registerOutputs();
  }

  /** All data of the stack. */
  private createDisk(): Volume | undefined {
    if (this.name !== mainHost) return undefined;
    const { region, zone, dataDiskGiB } = this.settings;
    return new Volume(
      `disk-${this.name}`,
      {
        availabilityZone: `${region}${zone}`,
        size: dataDiskGiB,
        type: "gp3",
        encrypted: true,
        kmsKeyId: this.account.diskKey.arn,
        // Whoever deletes it after all can still have it back.
        finalSnapshot: true,
        tags: this.tags,
      },
      { ...this.kept, retainOnDelete: this.topology.settings.protectData },
    );
  }

  private createInstance(userData: pulumi.Input<string>): Instance {
    const { size, image, generation } = this.settings;
    const { network, firewalls, operator, diskKey, profile, provider } = this.account;
    return new Instance(
      `machine-${this.name}`,
      {
        // The value of a parameter that everybody may read; the other property is marked secret.
        ami: getParameterOutput({ name: image }, { provider, parent: this }).insecureValue,
        instanceType: size,
        subnetId: network.subnet.id,
        vpcSecurityGroupIds: [groupOf(firewalls, this.name).id],
        keyName: operator.keyName,
        iamInstanceProfile: profile.name,
        // What a container asks is one hop too far away.
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
        rootBlockDevice: {
          volumeType: "gp3",
          volumeSize: providerPrices.aws.systemDiskGiB,
          encrypted: true,
          kmsKeyId: diskKey.arn,
          tags: this.tags,
        },
        instanceInitiatedShutdownBehavior: "stop",
        userData,
        userDataReplaceOnChange: false,
        tags: this.tags,
      },
      {
        ...this.child,
        dependsOn: [network.way],
        // It has the disk, which can't be attached twice.
        deleteBeforeReplace: true,
        // A running machine keeps what it was born with; a new one gets what the settings say then.
        ignoreChanges: ["ami", "userData", "userDataBase64", "keyName"],
        replacementTrigger: generation,
        customTimeouts: { create: "15m", update: "30m", delete: "20m" },
      },
    );
  }

  /** Its removal would fail without the instance, and isn't needed: it ends with it. */
  private associate(address: Eip, instance: Instance): EipAssociation {
    return new EipAssociation(
      `assignment-${this.name}`,
      { allocationId: address.id, instanceId: instance.id },
      { ...this.child, deleteBeforeReplace: true, deletedWith: instance },
    );
  }

  /** Its removal stops the machine first, and comes before the machine's own. */
  private attach(disk: Volume | undefined, instance: Instance): VolumeAttachment[] {
    if (disk === undefined) return [];
    return [
      new VolumeAttachment(
        `attachment-${this.name}`,
        {
          deviceName: "/dev/sdf",
          instanceId: instance.id,
          volumeId: disk.id,
          stopInstanceBeforeDetaching: true,
        },
        { ...this.child, deleteBeforeReplace: true, replacementTrigger: instance.id },
      ),
    ];
  }
}

/** Where an instance finds a volume. */
const deviceOf = ({ id }: Volume): pulumi.Output<string> =>
  id.apply((known) => `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${known.replace("-", "")}`);

export const awsHosts: HostsFactory = (topology, opts) => {
  const { host } = topology.settings;
  if (host.provider !== "aws") throw new Error(`not a host at AWS: ${host.provider}`);
  const account = new AwsAccount(topology, host, opts);
  const machines = topology.hosts.map(({ name }) => {
    const settings = name === mainHost ? host : { ...host, ...mediaSettings(host) };
    return new AwsHost(name, topology, settings, account, opts);
  });
  return hostsOn(machines, { user, anchor: false, clientKey: account.clientKey }, topology, opts);
};
