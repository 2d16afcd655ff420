/** What makes a server the one that was meant. */
import { readFileSync } from "node:fs";
import { isIP, type LookupFunction } from "node:net";
import { rootCertificates } from "node:tls";

/** How much to trust a site's certificate, and where to find the site. */
export interface Trust {
  /** The root certificate (PEM) of a site with a certificate of its own; default the system's roots. */
  readonly ca?: string | undefined;
  /** False: any certificate will do. Default true. */
  readonly rejectUnauthorized?: boolean | undefined;
  /** Address to connect to, whatever the resolver says of the name; default what that says. */
  readonly address?: string | undefined;
}

/** What Node's TLS takes of it. */
export function tlsOptions({ ca, rejectUnauthorized, address }: Trust): {
  ca?: string;
  rejectUnauthorized?: boolean;
  lookup?: LookupFunction;
} {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    ...lookupOf(address),
  };
}

/**
 * Trust in a root of one's own (PEM) besides the usual ones and those of NODE_EXTRA_CA_CERTS, which Node forgets as soon
 * as it is given any. @returns nothing without one: Node then knows those by itself.
 */
export function trustBesides(
  root: string | undefined,
  extraFile = process.env["NODE_EXTRA_CA_CERTS"],
): Pick<Trust, "ca"> {
  return root === undefined ? {} : { ca: [root, ...contentOf(extraFile), ...rootCertificates].join("\n") };
}

/** Nothing where it can't be read: Node, which warns of that itself, goes on as well. */
function contentOf(file: string | undefined): string[] {
  if (file === undefined || file === "") return [];
  try {
    return [readFileSync(file, "utf8")];
  } catch {
    return [];
  }
}

/** A resolver that knows one answer. */
export function lookupOf(address: string | undefined): { lookup?: LookupFunction } {
  if (address === undefined) return {};
  const family = isIP(address);
  return {
    lookup: (_name, { all }, done) => {
      if (all === true) done(null, [{ address, family }]);
      else done(null, address, family);
    },
  };
}
