import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Report, reportSchema } from "../../../doctor/report";
import { rule, type Undo } from "../media/doctorFaults";
import { suites } from "../suites";
import { type CertificateStage, lifeSeconds, until } from "./stage";

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn("SKIPPED, the doctor by names that only a test knows: not root here");

/** The doctor on a stack whose names a resolver knows, and whose relay speaks TLS. */
export function doctor(get: () => CertificateStage): void {
  (isRoot ? describe : describe.skip)("the doctor", () => {
    /** What the resolver says, by name. */
    const know = (names: Record<string, string>): void => {
      const { stack } = get();
      stack.hostsFile = join(stack.dir, "hosts");
      const lines = Object.entries(names).map(([name, address]) => `${address} ${name}\n`);
      writeFileSync(stack.hostsFile, `127.0.0.1 localhost\n${lines.join("")}`);
    };
    const right = (): Record<string, string> => {
      const { address, domain, name } = get();
      return { [`chat.${domain}`]: address, [name]: address };
    };
    const examine = async (): Promise<Report["checks"]> => {
      const { stack } = get();
      // The authority's address has a certificate by another root than those that it makes.
      const { output, code } = await stack.run(["doctor", stack.name, "--json"], {
        NODE_EXTRA_CA_CERTS: join(stack.dir, "issuer.pem"),
      });
      const report = reportSchema.parse(JSON.parse(output.slice(output.indexOf("{"))));
      expect(code).toBe(report.ok ? 0 : 1);
      return report.checks;
    };
    const unwell = async (): Promise<Report["checks"]> =>
      (await examine()).filter(({ outcome }) => outcome === "error" || outcome === "warning");
    const ids = (checks: Report["checks"]): string[] => checks.map(({ id }) => id);

    beforeAll(async () => {
      const { stack } = get();
      for (const verb of ["backup", "check", "drill"]) await stack.must([verb, stack.name]);
      writeFileSync(join(stack.dir, "issuer.pem"), await get().authority.root());
      know(right());
    });
    // It holds for so short a time that, just before its renewal, it counts as overdue.
    beforeEach(() => until("a certificate with time left", lifeSeconds, () => get().holdsFor(70)));
    afterAll(() => {
      get().stack.hostsFile = undefined;
    });

    it("finds nothing wrong where names lead to the machine, and the relay is asked over TLS", async () => {
      const checks = await examine();
      expect(checks.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
      expect(ids(checks)).toEqual(
        expect.arrayContaining(["chat.name", "relay.name", "relay.certificate", "relay.turn-tls"]),
      );
    });

    it("finds a site's name that leads to another machine, and asks the stack's own all the same", async () => {
      const { domain } = get();
      const { address } = suites.certificates.neighbour;
      know({ ...right(), [`chat.${domain}`]: address });
      const found = await unwell();
      expect(ids(found)).toEqual(["chat.name"]);
      expect(found[0]).toMatchObject({ saw: address, fix: expect.stringContaining(get().address) as string });
    });

    it("finds a site's name that nobody knows", async () => {
      const { name, address } = get();
      know({ [name]: address });
      expect(ids(await unwell())).toEqual(["chat.name"]);
    });

    it("finds a name of the relay that leads to another machine", async () => {
      know({ ...right(), [get().name]: suites.certificates.neighbour.address });
      expect(ids(await unwell())).toEqual(["relay.name"]);
    });

    it("finds a relay that speaks no TLS at its port for it", async () => {
      know(right());
      const { turnTlsPort } = suites.certificates.media;
      // Not coturn's other port: it speaks TLS there as well.
      const to = ["-j", "DNAT", "--to-destination", `${get().address}:${get().httpPort}`];
      const undo: Undo = rule("nat", "OUTPUT", "-p", "tcp", "--dport", String(turnTlsPort), ...to);
      try {
        expect(ids(await unwell())).toEqual(["relay.certificate"]);
      } finally {
        undo();
      }
      expect(await unwell()).toEqual([]);
    });
  });
}
