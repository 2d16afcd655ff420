/** A recorded release as Pulumi itself would have stored it, for `pulumi stack import`: with made-up ids and secrets. */
import { isObject } from "./graph";
import { type Release, typeOf } from "./release";

const project = "muster";

/** What the providers add to the inputs of what they have made; a preview compares with it. */
const outputs: Record<string, (inputs: Record<string, unknown>, name: string) => Record<string, unknown>> = {
  "docker:index/volume:Volume": (inputs) => ({
    ...inputs,
    driver: inputs["driver"] ?? "local",
    mountpoint: `/var/lib/docker/volumes/${String(inputs["name"])}/_data`,
  }),
  "random:index/randomPassword:RandomPassword": (inputs, name) => ({
    __meta: JSON.stringify({ schema_version: "3" }),
    lower: true,
    number: true,
    numeric: true,
    special: true,
    upper: true,
    minLower: 0,
    minNumeric: 0,
    minSpecial: 0,
    minUpper: 0,
    ...inputs,
    bcryptHash: secret(`hash-of-${name}`),
    result: secret(name.padEnd(Number(inputs["length"]), "x").slice(0, Number(inputs["length"]))),
  }),
  "random:index/randomId:RandomId": (inputs) => ({
    ...inputs,
    hex: madeUpHex,
    dec: String(parseInt(madeUpHex, 16)),
    b64Std: Buffer.from(madeUpHex, "hex").toString("base64"),
    b64Url: Buffer.from(madeUpHex, "hex").toString("base64url"),
  }),
};
/** The installation's own id in recorded graphs: test/helpers/platform.ts. */
const madeUpHex = "0123456789ab";

/** A secret as `pulumi stack export --show-secrets` writes it; the import encrypts it. */
const secret = (value: string) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});

/**
 * The deployment of a release: what it keeps, with the parents and providers of that. No containers.
 * @param salt of the stack's passphrase, as `encryptionsalt` in its file: the import encrypts with it.
 */
export function deploymentOf({ stack, resources }: Release, salt: string): object {
  const prefix = `urn:pulumi:${stack}::${project}::`;
  const root = `${prefix}pulumi:pulumi:Stack::${project}-${stack}`;
  const time = "2026-11-21T00:00:00Z";
  const ordered = Object.keys(resources).sort((a, b) => depth(a, resources) - depth(b, resources));
  return {
    version: 3,
    deployment: {
      manifest: { time, magic: "", version: "" },
      secrets_providers: { type: "passphrase", state: { salt } },
      resources: [
        { urn: root, custom: false, type: "pulumi:pulumi:Stack" },
        ...ordered.map((urn) => {
          const { parent, provider, protect, retainOnDelete, inputs = {} } = resources[urn] ?? {};
          const type = typeOf(urn);
          const name = urn.split("::").at(-1) ?? "";
          const custom = !type.startsWith("muster:");
          return {
            urn: prefix + urn,
            custom,
            type,
            ...(custom ? { id: idOf(urn, inputs) } : {}),
            inputs,
            outputs: outputs[type]?.(inputs, name) ?? inputs,
            parent: parent === undefined ? root : prefix + parent,
            ...(provider === undefined
              ? {}
              : { provider: `${prefix}${provider}::${idOf(provider, resources[provider]?.inputs ?? {})}` }),
            ...(protect ? { protect } : {}),
            ...(retainOnDelete ? { retainOnDelete } : {}),
            ...(type.endsWith(":RandomPassword")
              ? { additionalSecretOutputs: ["bcryptHash", "result"] }
              : {}),
          };
        }),
      ],
    },
  };
}

function idOf(urn: string, inputs: Record<string, unknown>): string {
  const type = typeOf(urn);
  if (type.endsWith(":RandomPassword")) return "none";
  if (type.endsWith(":RandomId")) return Buffer.from(madeUpHex, "hex").toString("base64url");
  // Docker's volumes have their names for ids.
  if (isObject(inputs) && typeof inputs["name"] === "string") return inputs["name"];
  return "00000000-0000-4000-8000-000000000000";
}

/** The engine wants parents and providers before what stands on them. */
function depth(urn: string | undefined, resources: Release["resources"]): number {
  if (urn === undefined) return 0;
  const { parent, provider } = resources[urn] ?? {};
  return 1 + Math.max(depth(parent, resources), depth(provider, resources));
}
