/** What makes a server the one that was meant. */
import { isIP, type LookupFunction } from "node:net";

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
