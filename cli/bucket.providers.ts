/** What single storages lack, and what to do there instead. Sources: docs/runbooks/bucket.md. Pure. */
import type { Storage } from "../stacks/topology/storage";

/** What `npm run bucket` sets up. */
export type Part = "versioning" | "lock" | "expiry" | "policy";

const elsewhere: Record<Part, string> = {
  versioning: "choose a storage that keeps versions: without them, overwriting destroys",
  lock: "make a new bucket with another muster:backup.target.bucket, since many storages lock only from the start; where it still fails, choose a storage with S3 Object Lock",
  expiry: "remove old versions with the storage's own means, else it only grows",
  policy: "give the host a key that writes and doesn't delete, with the storage's own means",
};

const here: Record<Storage, Partial<Record<Part, string>>> = {
  aws: {},
  r2: {
    versioning: "nothing: R2 has no versions; its lock rules refuse overwriting as well",
    lock: "in Cloudflare's dashboard (R2, the bucket, Settings, Bucket lock rules), one rule for each of config, data/, index/, keys/ and snapshots/ under the prefix, never for locks/",
    expiry: "nothing: without versions there are no old ones",
    policy:
      "an API token with Object Read & Write for this bucket alone; it can delete what no lock rule holds, so let the rules hold longer than the oldest snapshot counts",
  },
  spaces: {
    lock: "nothing helps here: Spaces has no lock and no key that writes without deleting; for what matters, choose another storage",
    policy: "a limited access key, Read/Write/Delete, for this bucket alone; it can delete",
  },
  b2: {
    policy:
      "an application key for this bucket alone with listBuckets, listFiles, readFiles and writeFiles, without deleteFiles: it can hide, not delete",
  },
  other: {},
};

/** What to do where the storage lacks a part. */
export const insteadOf = (part: Part, provider: Storage): string => here[provider][part] ?? elsewhere[part];
