/** The certificate that a server shows, as a client that checks it sees it. */
import { connect } from "node:tls";
import { checkTimeout, type Failure } from "../error";
import { tlsOptions, type Trust } from "./trust";
import { failureOf } from "./wire";

export interface ServedCertificate {
  readonly ok: true;
  /** In hexadecimal digits. */
  readonly serial: string;
  /** Names that it is for. */
  readonly names: readonly string[];
  readonly from: Date;
  readonly until: Date;
  /** For example TLSv1.3. */
  readonly protocol: string;
}

/**
 * Opens a TLS connection and closes it at once. A certificate that isn't trusted, or is for another name, is a failure
 * with Node's code for it, for example CERT_HAS_EXPIRED.
 * @param options.name that the server is asked for, and that its certificate must be for; default the host
 * @param options.protocol the one version of TLS to offer; default what Node offers
 * @param options.timeoutSeconds default 5
 */
export function servedCertificate({
  host,
  port,
  name = host,
  protocol,
  timeoutSeconds = 5,
  ...trust
}: Trust & {
  host: string;
  port: number;
  name?: string;
  protocol?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
  timeoutSeconds?: number;
}): Promise<ServedCertificate | Failure> {
  checkTimeout(timeoutSeconds, `servedCertificate ${host}:${port}`);
  // Node itself offers the old ones only to who asks for no security.
  const version =
    protocol === undefined ? {} : { minVersion: protocol, maxVersion: protocol, ciphers: "ALL:@SECLEVEL=0" };
  const socket = connect({ host, port, servername: name, ...version, ...tlsOptions(trust) });
  return new Promise((resolve) => {
    const done = (answer: ServedCertificate | Failure): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutSeconds * 1000, () =>
      done({ ok: false, outcome: "no-answer", reason: `no answer in ${timeoutSeconds} s` }),
    );
    socket.once("error", (error: NodeJS.ErrnoException) => done(failureOf(error)));
    socket.once("secureConnect", () => {
      const { serialNumber, subjectaltname = "", valid_from, valid_to } = socket.getPeerCertificate();
      done({
        ok: true,
        serial: serialNumber,
        names: subjectaltname.split(", ").map((entry) => entry.replace(/^DNS:/, "")),
        from: new Date(valid_from),
        until: new Date(valid_to),
        protocol: socket.getProtocol() ?? "",
      });
    });
  });
}
