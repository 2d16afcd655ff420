/** What makes a server the one that was meant. */

/** How much to trust a site's certificate. */
export interface Trust {
  /** The root certificate (PEM) of a site with a certificate of its own; default the system's roots. */
  readonly ca?: string | undefined;
  /** False: any certificate will do. Default true. */
  readonly rejectUnauthorized?: boolean | undefined;
}

/** What Node's TLS takes of it. */
export function tlsOptions({ ca, rejectUnauthorized }: Trust): { ca?: string; rejectUnauthorized?: boolean } {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
}
