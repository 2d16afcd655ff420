/** Proves what the host's key can and can't do, by trying it. */
import type { Line } from "./bucket.make";
import type { Answer, Bucket } from "./s3";

export interface Proof {
  /** The bucket with the host's key. */
  host: Bucket;
  /** … and with the operator's. */
  operator: Bucket;
  prefix: string;
  /** Part of the probes' names: each run has its own, since nothing can be removed afterwards. */
  run: string;
  /** How often the host's key is tried again: a new policy takes a while. */
  patience: number;
  pause: () => Promise<void>;
}

/** What stands in the probes: the first, and what overwrites it. */
const [first, second] = ["muster: a probe\n", "muster: overwritten\n"] as const;

/** Writes, reads, overwrites and deletes as a thief of the host's key would. */
export async function prove(proof: Proof): Promise<Line[]> {
  const { host, prefix, run } = proof;
  // Where the backups lie, so that it is their protection that is tried; restic passes over the name.
  const key = `${prefix}/data/muster-probe-${run}`;
  const written = await writes(proof, key);
  if (!written.done)
    return [
      {
        state: "WARNING",
        what: "the host writes",
        detail: `refused: ${written.words}`,
        fix: "mend what is said above, and the secret with npm run secret; without it there are no backups",
      },
    ];
  const read = await host.get(key);
  return [
    { state: "ok", what: "the host writes", detail: "allowed" },
    read.done && read.value === first
      ? { state: "ok", what: "the host reads back", detail: "allowed" }
      : {
          state: "WARNING",
          what: "the host reads back",
          detail: read.done ? "gave something else" : `refused: ${read.words}`,
          fix: "let the key read: a backup that can't be read is none",
        },
    await deletes(proof, key, written.value),
    ...(await deletesVersion(proof, key, written.value)),
    await overwrites(proof, key, written.value),
    ...(await unlocks(proof)),
    ...(await changesBucket(proof)),
    await outlivesOperator(proof, key, written.value),
  ];
}

async function writes({ host, patience, pause }: Proof, key: string): Promise<Answer<string | undefined>> {
  for (let left = patience; ; left -= 1) {
    const answer = await host.put(key, first);
    if (answer.done || answer.reason !== "denied" || left === 0) return answer;
    await pause();
  }
}

/** Whether the first version is still there, for whoever may read versions. */
async function survives({ operator }: Proof, key: string, version: string | undefined): Promise<boolean> {
  const answer = await operator.get(key, version);
  return answer.done && answer.value === first;
}

const canDestroy = (what: string, detail: string): Line => ({
  state: "WARNING",
  what,
  detail: `${detail}: whoever takes the host can destroy its backups`,
  fix: "give the host a key that can't delete: docs/runbooks/bucket.md",
});

async function deletes(proof: Proof, key: string, version: string | undefined): Promise<Line> {
  const what = "the host deletes a backup";
  const answer = await proof.host.remove(key);
  if (!answer.done) return { state: "ok", what, detail: `refused: ${answer.words}` };
  return version !== undefined && (await survives(proof, key, version))
    ? { state: "ok", what, detail: "hides it only: the version is still there" }
    : canDestroy(what, "allowed");
}

async function deletesVersion(proof: Proof, key: string, version: string | undefined): Promise<Line[]> {
  if (version === undefined) return [];
  const what = "the host deletes its version";
  const answer = await proof.host.remove(key, version);
  if (!answer.done) return [{ state: "ok", what, detail: `refused: ${answer.words}` }];
  // Some storages say yes and keep a locked version.
  return [
    (await survives(proof, key, version))
      ? { state: "ok", what, detail: "said to be done, but it is still there" }
      : canDestroy(what, "allowed"),
  ];
}

async function overwrites(proof: Proof, key: string, version: string | undefined): Promise<Line> {
  const what = "the host overwrites";
  const answer = await proof.host.put(key, second);
  if (!answer.done) return { state: "ok", what, detail: `refused: ${answer.words}` };
  return version !== undefined && (await survives(proof, key, version))
    ? { state: "ok", what, detail: "keeps the version before" }
    : canDestroy(what, "destroys what was there");
}

async function unlocks({ host, prefix, run }: Proof): Promise<Line[]> {
  const what = "the host removes a lock";
  const key = `${prefix}/locks/muster-probe-${run}`;
  const put = await host.put(key, first);
  const removed = put.done ? await host.remove(key) : put;
  if (!removed.done)
    return [
      {
        state: "WARNING",
        what,
        detail: `refused: ${removed.words}`,
        fix: `let the key delete under ${prefix}/locks/: else each backup leaves a lock behind, and pruning waits for it`,
      },
    ];
  const line: Line = { state: "ok", what, detail: "allowed, as each backup needs it" };
  return removed.value === undefined ? [line] : [line, await deletesMark(host, key, removed.value)];
}

/** No lock holds a mark: who can delete one can delete any version whose lock has ended. */
async function deletesMark(host: Bucket, key: string, mark: string): Promise<Line> {
  const what = "the host deletes what isn't locked";
  const answer = await host.remove(key, mark);
  return answer.done
    ? canDestroy(what, "allowed, as soon as a version's lock has ended")
    : { state: "ok", what, detail: `refused: ${answer.words}` };
}

/** Tried with what is so already: where it is allowed, nothing has changed. */
async function changesBucket({ host, operator }: Proof): Promise<Line[]> {
  const current = await operator.versioning();
  if (!current.done || !current.value) return [];
  const what = "the host changes the bucket";
  const answer = await host.enableVersioning();
  return [
    answer.done ? canDestroy(what, "allowed") : { state: "ok", what, detail: `refused: ${answer.words}` },
  ];
}

/** The lock holds against the operator too; where nothing locks, this removes the probe. */
async function outlivesOperator(proof: Proof, key: string, version: string | undefined): Promise<Line> {
  const what = "you delete a backup";
  const answer = await proof.operator.remove(key, version);
  if (!answer.done) return { state: "ok", what, detail: `refused: ${answer.words}` };
  return (await survives(proof, key, version))
    ? { state: "ok", what, detail: "hides it only: the lock keeps the version" }
    : {
        state: "by hand",
        what,
        detail: "allowed: nothing locks the backups",
        fix: "keep your key away from the host and from this machine's disk: who has it can destroy the backups",
      };
}
