/** What all hosts of a stack at DigitalOcean share. */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { secretSetting } from "../../stacks/settings/engine";
import type { Topology } from "../../stacks/topology";
import { hostResourceName, physicalPrefix } from "../platform/names";
import { clientKey } from "./sshKeys";

/**
 * One SSH key and one project for a stack. No network of its own: the first one in a region becomes the account's
 * default there, which nobody can remove again; and firewalls keep strangers out of any.
 */
export class DigitaloceanAccount extends pulumi.ComponentResource {
  readonly provider: digitalocean.Provider;
  readonly tls: tls.Provider;
  /** Public half of the key with which Muster logs in. */
  readonly clientKey: pulumi.Output<string>;
  /** The same, as the provider knows it: without one, it would mail a password. */
  readonly operator: digitalocean.SshKey;
  readonly project: digitalocean.Project;
  /** By the hosts' names: firewalls know machines by their tags. */
  readonly tags: ReadonlyMap<string, digitalocean.Tag>;

  constructor({ stack, hosts, settings }: Topology, opts?: pulumi.ComponentResourceOptions) {
    super("muster:host:DigitaloceanAccount", "digitalocean", {}, opts);
    const name = physicalPrefix(stack);
    this.provider = new digitalocean.Provider(
      "digitalocean",
      { token: secretSetting("digitaloceanToken") },
      { parent: this },
    );
    this.tls = new tls.Provider("tls", {}, { parent: this });
    const child = { parent: this, provider: this.provider };
    this.clientKey = clientKey(this.tls);
    this.operator = new digitalocean.SshKey("operator", { name, publicKey: this.clientKey }, child);
    // One that isn't empty can't be removed, and the address may be left in it.
    this.project = new digitalocean.Project(
      "project",
      { name, description: `Muster, stack ${stack}`, purpose: "Chat, calls and meetings" },
      { ...child, protect: settings.protectData },
    );
    this.tags = new Map(
      hosts.map((host) => [
        host.name,
        new digitalocean.Tag(`tag-${host.name}`, { name: hostResourceName(stack, host.name) }, child),
      ]),
    );
    this.registerOutputs();
  }

  tag(host: string): digitalocean.Tag {
    const tag = this.tags.get(host);
    if (tag === undefined) throw new Error(`no host ${host} in this stack`);
    return tag;
  }
}
