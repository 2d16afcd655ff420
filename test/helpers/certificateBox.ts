/** The certificate service's scripts in a temporary folder, with a clock and a lego of the test's own. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Box, FakeRoot, type Finished } from "./shell";
import { projectDir } from "./stacks";

const script = (name: string): string => readFileSync(join(projectDir, "components/services", name), "utf8");

/** Stores a certificate as lego does, unless it is told to fail; writes down how it was called. */
const lego = `#!/bin/sh
case "$*" in
  *" list")
    printf '  Certificate Name: other.example.org\\n    Expiry Date: 2020-01-01 00:00:00 +0000 UTC\\n'
    printf '    Certificate Path: /data/certificates/other.example.org.crt\\n\\n'
    printf '  Certificate Name: NAME\\n    Domains: NAME\\n    Expiry Date: %s +0000 UTC\\n' "$(cat /fake/end)"
    printf '    Certificate Path: /data/certificates/NAME.crt\\n\\n'
    exit ;;
esac
echo "$(cat /fake/clock) $*" >> /fake/calls
if [ -s /fake/error ]; then cat /fake/error; exit 1; fi
name=$(printf '%s\\n' "$@" | sed -n '/^--domains$/ { n; p; }')
mkdir -p /data/certificates /data/accounts
end=$(($(cat /fake/clock) + $(cat /fake/life)))
/bin/date -u -d "@$end" '+%Y-%m-%d %H:%M:%S' > /fake/end
serial=$(grep -c . /fake/calls)
printf -- '-----BEGIN CERTIFICATE-----\\n%s %s\\n-----BEGIN EC PRIVATE KEY-----\\n' "$name" "$serial" \\
  > "/data/certificates/$name.pem"
`;
const date = '#!/bin/sh\ncase "$*" in *-d*) exec /bin/date "$@" ;; esac\ncat /fake/clock\n';
/** A wait takes no time, and is the last one when the test's time is over. */
const sleep = `#!/bin/sh
now=$(($(cat /fake/clock) + $(cat /fake/wait)))
echo "$now" > /fake/clock
if [ "$now" -ge "$(cat /fake/over)" ]; then kill -TERM "$PPID"; fi
`;

export const start = 1_800_000_000;

export class CertificateBox extends Box {
  constructor(lifeSeconds: number) {
    super(new FakeRoot(["/data", "/published", "/tmp", "/fake", "/lego"]));
    this.delete("/lego");
    this.write("/fake/clock", String(start));
    this.write("/fake/life", String(lifeSeconds));
    this.waits(5);
    for (const [name, text] of Object.entries({ date, sleep }))
      this.write(`/bin/${name}`, this.root.redirect(text), 0o755);
  }

  /** Starts the service, and stops it after a time. */
  run(seconds: number, { name = "media.example.org", directory = "https://acme.test/dir" } = {}): Finished {
    this.write("/lego", this.root.redirect(lego).replaceAll("NAME", name), 0o755);
    this.write("/fake/over", String(this.now + seconds));
    this.delete("/tmp");
    this.write("/tmp/empty", "");
    return this.shell("certificates.sh", [name, directory, "--dns", "httpreq"]);
  }

  check(): { healthy: boolean; said: string } {
    const { code, stdout } = this.shell("certificates.health.sh", []);
    return { healthy: code === 0, said: stdout.trim() };
  }

  private shell(file: string, args: readonly string[]): Finished {
    const words = args.map((word) => `'${word}'`).join(" ");
    const text = `set -- ${words}\n${script(file)}`;
    return this.root.run(text, { PATH: `${this.path("/bin")}:${process.env["PATH"] ?? ""}` });
  }

  get now(): number {
    return Number(this.read("/fake/clock"));
  }
  set now(seconds: number) {
    this.write("/fake/clock", String(seconds));
  }

  /** How long each wait takes. */
  waits(seconds: number): void {
    this.write("/fake/wait", String(seconds));
  }

  fail(text: string | undefined): void {
    this.write("/fake/error", text ?? "");
  }

  /** When lego was asked for a certificate, in seconds from the first start; and how. */
  get calls(): { at: number; how: string }[] {
    return this.read("/fake/calls")
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [at = "", ...how] = line.split(" ");
        return { at: Number(at) - start, how: how.join(" ").replaceAll(this.root.dir, "") };
      });
  }

  /** Number of the certificate that the relay gets. */
  get serial(): string | undefined {
    return /^media\S* (\d+)$/m.exec(this.read("/published/certificate.pem"))?.[1];
  }

  modeOf(path: string): number {
    return statSync(this.path(path)).mode & 0o777;
  }
}
