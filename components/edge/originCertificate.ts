/** The certificate between Cloudflare and the machine: Cloudflare alone trusts it, and it is good for years. */
import { OriginCaCertificate } from "@pulumi/cloudflare/originCaCertificate";
import type { Provider } from "@pulumi/cloudflare/provider";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { originSecrets } from "../services/caddyfile";
import type { EdgeSecrets } from "./edge";

type Child = pulumi.CustomResourceOptions & { parent: pulumi.Resource; provider: Provider };

/**
 * The longest that Cloudflare offers, 15 years: nothing would renew a shorter one in time, and who has the key has the
 * machine.
 */
const validDays = 5475;

/** @param hosts names in it, sorted. @param protect whether the key outlives a destroy. */
export function createOriginCertificate(
  hosts: readonly string[],
  protect: boolean,
  child: Child,
): EdgeSecrets {
  const { parent } = child;
  const provider = new tls.Provider("edge-tls", {}, { parent });
  const key = new tls.PrivateKey(
    "origin-key",
    { algorithm: "ECDSA", ecdsaCurve: "P256" },
    { parent, provider, protect },
  );
  const request = new tls.CertRequest(
    "origin-request",
    {
      privateKeyPem: key.privateKeyPem,
      subject: { commonName: hosts[0] ?? "" },
      dnsNames: [...hosts],
    },
    { parent, provider },
  );
  const certificate = new OriginCaCertificate(
    "origin-certificate",
    {
      csr: request.certRequestPem,
      hostnames: [...hosts],
      requestType: "origin-ecc",
      requestedValidity: validDays,
    },
    // Cloudflare answers with the names in another order, which would look like a change. Other names make another
    // request, and that another certificate.
    { ...child, ignoreChanges: ["hostnames", "requestedValidity"] },
  );
  return {
    [originSecrets.key]: key.privateKeyPem,
    [originSecrets.certificate]: pulumi.secret(certificate.certificate),
  };
}
