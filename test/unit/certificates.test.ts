import { CertificateBox, start } from "../helpers/certificateBox";

const day = 24 * 3600;
const life = 90 * day;
const refused =
  "2026/11/21 10:00:00 Could not obtain certificates:\n\terror: one or more domains had a problem:\n";

let box: CertificateBox;
beforeEach(() => {
  box = new CertificateBox(life);
});
afterEach(() => {
  box.remove();
});

describe("the relay's certificate", () => {
  it("is got at the first start, and placed with its key for the relay alone", () => {
    expect(box.run(20)).toMatchObject({ code: 0, stderr: "" });
    expect(box.calls).toEqual([
      {
        at: 0,
        how: "--path /data --accept-tos --server https://acme.test/dir --domains media.example.org --key-type ec256 --pem --dns httpreq run",
      },
    ]);
    expect(box.read("/published/certificate.pem")).toMatch(
      /-----BEGIN CERTIFICATE-----\nmedia\.example\.org 1\n-----BEGIN EC PRIVATE KEY-----\n$/,
    );
    expect(box.modeOf("/published/certificate.pem")).toBe(0o400);
    expect(box.modeOf("/data/certificate.pem")).toBe(0o400);
    expect(box.check()).toEqual({
      healthy: true,
      said: `the certificate holds until ${new Date((start + life) * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`,
    });
  });

  it("is asked for by no later start, even where the relay's copy is gone", () => {
    box.run(20);
    box.delete("/published/certificate.pem");
    box.now += 59 * day;
    box.run(20);
    expect(box.calls).toHaveLength(1);
    expect(box.serial).toBe("1");
    expect(box.check().healthy).toBe(true);
  });

  it("is renewed when a third of its life is left, and not before", () => {
    box.run(20);
    box.now = start + 60 * day - 100;
    box.run(200);
    const [, renewal] = box.calls;
    expect(renewal?.at).toBeGreaterThanOrEqual(60 * day);
    expect(renewal?.at).toBeLessThan(60 * day + 30);
    expect(box.calls).toHaveLength(2);
    expect(box.serial).toBe("2");
  });

  it.each([{ name: "media.example.com" }, { directory: "https://other.test/dir" }])(
    "is another one for %j",
    (change) => {
      box.run(20);
      box.run(20, change);
      box.run(20, change);
      expect(box.calls).toHaveLength(2);
      expect(box.serial).toBe("2");
      box.run(20);
      expect(box.calls).toHaveLength(3);
    },
  );
});

describe("where no certificate can be got", () => {
  it("it is tried again and again, less and less often, never more than five times in an hour", () => {
    box.fail(`${refused}[media.example.org] DNS problem\n`);
    box.waits(30);
    box.run(2.5 * 3600);
    const times = box.calls.map(({ at }) => at);
    for (const time of times)
      expect(times.filter((other) => other >= time && other < time + 3600).length).toBeLessThanOrEqual(5);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps[0]).toBeLessThan(100);
    expect(Math.max(...gaps)).toBeLessThan(3640);
    expect([...gaps].sort((a, b) => a - b)).toEqual(gaps);
    expect(box.check()).toEqual({
      healthy: false,
      said: `no certificate yet; to get one has failed since 2027-01-15 08:00:00 UTC: 2026/11/21 10:00:00 Could not obtain certificates: error: one or more domains had a problem: [media.example.org] DNS problem`,
    });
    expect(box.has("/published/certificate.pem")).toBe(false);
  });

  it("the old one stays; that is well while it has long to go, and said all the same", () => {
    box.run(20);
    box.fail(`${refused}[media.example.org] DNS problem\n`);
    box.now = start + 61 * day;
    box.run(100);
    expect(box.calls).toHaveLength(3);
    expect(box.serial).toBe("1");
    const { healthy, said } = box.check();
    expect(healthy).toBe(true);
    expect(said).toMatch(/^the certificate holds until .*; to get one has failed since .*DNS problem$/);
    box.now = start + 75 * day + 60;
    expect(box.check().healthy).toBe(false);
    box.now = start + life;
    expect(box.check()).toMatchObject({
      healthy: false,
      said: expect.stringMatching(/^the certificate ended/),
    });
  });

  it("it comes right by itself, and nothing of the failure is left", () => {
    box.fail("no");
    box.run(20);
    box.fail(undefined);
    box.run(100);
    expect(box.serial).toBe("2");
    expect(box.check().said).not.toContain("failed");
  });

  it("the account goes where the authority knows it no more, and only there", () => {
    box.run(20);
    box.now = start + 61 * day;
    box.fail("acme: error: 400 :: urn:ietf:params:acme:error:rateLimited :: slow down");
    box.run(10);
    expect(box.has("/data/accounts")).toBe(true);
    box.fail("acme: error: 400 :: urn:ietf:params:acme:error:accountDoesNotExist :: nobody");
    box.run(10);
    expect(box.has("/data/accounts")).toBe(false);
  });
});
