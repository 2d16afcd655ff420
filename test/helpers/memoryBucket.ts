/** A storage in memory: what it has, and what a key may do in it. */
import type { Answer, Bucket, Expiry, Lock, Reason } from "../../cli/s3";

type Feature = "lockable" | "lock" | "versions" | "expiry" | "fullExpiry" | "policy";
type Power = "write" | "read" | "hide" | "destroy" | "unlock" | "change";

interface Version {
  id: string | undefined;
  text: string;
}

export class MemoryStorage {
  there = false;
  versioned = false;
  locked: Lock | undefined;
  rules: readonly Expiry[] | undefined;
  text: string | undefined;
  /** What was asked of it that changes something. */
  readonly changes: string[] = [];
  readonly objects = new Map<string, Version[]>();
  readonly marks = new Map<string, string>();
  private count = 0;

  constructor(private readonly features: readonly Feature[]) {}

  /** @param may what the key may do; all of it where left out, except what a lock forbids. */
  bucket(may: readonly Power[] = ["write", "read", "hide", "destroy", "unlock", "change"]): Bucket {
    const has = (feature: Feature): boolean => this.features.includes(feature);
    const allowed = (power: Power): boolean => may.includes(power);
    const change = (name: string, feature: Feature | undefined, act: () => void): Promise<Answer> => {
      if (!allowed("change")) return no("denied");
      if (feature !== undefined && !has(feature)) return no("unsupported");
      this.changes.push(name);
      act();
      return yes(undefined);
    };
    const find = (key: string, version: string | undefined): Version | undefined => {
      const versions = this.objects.get(key) ?? [];
      if (version !== undefined) return versions.find(({ id }) => id === version);
      return this.marks.has(key) ? undefined : versions.at(-1);
    };
    return {
      look: () => (this.there ? yes(undefined) : no("absent")),
      create: (lockable) =>
        change(lockable ? "create lockable" : "create", lockable ? "lockable" : undefined, () => {
          this.there = true;
          this.versioned = lockable;
        }),
      versioning: () => (has("versions") ? yes(this.versioned) : no("unsupported")),
      enableVersioning: () => change("versioning", "versions", () => (this.versioned = true)),
      lock: () => (has("lock") ? yes(this.locked) : no("unsupported")),
      setLock: (lock) => change("lock", "lock", () => (this.locked = lock)),
      expiry: () => {
        if (!has("expiry")) return no("unsupported");
        return this.rules === undefined ? no("absent") : yes(this.rules);
      },
      setExpiry: (rules) => {
        const full = rules.some((rule) => rule.AbortIncompleteMultipartUpload !== undefined);
        if (full && !has("fullExpiry")) return no("failed");
        return change("expiry", "expiry", () => (this.rules = rules));
      },
      policy: () => {
        if (!has("policy")) return no("unsupported");
        return this.text === undefined ? no("absent") : yes(this.text);
      },
      setPolicy: (policy) => change("policy", "policy", () => (this.text = policy)),
      put: (key, text) => {
        if (!allowed("write")) return no("denied");
        const id = this.versioned ? `v${(this.count += 1)}` : undefined;
        this.objects.set(key, [...(this.versioned ? (this.objects.get(key) ?? []) : []), { id, text }]);
        this.marks.delete(key);
        return yes(id);
      },
      get: (key, version) => {
        if (!allowed("read")) return no("denied");
        const found = find(key, version);
        return found === undefined ? no("absent") : yes(found.text);
      },
      remove: (key, version) => {
        if (version === undefined && this.versioned) {
          if (!allowed(key.includes("/locks/") ? "unlock" : "hide")) return no("denied");
          const mark = `m${(this.count += 1)}`;
          this.marks.set(key, mark);
          return yes(mark);
        }
        if (version !== undefined && this.marks.get(key) === version) {
          if (!allowed("destroy")) return no("denied");
          this.marks.delete(key);
          return yes(undefined);
        }
        if (key.includes("/locks/") ? !allowed("unlock") : !allowed("destroy")) return no("denied");
        if (this.locked !== undefined) return no("denied");
        this.objects.set(
          key,
          (this.objects.get(key) ?? []).filter(({ id }) => id !== version),
        );
        return yes(undefined);
      },
    };
  }
}

const yes = <T>(value: T): Promise<Answer<T>> => Promise.resolve({ done: true, value });
const no = (reason: Reason): Promise<{ done: false; reason: Reason; words: string }> =>
  Promise.resolve({ done: false, reason, words: `said ${reason}` });
