import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { secretSetting } from "../../stacks/settings/engine";
import type { SecretSetting } from "../../stacks/settings/secrets";

export interface SecretsArgs {
  /** What is generated: name to length in letters and digits. */
  generates: Readonly<Record<string, number>>;
  /** Secret settings that are there. */
  settings: ReadonlySet<SecretSetting>;
  /** Those that other parts of the stack have made, by their names. */
  given: Readonly<Record<string, pulumi.Output<string>>>;
  /** Keep what was generated when the stack is destroyed. */
  protect: boolean;
}

/** Every secret of the stack, by the name that services use: generated ones, those from the settings, and given ones. */
export class Secrets extends pulumi.ComponentResource {
  /** Tells this installation apart from another with the same stack name. */
  readonly instance: pulumi.Output<string>;
  /** Key for fingerprints of files. */
  readonly fingerprintKey: pulumi.Output<string>;
  private readonly values = new Map<string, pulumi.Output<string>>();

  constructor(name: string, args: SecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("muster:platform:Secrets", name, {}, opts);
    const provider = new random.Provider("random", {}, { parent: this });
    const childOpts = { parent: this, provider, protect: args.protect };
    const password = (child: string, length: number) =>
      new random.RandomPassword(
        child,
        { length, special: false, minLower: 1, minUpper: 1, minNumeric: 1 },
        childOpts,
      ).result;

    this.instance = new random.RandomId("instance", { byteLength: 6 }, childOpts).hex;
    this.fingerprintKey = password("fingerprint-key", 32);
    for (const [secret, length] of Object.entries(args.generates))
      this.values.set(secret, password(secret, length));
    for (const setting of args.settings) this.values.set(setting, secretSetting(setting));
    for (const [secret, value] of Object.entries(args.given)) this.values.set(secret, value);
    this.registerOutputs();
  }

  /** A secret by its name. A name that nothing declares is a mistake in a service's declaration. */
  get(name: string): pulumi.Output<string> {
    const value = this.values.get(name);
    if (value === undefined)
      throw new Error(
        `no secret ${name}: declared are ${[...this.values.keys()].join(", ")}; add it to a service's generates`,
      );
    return value;
  }
}
