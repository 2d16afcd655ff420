import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import type { HostSettings } from "../../stacks/settings/schema";
import type { Topology } from "../../stacks/topology";
import { mainHost, mediaSettings } from "../../stacks/topology/hosts";
import { hostResourceName } from "../platform/names";
import { type CloudMachine, hostsOn } from "./cloud";
import { cloudRules, everyone, portsOf } from "./cloudFirewall";
import { DigitaloceanAccount } from "./digitalocean.account";
import type { HostsFactory, Machine } from "./host";
import { shutDownBeforeResize } from "./resize";
import type { SshAccess } from "./ssh";
import { accessTo, birthOf, createHostKey } from "./sshKeys";

type Settings = Extract<HostSettings, { provider: "digitalocean" }>;
type Child = pulumi.CustomResourceOptions & { provider: digitalocean.Provider };

const user = "root";

/** A droplet that can be thrown away, with a disk and an address that can't. */
export class DigitaloceanHost extends pulumi.ComponentResource implements CloudMachine {
  readonly engine: pulumi.Output<SshAccess>;
  readonly publicAddress: pulumi.Output<string>;
  readonly peerAddress: pulumi.Output<string>;
  readonly machine: Required<Machine>;
  readonly disk: CloudMachine["disk"];
  readonly way: CloudMachine["way"];
  /** What the provider's console calls whatever belongs to this host. */
  private readonly physicalName: string;
  private readonly child: Child;
  private readonly kept: Child;

  constructor(
    readonly name: string,
    private readonly topology: Topology,
    private readonly settings: Settings,
    private readonly account: DigitaloceanAccount,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("muster:host:DigitaloceanHost", name, {}, opts);
    const { protectData: protect, machine } = topology.settings;
    this.physicalName = hostResourceName(topology.stack, name);
    this.child = { parent: this, provider: account.provider };
    this.kept = { ...this.child, protect };

    const hostKey = createHostKey(name, { parent: this, provider: account.tls, protect });
    const disk = this.createDisk();
    const address = this.createAddress();
    this.publicAddress = address.ipAddress;
    this.engine = accessTo(topology, name, user, address.ipAddress, hostKey);

    const firewall = this.createFirewall();
    const userData = birthOf(user, hostKey, account.clientKey, machine.authorizedKeys);
    const droplet = this.createDroplet(userData, firewall, disk);
    const assignment = this.assign(address, droplet);
    this.listInProject(droplet, disk, assignment);

    this.machine = { id: droplet.id, resource: droplet };
    this.peerAddress = droplet.ipv4AddressPrivate;
    this.disk = disk === undefined ? undefined : { device: deviceOf(disk), sizeGiB: disk.size };
    this.way = [assignment, firewall];
    this.registerOutputs();
  }

  /** All data of the stack. Without a file system: the bootstrap makes it, where there is none. */
  private createDisk(): digitalocean.Volume | undefined {
    if (this.name !== mainHost) return undefined;
    const { region, dataDiskGiB } = this.settings;
    return new digitalocean.Volume(
      `disk-${this.name}`,
      { name: this.physicalName, region, size: dataDiskGiB, description: "Data of Muster" },
      { ...this.kept, retainOnDelete: this.topology.settings.protectData },
    );
  }

  /** Knows no droplet: what is protected keeps whatever it depends on. */
  private createAddress(): digitalocean.ReservedIp {
    return new digitalocean.ReservedIp(`address-${this.name}`, { region: this.settings.region }, this.kept);
  }

  /** By tag, and there before the droplet is: no moment without it. */
  private createFirewall(): digitalocean.Firewall {
    const inbound = cloudRules(this.topology, this.name).map(
      ({ protocol, first, last, from, fromHosts }) => ({
        protocol,
        portRange: portsOf(first, last),
        ...(fromHosts.length === 0
          ? { sourceAddresses: [...from] }
          : { sourceTags: fromHosts.map((host) => this.account.tag(host).name) }),
      }),
    );
    const outbound = ["tcp", "udp"].map((protocol) => ({
      protocol,
      portRange: "1-65535",
      destinationAddresses: [everyone],
    }));
    return new digitalocean.Firewall(
      `firewall-${this.name}`,
      {
        name: this.physicalName,
        tags: [this.account.tag(this.name).name],
        // Without it, nobody learns that a packet is too large for the way.
        inboundRules: [...inbound, { protocol: "icmp", sourceAddresses: [everyone] }],
        outboundRules: [...outbound, { protocol: "icmp", destinationAddresses: [everyone] }],
      },
      this.child,
    );
  }

  private createDroplet(
    userData: pulumi.Input<string>,
    firewall: digitalocean.Firewall,
    disk: digitalocean.Volume | undefined,
  ): digitalocean.Droplet {
    const { region, size, image, backups, generation } = this.settings;
    return new digitalocean.Droplet(
      `machine-${this.name}`,
      {
        name: this.physicalName,
        image,
        region,
        size,
        tags: [this.account.tag(this.name).name],
        sshKeys: [this.account.operator.fingerprint],
        // Not attached on its own: a droplet is shut down before it loses a disk.
        ...(disk === undefined ? {} : { volumeIds: [disk.id] }),
        userData,
        backups,
        monitoring: true,
        ipv6: false,
        dropletAgent: false,
        gracefulShutdown: true,
        // Its own disk could never shrink again.
        resizeDisk: false,
      },
      {
        ...this.child,
        dependsOn: [firewall],
        // It has the disk, which can't be attached twice.
        deleteBeforeReplace: true,
        // A running machine keeps what it was born with; a new one gets what the settings say then.
        ignoreChanges: ["image", "userData", "sshKeys", "monitoring", "dropletAgent"],
        replacementTrigger: generation,
        customTimeouts: { create: "15m", update: "30m", delete: "20m" },
        hooks: { beforeUpdate: [shutDownBeforeResize(this.engine, this.name)] },
      },
    );
  }

  /**
   * It ends with the droplet, and another one takes the address over. Its own removal is never asked for: the provider
   * breaks down where the address is nobody's already.
   */
  private assign(
    address: digitalocean.ReservedIp,
    droplet: digitalocean.Droplet,
  ): digitalocean.ReservedIpAssignment {
    return new digitalocean.ReservedIpAssignment(
      `assignment-${this.name}`,
      { ipAddress: address.ipAddress, dropletId: droplet.id.apply(Number) },
      { ...this.child, deleteBeforeReplace: true, deletedWith: droplet, retainOnDelete: true },
    );
  }

  /** The address moves along with the droplet, and can't be moved alone. */
  private listInProject(
    droplet: digitalocean.Droplet,
    disk: digitalocean.Volume | undefined,
    assignment: digitalocean.ReservedIpAssignment,
  ): void {
    new digitalocean.ProjectResources(
      `project-${this.name}`,
      {
        project: this.account.project.id,
        resources: [droplet.dropletUrn, ...(disk === undefined ? [] : [disk.volumeUrn])],
      },
      { ...this.child, dependsOn: [assignment] },
    );
  }
}

/** Where a droplet finds a volume. */
const deviceOf = ({ name }: digitalocean.Volume): pulumi.Output<string> =>
  pulumi.interpolate`/dev/disk/by-id/scsi-0DO_Volume_${name}`;

export const digitaloceanHosts: HostsFactory = (topology, opts) => {
  const { host } = topology.settings;
  if (host.provider !== "digitalocean") throw new Error(`not a host at DigitalOcean: ${host.provider}`);
  const account = new DigitaloceanAccount(topology, opts);
  const machines = topology.hosts.map(({ name }) => {
    const settings = name === mainHost ? host : { ...host, ...mediaSettings(host) };
    return new DigitaloceanHost(name, topology, settings, account, opts);
  });
  return hostsOn(machines, { user, anchor: true, clientKey: account.clientKey }, topology, opts);
};
