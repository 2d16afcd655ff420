/** Settings of the place where Pulumi keeps the stack's state. */
import { z } from "zod";

const kinds = [
  // A bucket, maybe with a folder in it, and what tells where the storage is.
  /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[A-Za-z0-9._-]+)*(\?[A-Za-z0-9_]+=[^&\s]*(&[A-Za-z0-9_]+=[^&\s]*)*)?$/,
  /^https:\/\/[a-z0-9.-]+(:\d+)?(\/[A-Za-z0-9._-]+)*$/,
  /^file:\/\/\.{0,2}(\/?[A-Za-z0-9_@.-]+)+$/,
];

export const stateBackend = z.string().refine((text) => kinds.some((kind) => kind.test(text)), {
  error: "not the address of a state backend",
  params: {
    allowed:
      "s3://BUCKET?region=...&endpoint=..., https://api.pulumi.com or another https address, file:///FOLDER",
  },
});
export const accessKeyId = z.string().regex(/^[!-~]{1,128}$/);

export const stateSchema = z
  .strictObject({
    backend: stateBackend.describe(
      "Where the state lies, as Pulumi takes it: a bucket, Pulumi Cloud, or a folder of the operator's machine. `PULUMI_BACKEND_URL` comes before it.",
    ),
    accessKeyId: accessKeyId
      .optional()
      .describe(
        "Access key for a bucket; its secret part is `muster:stateSecretKey`. Left out, the environment of each command has the key.",
      ),
  })
  .optional()
  .describe("State backend. Left out, that of Pulumi.yaml: a folder beside it.");
