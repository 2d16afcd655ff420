/** What is wrong with the settings of the state backend, and what is worth knowing. */
import type { Problem } from "../settings/problems";
import type { Topology } from "./types";

type Plan = Pick<Topology, "stack" | "settings" | "secrets">;

/** A key without its secret, a secret without its key, and a key without a bucket. */
export function stateProblems({ stack, settings: { state }, secrets }: Plan): Problem[] {
  const isBucket = state?.backend.startsWith("s3:") === true;
  const hasKey = state?.accessKeyId !== undefined;
  const hasSecret = secrets.has("stateSecretKey");
  if (hasKey && !isBucket)
    return [
      {
        key: "muster:state.accessKeyId",
        problem: "nobody uses it: the state lies in no bucket",
        given: state.backend,
        allowed: "with muster:state.backend s3://... alone",
        fix: "remove it, or change muster:state.backend",
      },
    ];
  if (hasKey && !hasSecret)
    return [
      {
        key: "muster:stateSecretKey",
        problem: "missing, but muster:state.accessKeyId is there",
        allowed: "an encrypted value",
        fix: `npm run secret -- ${stack} stateSecretKey, with the key in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for this once; or remove state.accessKeyId`,
      },
    ];
  if (hasSecret && !hasKey)
    return [
      {
        key: "muster:stateSecretKey",
        problem: "without muster:state.accessKeyId nobody uses it",
        fix: "set muster:state.accessKeyId, or remove the secret",
      },
    ];
  return [];
}

/** A state that is lost with the operator's machine, while the stack's own machines go on. */
export function stateWarnings({ settings: { host, state } }: Plan): Problem[] {
  if (host.provider === "local") return [];
  if (state !== undefined && !state.backend.startsWith("file:")) return [];
  return [
    {
      key: "muster:state",
      problem: "the state lies on the operator's machine alone: nobody else can change this stack",
      given: state?.backend ?? "the folder that Pulumi.yaml names",
      allowed: "s3://..., https://api.pulumi.com",
      fix: "set muster:state.backend; until then, a copy of the state is in each backup",
    },
  ];
}
