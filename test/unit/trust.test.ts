import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { trustOf } from "../../cli/doctorPatient";
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

  it("is left to Node where there is none", () => {
    expect(trustBesides(undefined, file)).toEqual({});
  });
});

describe("the doctor's trust in sites", () => {
  const { certificate: root } = selfSigned("ca.example.org");
  const trust = (tls: string) =>
    trustOf(
      remoteTopology("existing", {
        edge: { provider: "none", tls, authority: { directory: "https://ca.example.org/directory", root } },
      }),
      new Map(),
      undefined,
    );

  it("is in an authority of one's own where that makes their certificates", async () => {
    expect((await trust("acme")).ca).toContain(root);
    expect(await trust("internal")).toEqual({});
  });
});
