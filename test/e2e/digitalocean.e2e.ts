import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { DigitalOceanApi } from "../helpers/digitalocean/api";
import { hosts } from "../helpers/hosts";
import { projectDir } from "../helpers/stacks";
import { missingEngine } from "./parts";

// The provider waits ten seconds for most of what it does, and the machine may be busy.
jest.setTimeout(900_000);

const home = process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi");
const versionOf = (name: string): string =>
  (
    JSON.parse(readFileSync(join(projectDir, "node_modules", name, "package.json"), "utf8")) as {
      version: string;
    }
  ).version;
const cli = join(home, "versions", versionOf("pulumi"), "bin");
const missing = missingEngine(["command", "digitalocean", "docker", "random", "tls"]);

const folder = join(__dirname, "cloud");
const stack = "cloud";

/** What the CLI says of one step. */
interface Step {
  op: string;
  urn: string;
  newState?: { inputs?: Record<string, unknown> };
}

class Stack {
  readonly files = mkdtempSync(join(tmpdir(), "muster-cloud-"));

  constructor(private readonly api: DigitalOceanApi) {
    writeFileSync(this.engine, "{}");
  }

  private get engine(): string {
    return join(this.files, "engine.json");
  }

  /** Runs the CLI; what it says goes to both. */
  run(
    args: readonly string[],
    change: Record<string, unknown> = {},
    input = "",
  ): Promise<{ code: number; said: string }> {
    const settings = {
      domain: "example.org",
      edge: { provider: "none", email: "ops@example.org" },
      host: { ...hosts.digitalocean.host, backups: false, ...change },
    };
    const env = {
      PATH: [join(folder, "bin"), cli, process.env["PATH"]].join(":"),
      HOME: this.files,
      PULUMI_HOME: home,
      PULUMI_BACKEND_URL: `file://${this.files}`,
      PULUMI_CONFIG_PASSPHRASE: "a passphrase of the tests",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
      DIGITALOCEAN_API_URL: this.api.url,
      MUSTER_TEST_ENGINE: this.engine,
      MUSTER_TEST_SETTINGS: JSON.stringify(settings),
    };
    const all = [
      ...args,
      "--stack",
      stack,
      "--config-file",
      join(this.files, "config.yaml"),
      "--non-interactive",
    ];
    return new Promise((resolve) => {
      const child = execFile(
        "pulumi",
        args[0] === "stack" ? [...args, "--non-interactive"] : all,
        { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
          resolve({ code, said: stdout + stderr });
        },
      );
      child.stdin?.end(input);
    });
  }

  async must(args: readonly string[], change: Record<string, unknown> = {}, input = ""): Promise<string> {
    const { code, said } = await this.run(args, change, input);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")}: exit code ${code}\n${said}`);
    return said;
  }

  setSecret(key: string, value: string): Promise<string> {
    return this.must(["config", "set", "--secret", key], {}, value);
  }

  /** What a verb would do, by the resources' names: `droplet: replace`. What stays the same isn't there. */
  async plan(args: readonly string[], change: Record<string, unknown> = {}): Promise<Plan> {
    const said = await this.must([...args, "--json"], change);
    const { steps = [] } = JSON.parse(said.slice(said.indexOf("{"), said.lastIndexOf("}") + 1)) as {
      steps?: Step[];
    };
    const doing = steps.filter(({ op }) => op !== "same" && op !== "read");
    return {
      does: Object.fromEntries(doing.map(({ op, urn }) => [urn.split("::").at(-1) ?? "", op])),
      inputsOf: (name) =>
        steps.find(({ op, urn }) => urn.endsWith(`::${name}`) && op !== "delete-replaced")?.newState
          ?.inputs ?? {},
    };
  }
}

interface Plan {
  does: Record<string, string>;
  inputsOf: (name: string) => Record<string, unknown>;
}

const newKey = (): string =>
  generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;

if (missing.length > 0) {
  const skipped = `SKIPPED: a stack at DigitalOcean, by the real engine: there is no ${missing.join(", no ")}`;
  console.warn(skipped);
  it.skip(skipped, () => undefined);
} else
  describe("a stack at DigitalOcean, by the real engine and its providers, against a double of the API", () => {
    let api: DigitalOceanApi;
    let cloud: Stack;
    const preview = ["preview"];
    const sshKey = newKey();

    beforeAll(async () => {
      api = await DigitalOceanApi.start({ looks: 0 });
      cloud = new Stack(api);
      await cloud.must(["stack", "init", stack, "--secrets-provider", "passphrase"]);
      await cloud.setSecret("muster:digitaloceanToken", api.token);
      await cloud.setSecret("muster:sshKey", sshKey);
      await cloud.must(["config", "set", "--path", "pulumi:disable-default-providers[0]", "*"]);
      await cloud.must(["up", "--yes", "--skip-preview"]);
    });

    afterAll(async () => {
      await api.stop();
      rmSync(cloud.files, { recursive: true, force: true });
    });

    const droplet = () => {
      const [only, ...more] = [...api.account.droplets.values()];
      if (only === undefined || more.length > 0) throw new Error("not one droplet");
      return only;
    };

    it("has its disk, its address and its firewall", () => {
      const [volume] = [...api.account.volumes.values()];
      const [address] = [...api.account.addresses.values()];
      expect(volume?.dropletId).toBe(droplet().id);
      expect(address?.dropletId).toBe(droplet().id);
      const [firewall] = [...api.account.firewalls.values()];
      expect(droplet().tags.filter((tag) => firewall?.tags.includes(tag))).toHaveLength(1);
      expect(droplet().userData).toContain("#cloud-config");
    });

    it("changes nothing where nothing has changed", async () => {
      expect((await cloud.plan(preview)).does).toEqual({});
    });

    it("leaves the machine as it is where there is a newer image", async () => {
      expect((await cloud.plan(preview, { image: "debian-13-x64" })).does).toEqual({});
    });

    it("changes a machine's size in place, and nothing else", async () => {
      const { does } = await cloud.plan(preview, { size: "s-8vcpu-16gb" });
      expect(does).toMatchObject({ "machine-main": "update" });
      // It is told what it may count on.
      expect(Object.keys(does).sort()).toEqual(["bootstrap-main", "machine-main"]);
      expect(does["bootstrap-main"]).toBe("update");
    });

    it("grows a disk in place, and has the machine look at it", async () => {
      const { does } = await cloud.plan(preview, { dataDiskGiB: 61 });
      expect(does).toEqual({ "disk-main": "update", "bootstrap-main": "update" });
    });

    it("makes the machine anew where people ask for it: from the new image, at the old disk and address", async () => {
      const { does, inputsOf } = await cloud.plan(preview, { generation: 2, image: "debian-13-x64" });
      for (const name of ["machine-main", "assignment-main", "bootstrap-main", "network-mattermost"])
        expect({ [name]: does[name] }).toEqual({ [name]: expect.stringMatching(/replace/) });
      for (const name of ["disk-main", "address-main", "host-key-main", "firewall-main", "main", "instance"])
        expect({ [name]: does[name] }).toEqual({ [name]: undefined });
      expect(inputsOf("machine-main")).toMatchObject({ image: "debian-13-x64" });
    });

    it("refuses another region: the data can't move there", async () => {
      const { code, said } = await cloud.run(preview, { region: "ams3" });
      expect(code).not.toBe(0);
      expect(said).toMatch(/Volume \(disk-main\):\s+error: unable to replace[\s\S]*marked for protection/);
    });

    it("takes another key for itself without touching the machine", async () => {
      await cloud.setSecret("muster:sshKey", newKey());
      try {
        const { does } = await cloud.plan(preview);
        expect(does["operator"]).toMatch(/replace/);
        expect(does["bootstrap-main"]).toBe("update");
        expect(does["machine-main"]).toBeUndefined();
        expect(Object.keys(does).sort()).toEqual(["bootstrap-main", "operator"]);
      } finally {
        await cloud.setSecret("muster:sshKey", sshKey);
      }
    });

    it("is made anew as the preview says, with the same disk and address", async () => {
      const [before, disk] = [droplet(), [...api.account.volumes.values()]];
      api.forget();
      await cloud.must(["up", "--yes", "--skip-preview"], { generation: 2 });
      expect(droplet().id).not.toBe(before.id);
      expect([...api.account.volumes.values()]).toEqual(
        disk.map((volume) => ({ ...volume, dropletId: droplet().id })),
      );
      expect([...api.account.addresses.values()].map(({ dropletId }) => dropletId)).toEqual([droplet().id]);
      expect((await cloud.plan(preview, { generation: 2 })).does).toEqual({});
    });

    it("goes when it is destroyed, and leaves disk, address, host key and secrets, which the next one finds", async () => {
      await cloud.must(["destroy", "--yes", "--skip-preview", "--exclude-protected"]);
      expect(api.account.droplets.size).toBe(0);
      expect(api.account.volumes.size).toBe(1);
      expect(api.account.addresses.size).toBe(1);
      const left = JSON.parse(await cloud.must(["stack", "export", "--stack", stack])) as {
        deployment: { resources: { urn: string; type: string }[] };
      };
      const names = left.deployment.resources.map(({ urn }) => urn.split("::").at(-1));
      expect(names).toEqual(
        expect.arrayContaining(["disk-main", "address-main", "host-key-main", "instance"]),
      );
      expect(names).not.toContain("machine-main");
      expect(names).not.toContain("bootstrap-main");
      const { does } = await cloud.plan(preview, { generation: 2 });
      expect(does).toMatchObject({ "machine-main": "create", "bootstrap-main": "create" });
      for (const name of ["disk-main", "address-main", "host-key-main"]) expect(does[name]).toBeUndefined();
    });
  });
