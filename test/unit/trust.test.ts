import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { trustOf } from "../../cli/doctorPatient";
import { relayTrust } from "../../doctor/relay";
import { servedCertificate } from "../../probe/net/certificate";
import { trustBesides } from "../../probe/net/trust";
import { selfSigned } from "../helpers/selfSigned";
import { remoteTopology } from "../helpers/hosts";

describe("trust in a root of one's own", () => {
  const [own, extra] = [selfSigned("own.example.org"), selfSigned("extra.example.org")];
  const folder = mkdtempSync(join(tmpdir(), "muster-trust-"));
  const file = join(folder, "extra.pem");
  writeFileSync(file, extra.certificate);
  afterAll(() => rmSync(folder, { recursive: true }));

  it("comes besides the public ones and those that the environment names", async () => {
    const { ca } = trustBesides(own.certificate, file);
    expect(ca).toContain(rootCertificates[0]);
    for (const { certificate, key, name } of [
      { ...own, name: "own.example.org" },
      { ...extra, name: "extra.example.org" },
    ]) {
      const server = createServer({ cert: certificate, key });
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      const { port } = server.address() as AddressInfo;
      const at = { host: name, port, address: "127.0.0.1", timeoutSeconds: 5 };
      try {
        expect(await servedCertificate({ ...at, ca })).toMatchObject({ ok: true });
        expect(await servedCertificate(at)).toMatchObject({ ok: false });
      } finally {
        server.close();
      }
    }
  });

  it("is left to Node where there is none, and goes on without a file that isn't there", () => {
    expect(trustBesides(undefined, file)).toEqual({});
    expect(trustBesides(own.certificate, join(folder, "none.pem")).ca).toContain(own.certificate);
  });
});

describe("the doctor's trust", () => {
  const { certificate: root } = selfSigned("ca.example.org");
  const authority = { directory: "https://ca.example.org/directory", root };
  const topologyOf = (edge: Record<string, unknown>) =>
    remoteTopology("existing", { edge: { ...edge, authority } });
  const trust = (edge: Record<string, unknown>) => trustOf(topologyOf(edge), new Map(), undefined);

  it("in sites is in an authority of one's own where that makes their certificates", async () => {
    expect((await trust({ provider: "none", tls: "acme" })).ca).toContain(root);
    expect(await trust({ provider: "none", tls: "internal" })).toEqual({});
    // Cloudflare stands before them, with a certificate of a public one.
    expect(await trust({ provider: "cloudflare", zone: "example.org" })).toEqual({});
  });

  it("in the relay is in that authority, whoever vouches for the sites", () => {
    const { settings } = topologyOf({ provider: "none", tls: "internal" });
    const { ca, address } = relayTrust(settings, "203.0.113.5");
    expect([ca?.includes(root), address]).toEqual([true, "203.0.113.5"]);
  });
});
