/**
 * The relay over TLS. Its certificate comes from another service, in its own time: plain relaying never waits for it,
 * and nobody's call ends when it is renewed. Why so: docs/decisions/0017-certificate-of-the-relay.md.
 */
import type { Settings } from "../../stacks/settings/schema";
import type { Expectation } from "./health";
import { meets } from "./jitsi";
import { filesPath, type MediaPort, type SeenVolume, type ServiceFile } from "./service";
import { text } from "./text";

/** Whether clients get a relay. */
export const relays = (settings: Settings): boolean =>
  settings.turn !== "off" && (settings.calls !== "off" || meets(settings));

/** Whether they get it over TLS as well. */
export const relaysOverTls = (settings: Settings): boolean => settings.turn === "tls" && relays(settings);

export const tlsPorts = (settings: Settings): MediaPort[] =>
  relaysOverTls(settings)
    ? [
        {
          name: "turn-tls",
          number: settings.media.turnTlsPort,
          published: settings.media.turnTlsPort,
          protocol: "tcp",
          exposure: "media",
          why: "the relay's front for clients whose network lets only TLS through",
        },
      ]
    : [];

/** Where the certificate with its key is placed, and the copy that coturn reads. */
const placed = "/certificate/certificate.pem";
const copy = "/tmp/certificate.pem";

export const certificateVolume = (settings: Settings): SeenVolume[] =>
  relaysOverTls(settings) ? [{ service: "certificates", volume: "published", path: "/certificate" }] : [];

/** Suites that only TLS 1.2 and newer know: the options that say so have other names in each version of coturn. */
const ciphers = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
];

/** Lines of coturn's file. */
export const tlsLines = (settings: Settings): string[] =>
  relaysOverTls(settings)
    ? [
        `tls-listening-port=${settings.media.turnTlsPort}`,
        `cert=${copy}`,
        `pkey=${copy}`,
        `cipher-list=${ciphers.join(":")}`,
      ]
    : ["no-tls"];

/**
 * Starts coturn with the certificate that is there. Where none is, with an empty file: coturn then listens for TLS,
 * though nobody gets a connection, and takes a certificate when it is told; without a file it would never listen.
 */
export const tlsStart: { file: ServiceFile; entrypoint: readonly string[] } = {
  file: {
    name: "start.sh",
    content: text`set -eu
busybox=${filesPath}/busybox
$busybox cp ${placed} ${copy} 2> /dev/null || : > ${copy}
exec docker-entrypoint.sh "$@"
`,
  },
  entrypoint: [`${filesPath}/busybox`, "sh", `${filesPath}/start.sh`],
};

/** Takes another certificate. It stands after the one that asks coturn something: by then coturn heeds signals. */
export const tlsExpectations = (settings: Settings): Expectation[] =>
  relaysOverTls(settings)
    ? [
        {
          name: "certificate",
          command: `[ ! -s ${placed} ] || $busybox cmp -s ${placed} ${copy} || { $busybox cp ${placed} ${copy}.new && $busybox mv -f ${copy}.new ${copy} && kill -USR2 1; }`,
        },
      ]
    : [];
