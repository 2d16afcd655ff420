/** What the tests of droplets run on: a double of DigitalOcean's API, machines behind its droplets, and a stack. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { DigitalOceanApi } from "../../helpers/digitalocean/api";
import type { Droplet } from "../../helpers/digitalocean/types";
import { referencesOf } from "../images/chosen";
import type { Machine } from "../machine/machine";
import { type Finished, Stack } from "../stack";
import { machineSuites } from "../suites";
import { DropletMachines } from "./machines";

const { name: stackName, prefix } = machineSuites.droplet;

/** Chat alone: what is shown here is the machine's life. */
const settings = {
  domain: "localhost",
  host: { provider: "digitalocean", region: "fra1", size: "s-2vcpu-4gb", dataDiskGiB: 20 },
  machine: { sshFrom: "everyone", rebootAt: "off", swapMiB: 0 },
  people: { accounts: 20, active: 20 },
  calls: "off",
  meetings: "off",
};

export class DropletStage {
  stack!: Stack;
  machines!: DropletMachines;
  api!: DigitalOceanApi;

  async prepare(): Promise<void> {
    this.stack = new Stack(stackName);
    this.machines = await DropletMachines.create(new Docker(), "droplet", prefix);
    this.api = await DigitalOceanApi.start({ looks: 0, machines: this.machines });
    this.stack.write(settings);
    await this.stack.store("sshKey", newKey());
    await this.stack.store("digitaloceanToken", this.api.token);
    console.log(`Images:\n${(await this.stack.ensureImages()).join("\n")}`);
    const images = Object.values(referencesOf(this.stack.topology()));
    execFileSync("docker", ["save", "--output", join(this.machines.folder, "images.tar"), ...images]);
  }

  /** Runs a verb on the stack, as a person calls it. */
  run(verb: string, ...options: string[]): Promise<Finished> {
    return this.stack.run([verb, stackName, ...options], { DIGITALOCEAN_API_URL: this.api.url });
  }

  /** Runs a verb that has to work. */
  must(verb: string, ...options: string[]): Promise<Finished> {
    return this.stack.must([verb, stackName, ...options], { DIGITALOCEAN_API_URL: this.api.url });
  }

  /** The one droplet of the account. */
  get droplet(): Droplet {
    const [only, ...more] = [...this.api.account.droplets.values()];
    if (only === undefined || more.length > 0)
      throw new Error(`there are ${this.api.account.droplets.size} droplets`);
    return only;
  }

  get machine(): Machine {
    return this.machines.of(this.droplet);
  }

  /** The reserved address. */
  get address(): string {
    return [...this.api.account.addresses.keys()].join();
  }

  /** People in the database, by the database's own means. */
  people(): Promise<string> {
    const sql = "SELECT username FROM users ORDER BY 1";
    const psql = `psql -X -q -A -t -U mattermost -d mattermost -c '${sql}'`;
    return this.machine.run(`docker exec muster-${stackName}-postgres ${psql}`);
  }

  /** Ids of the containers on the machine, by name. */
  ids(): Promise<string> {
    return this.machine.run('docker ps --all --no-trunc --format "{{.Names}} {{.ID}}" | sort');
  }

  /** What the database said at its start on this machine. */
  databaseLog(): Promise<string> {
    return this.machine.run(`docker logs muster-${stackName}-postgres 2>&1`);
  }

  async end(): Promise<void> {
    await this.api.stop();
    await this.machines.end();
    await this.stack.remove();
  }
}

function newKey(): string {
  const folder = mkdtempSync(join(tmpdir(), "muster-e2e-key-"));
  const file = join(folder, "key");
  try {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
    return readFileSync(file, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export { stackName };
