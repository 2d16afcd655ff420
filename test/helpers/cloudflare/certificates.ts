/** Origin certificates: signed for names in the account's zones, trusted by Cloudflare alone. */
import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { z } from "zod";
import { newId, page, parse, type Account } from "./account";
import { ApiError, type Certificate, invalid, type Routes, success } from "./types";

const bodySchema = z.object({
  csr: z.string(),
  hostnames: z.array(z.string()).min(1).max(200),
  request_type: z.enum(["origin-rsa", "origin-ecc", "keyless-certificate"]),
  requested_validity: z.literal([7, 30, 90, 365, 730, 1095, 5475]).default(5475),
});

/** Kind of a request's key, by its object identifier in the request. */
const keyTypes = { "origin-ecc": "06072a8648ce3d0201", "origin-rsa": "06092a864886f70d010101" };

export const certificateRoutes = (account: Account): Routes => {
  const find = (id: string | undefined): Certificate => {
    const certificate = account.certificates.get(id ?? "");
    if (certificate === undefined) throw new ApiError(404, 1101, "Failed to read certificate from Database");
    return certificate;
  };
  const permission = "SSL and Certificates";
  return {
    "GET /client/v4/certificates": account.with(permission, "Read", ({ query }) => {
      const zone = account.zone(query.get("zone_id") ?? "");
      const found = [...account.certificates.values()].filter((one) => one.zone === zone.id && !one.revoked);
      return page(found.map(certificateBody), query, 20, 50);
    }),
    "POST /client/v4/certificates": account.with(permission, "Edit", ({ body, tell }) => {
      const certificate = issue(account, body);
      tell(`issue certificate for ${[...certificate.hostnames].sort().join(" ")}`);
      return success(certificateBody(certificate));
    }),
    "GET /client/v4/certificates/:id": account.with(permission, "Read", ({ params: [id] }) =>
      success(certificateBody(find(id))),
    ),
    "DELETE /client/v4/certificates/:id": account.with(permission, "Edit", ({ params: [id], tell }) => {
      const certificate = find(id);
      if (certificate.revoked) throw invalid(1014, "Certificate is already revoked");
      certificate.revoked = true;
      tell(`revoke certificate for ${[...certificate.hostnames].sort().join(" ")}`);
      return success({ id: certificate.id, revoked_at: new Date().toISOString() });
    }),
  };
};

function issue(account: Account, body: unknown): Certificate {
  const asked = parse(bodySchema, body, 1001);
  refuseKey(asked.csr, asked.request_type);
  const zones = asked.hostnames.map((name) => zoneOf(account, name));
  const expires = new Date(Date.now() + asked.requested_validity * 86_400_000);
  const certificate: Certificate = {
    ...{ id: newId(), zone: zones[0] ?? "", csr: asked.csr, requestType: asked.request_type },
    // Never in the order that was asked for.
    hostnames: [...asked.hostnames].sort().reverse(),
    days: asked.requested_validity,
    certificate: `-----BEGIN CERTIFICATE-----\n${randomBytes(48).toString("base64")}\n-----END CERTIFICATE-----`,
    expiresOn: `${expires.toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`,
    revoked: false,
  };
  account.certificates.set(certificate.id, certificate);
  return certificate;
}

function refuseKey(csr: string, type: z.infer<typeof bodySchema>["request_type"]): void {
  const encoded = /^-----BEGIN CERTIFICATE REQUEST-----([^-]+)-----END CERTIFICATE REQUEST-----\s*$/.exec(
    csr,
  )?.[1];
  if (encoded === undefined) throw invalid(1003, "Failed to parse the certificate signing request");
  const der = Buffer.from(encoded, "base64").toString("hex");
  if (type === "keyless-certificate" || !der.includes(keyTypes[type]))
    throw invalid(1004, `The key of the certificate signing request doesn't match the type ${type}`);
}

/** Id of the zone that a name belongs to. */
function zoneOf(account: Account, hostname: string): string {
  const name = hostname.replace(/^\*\./, "");
  const bad = (words: string): ApiError =>
    invalid(1010, `Failed to validate requested hostname ${hostname}: ${words}`);
  if (isIP(name) !== 0) throw bad("IP addresses are not allowed");
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/.test(name))
    throw bad("not a name");
  const zone = [...account.zones.values()].find(
    (one) => one.status === "active" && (name === one.name || name.endsWith(`.${one.name}`)),
  );
  if (zone === undefined)
    throw bad("This zone is either not part of your account, or you do not have access to it.");
  return zone.id;
}

const certificateBody = (one: Certificate): Record<string, unknown> => ({
  ...{ id: one.id, certificate: one.certificate, csr: one.csr, hostnames: one.hostnames },
  ...{ request_type: one.requestType, requested_validity: one.days, expires_on: one.expiresOn },
});
