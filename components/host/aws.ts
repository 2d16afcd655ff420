import { Volume } from "@pulumi/aws/ebs/volume";
import { Eip } from "@pulumi/aws/ec2/eip";
import { EipAssociation } from "@pulumi/aws/ec2/eipAssociation";
import { Instance } from "@pulumi/aws/ec2/instance";
import type { SecurityGroup } from "@pulumi/aws/ec2/securityGroup";
import { VolumeAttachment } from "@pulumi/aws/ec2/volumeAttachment";
import { getParameterOutput } from "@pulumi/aws/ssm/getParameter";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Topology } from "../../stacks/topology";
import { mainHost } from "../../stacks/topology/hosts";
import { physicalPrefix } from "../platform/names";
import { AwsAccount, type AwsSettings } from "./aws.account";
import { type Child, createFirewall } from "./aws.network";
import type { Host, HostFactory, Machine } from "./host";
import { machinePlanOf } from "./machinePlan";
import { remoteDocker, setUpMachine } from "./remote";
import type { SshAccess } from "./ssh";
import { accessTo, birthOf, createHostKey } from "./sshKeys";

/** Who logs in at Debian's own images. */
const user = "admin";
/** Images and logs; the data have a disk of their own. */
const rootDiskGiB = 30;

/** An instance that can be thrown away, with a disk and an address that can't. */
export class AwsHost extends pulumi.ComponentResource implements Host {
  readonly provider: docker.Provider;
  readonly engine: pulumi.Output<SshAccess>;
  readonly publicAddress: pulumi.Output<string>;
  readonly privateAddress: pulumi.Output<string>;
  readonly machine: Machine;
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
    this.tags = { Name: `${physicalPrefix(topology.stack)}-${name}` };
    this.child = { parent: this, provider: account.provider };
    this.kept = { ...this.child, protect };

    const hostKey = createHostKey(name, { parent: this, provider: account.tls, protect });
    const disk = this.createDisk();
    // Knows no instance: what is protected keeps whatever it depends on.
    const address = new Eip(`address-${name}`, { domain: "vpc", tags: this.tags }, this.kept);
    this.publicAddress = address.publicIp;
    this.engine = accessTo({ stack: topology.stack, host: name, user }, address.publicIp, hostKey);

    const firewall = createFirewall(topology, name, account.network, this.child);
    const birth = birthOf(user, hostKey, account.clientKey, machine.authorizedKeys);
    const instance = this.createInstance(firewall.group, birth);
    this.machine = { id: instance.id, resource: instance };
    this.privateAddress = instance.privateIp;

    const bootstrap = setUpMachine(
      name,
      {
        plan: machinePlanOf(topology, name, { user, sshPort: 22, anchor: false }),
        access: this.engine,
        clientKey: account.clientKey,
        machineId: instance.id,
        machine: instance,
        dependsOn: [this.associate(address, instance), ...this.attach(disk, instance), ...firewall.rules],
        ...(disk === undefined ? {} : { disk: { device: deviceOf(disk), sizeGiB: settings.dataDiskGiB } }),
      },
      this,
    );
    this.provider = remoteDocker(name, this.engine, bootstrap, this);
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

  private createInstance(group: SecurityGroup, userData: pulumi.Input<string>): Instance {
    const { size, image, generation } = this.settings;
    const { network, operator, diskKey, profile, provider } = this.account;
    return new Instance(
      `machine-${this.name}`,
      {
        // The value of a parameter that everybody may read; the other property is marked secret.
        ami: getParameterOutput({ name: image }, { provider, parent: this }).insecureValue,
        instanceType: size,
        subnetId: network.subnet.id,
        vpcSecurityGroupIds: [group.id],
        keyName: operator.keyName,
        iamInstanceProfile: profile.name,
        // What a container asks is one hop too far away.
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
        rootBlockDevice: {
          volumeType: "gp3",
          volumeSize: rootDiskGiB,
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

/** By what all hosts of a stack are below. */
const accounts = new WeakMap<pulumi.Resource, AwsAccount>();

export const awsHost: HostFactory = (name, topology, opts) => {
  const { host } = topology.settings;
  if (host.provider !== "aws") throw new Error(`not a host at AWS: ${host.provider}`);
  const { parent } = opts;
  const known = parent === undefined ? undefined : accounts.get(parent);
  const account = known ?? new AwsAccount(topology, host, opts);
  if (parent !== undefined) accounts.set(parent, account);
  return new AwsHost(name, topology, host, account, opts);
};
