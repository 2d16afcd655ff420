/** Names below `localhost` are this machine to a browser; the system's own resolver knows them not everywhere. */
import dns from "node:dns";

type Lookup = (name: string, options: unknown, done?: unknown) => void;
type Done = (error: null, address: string | { address: string; family: 4 }[], family?: 4) => void;

/** Until the returned function is called. */
export function resolveLocalNames(): () => void {
  const original = dns.lookup as Lookup;
  const replaced: Lookup = (name, options, done) => {
    if (!name.endsWith(".localhost")) {
      original(name, options, done);
      return;
    }
    const answer = (done ?? options) as Done;
    const all = typeof options === "object" && options !== null && (options as { all?: boolean }).all;
    setImmediate(() => {
      if (all === true) answer(null, [{ address: "127.0.0.1", family: 4 }]);
      else answer(null, "127.0.0.1", 4);
    });
  };
  (dns as { lookup: Lookup }).lookup = replaced;
  return () => {
    (dns as { lookup: Lookup }).lookup = original;
  };
}
