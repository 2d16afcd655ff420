import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeSshKey } from "../../cli/init.keys";
import { CloudflareApi } from "../helpers/cloudflare/api";
import { secretValues, stackConfig } from "../helpers/stacks";
import { swappedImages } from "./images/chosen";
import { missingForPolicies } from "./parts";
import { Stack } from "./stack";
import { suites } from "./suites";

// The machine may be busy.
jest.setTimeout(900_000);

const { name, web } = suites.policy;
const swapped = swappedImages();
const chatOnly = {
  domain: "localhost",
  host: { provider: "local", address: "127.0.0.1" },
  web,
  people: { accounts: 20, active: 20 },
  ...{ calls: "off", meetings: "off" },
  ...(Object.keys(swapped).length === 0 ? {} : { images: { overrides: swapped } }),
};
const passed = /^Policies:\s+✅ muster@v/m;
const missing = missingForPolicies();

if (missing.length > 0) {
  const skipped = `SKIPPED: the policies, by the real engine: there is no ${missing.join(", no ")}`;
  console.warn(skipped);
  it.skip(skipped, () => undefined);
} else {
  describe("the policies, by the real engine", () => {
    const stack = new Stack(name);
    let api: CloudflareApi;
    const key = makeSshKey("policy");
    const { digitaloceanToken: token = "" } = secretValues;

    /** With the program changed: one text for another, in one file. */
    const changed = async (
      changes: readonly (readonly [file: string, from: string, to: string])[],
      check: () => Promise<void>,
    ): Promise<void> => {
      const before = changes.map(([file]) => [file, readFileSync(join(stack.dir, file), "utf8")] as const);
      for (const [file, from, to] of changes) {
        const text = readFileSync(join(stack.dir, file), "utf8");
        expect(text).toContain(from);
        writeFileSync(join(stack.dir, file), text.replace(from, to));
      }
      try {
        await check();
      } finally {
        for (const [file, text] of before) writeFileSync(join(stack.dir, file), text);
      }
    };
    const swap = [
      "components/platform/container.ts",
      "memorySwap: plan.memoryMiB",
      "memorySwap: plan.memoryMiB * 2",
    ] as const;
    const unprotected = [
      "components/platform/secrets.ts",
      "protect: args.protect",
      "protect: false",
    ] as const;

    const storeSecrets = async (shipped: string): Promise<void> => {
      const secrets: Record<string, Record<string, string>> = {
        dev: { sshKey: key.privateKey, digitaloceanToken: token },
        prod: { sshKey: key.privateKey, digitaloceanToken: token, cloudflareToken: api.token },
      };
      for (const [setting, value] of Object.entries(secrets[shipped] ?? {}))
        await stack.store(setting, value, shipped);
    };

    /** What the engine has written down as made, and what stands on Docker. */
    const made = async (): Promise<string[]> => {
      const { deployment } = JSON.parse(await stack.pulumi(["stack", "export"])) as {
        deployment: { resources?: { type: string; id?: string }[] } | null;
      };
      const filters = { label: [`muster.stack=${name}`] };
      return [
        ...(deployment?.resources ?? [])
          .filter(({ id, type }) => id !== undefined && !type.startsWith("pulumi:"))
          .map(({ type }) => type),
        ...(await stack.containers()).keys(),
        ...(await stack.docker.listNetworks({ filters })).map(({ Name }) => Name),
        ...(await stack.docker.listVolumes({ filters })).Volumes.map(({ Name }) => Name),
      ];
    };

    beforeAll(async () => {
      await stack.clear();
      api = await CloudflareApi.start();
      stack.write(chatOnly);
      await stack.ensureImages();
    });
    afterAll(async () => {
      await api.stop();
      await stack.remove();
    });

    it.each(["local", "dev", "prod"])("pass the shipped stack %s", async (shipped) => {
      const { values } = stackConfig(shipped, {});
      stack.write(values, shipped);
      await storeSecrets(shipped);
      const { output } = await stack.must(["preview", shipped, "--suppress-outputs"], {
        CLOUDFLARE_BASE_URL: api.url,
      });
      expect(output).toMatch(passed);
    });

    it("stop an up of a program that breaks one of them, before anything is made, and say how to mend it", () =>
      changed([swap, unprotected], async () => {
        const { code, output } = await stack.run(["up", name]);
        expect({ code, output }).toMatchObject({ code: 1 });
        expect(output).toMatch(/\[mandatory\]\s+memory-limit-without-swap\s+\(docker:.*Container: caddy\)/);
        expect(output).toContain("(fix: memory above 0, memorySwap equal to it)");
        expect(output).toMatch(/\[mandatory\]\s+kept-secrets\s+\(random:/);
        expect(output).toContain("Nothing was changed.");
        expect(await made()).toEqual([]);
      }));

    it("stop what breaks one, and whatever needs it, without a preview as well; hence the preview", () =>
      changed([unprotected], async () => {
        const plain = stack.pulumi(["up", "--yes", "--skip-preview", "--policy-pack", "policy"]);
        await expect(plain).rejects.toThrow(/\[mandatory\]\s+kept-secrets\s+\(random:/);
        // Images need nobody, and are pulled at the same time.
        expect((await made()).filter((type) => !type.startsWith("docker:index/remoteImage:"))).toEqual([]);
      }));

    it("stop a firewall that lets everyone at SSH, where the settings name networks", async () => {
      const { values } = stackConfig("dev", { machine: { sshFrom: ["198.51.100.0/24"] } });
      stack.write(values, "dev");
      for (const key of ["sshKey", "digitaloceanToken"])
        await stack.store(key, secretValues[key] ?? "", "dev");
      const file = "stacks/topology/firewall.ts";
      await changed([[file, ": fromNetworks(sshNetworks(machine))", ": []"]], async () => {
        const { code, output } = await stack.run(["preview", "dev", "--suppress-outputs"]);
        expect(code).not.toBe(0);
        expect(output).toMatch(/\[mandatory\]\s+ssh-not-for-everyone\s+\(digitalocean:.*firewall-main\)/);
        expect(output).toContain("name your networks in muster:machine.sshFrom");
      });
    });

    it("refuse to judge a stack whose settings they can't find, instead of letting it pass", async () => {
      const elsewhere = join(stack.dir, "elsewhere.yaml");
      renameSync(stack.file, elsewhere);
      try {
        const plain = stack.pulumi(["preview", "--config-file", elsewhere, "--policy-pack", "policy"]);
        await expect(plain).rejects.toThrow(`Pulumi.${name}.yaml: no such stack`);
      } finally {
        renameSync(elsewhere, stack.file);
      }
    });
  });
}
