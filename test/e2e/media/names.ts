/** Names of a stack's domain: below `localhost` they are this machine to a browser, and no resolver knows those of tests. */
import dns from "node:dns";

type Lookup = (name: string, options: unknown, done?: unknown) => void;
type Done = (error: null, address: string | { address: string; family: 4 }[], family?: 4) => void;

/**
 * Until the returned function is called.
 * @param address of the machine that they stand for.
 */
export function resolveLocalNames(address = "127.0.0.1", domain = "localhost"): () => void {
  const original = dns.lookup as Lookup;
  const replaced: Lookup = (name, options, done) => {
    if (!name.endsWith(`.${domain}`)) {
      original(name, options, done);
      return;
    }
    const answer = (done ?? options) as Done;
    const all = typeof options === "object" && options !== null && (options as { all?: boolean }).all;
    setImmediate(() => {
      if (all === true) answer(null, [{ address, family: 4 }]);
      else answer(null, address, 4);
    });
  };
  (dns as { lookup: Lookup }).lookup = replaced;
  return () => {
    (dns as { lookup: Lookup }).lookup = original;
  };
}
