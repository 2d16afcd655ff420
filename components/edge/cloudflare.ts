import { DnsRecord } from "@pulumi/cloudflare/dnsRecord";
import { Provider } from "@pulumi/cloudflare/provider";
import { Ruleset } from "@pulumi/cloudflare/ruleset";
import { ZoneSetting } from "@pulumi/cloudflare/zoneSetting";
import * as pulumi from "@pulumi/pulumi";
import { secretSetting } from "../../stacks/settings/engine";
import type { RulesetPlan, ZonePlanned } from "../../stacks/topology/edge/types";
import { addressesOf } from "../host/addresses";
import type { EdgeArgs, EdgeSecrets } from "./edge";
import { createOriginCertificate } from "./originCertificate";
import { markOf, recordArgs, recordName, ruleArgs, rulesetName } from "./shapes";

interface CloudflareArgs extends EdgeArgs {
  zone: ZonePlanned;
  zoneId: string;
}

type Child = pulumi.CustomResourceOptions & { parent: pulumi.Resource; provider: Provider };

/** Where `pulumi import` puts things: below the stack itself, since nothing else is there before the first up. */
const imported = [{ parent: pulumi.rootStackResource }];

/** A stack's part of a zone: its records and its certificate; the owner's part also the zone's rules and settings. */
export class CloudflareEdge extends pulumi.ComponentResource {
  readonly secrets: EdgeSecrets;
  private readonly child: Child;

  constructor(
    name: string,
    private readonly args: CloudflareArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("muster:edge:Cloudflare", name, {}, opts);
    const { zone, topology } = args;
    const provider = new Provider(
      "cloudflare",
      { apiToken: secretSetting("cloudflareToken") },
      { parent: this },
    );
    this.child = { parent: this, provider };
    this.createRecords();
    for (const ruleset of zone.rulesets) this.createRuleset(ruleset);
    for (const [id, value] of Object.entries(zone.settings)) this.createSetting(id, value);
    this.secrets = createOriginCertificate(zone.certified, topology.settings.protectData, this.child);
    this.registerOutputs();
  }

  private createRecords(): void {
    const { topology, hosts, zoneId } = this.args;
    const addresses = addressesOf(hosts);
    for (const record of topology.edge.records)
      new DnsRecord(
        recordName(record),
        // Behind the proxy the time to live is Cloudflare's, and 1 says so; elsewhere 1 lets it choose.
        { zoneId, ttl: 1, ...recordArgs(record, topology.stack, addresses) },
        // Cloudflare refuses a record beside one that is the same, or of a kind that can't stand beside it.
        { ...this.child, deleteBeforeReplace: true, aliases: imported },
      );
  }

  /** A zone has one for each phase. */
  private createRuleset({ phase, rules }: RulesetPlan): void {
    const { topology, zoneId } = this.args;
    new Ruleset(
      rulesetName(phase),
      {
        zoneId,
        kind: "zone",
        phase,
        // As the dashboard calls them: one that is imported stays what it is.
        name: "default",
        description: markOf(topology.stack),
        rules: rules.map(ruleArgs),
      },
      { ...this.child, deleteBeforeReplace: true, aliases: imported },
    );
  }

  private createSetting(settingId: string, value: string): void {
    new ZoneSetting(
      `setting-${settingId.replaceAll("_", "-")}`,
      { zoneId: this.args.zoneId, settingId, value },
      this.child,
    );
  }
}
