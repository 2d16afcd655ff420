/** The verbs. Each is thin: settings and topology do the thinking, the engine does the work. */
import { Command } from "commander";
import { SettingsError } from "../stacks/settings/problems";
import type { DoctorOptions } from "./doctor";
import { UserError } from "./errors";
import type { ImportOptions } from "./import";
import type { PlanOptions } from "./plan";

const program = new Command("muster")
  .description("A team's own chat, calls and meetings.")
  .enablePositionalOptions();
const stackArgument = "<stack>";
const engineArguments = "[arguments...]";

// Each verb's code is loaded when it is called: a plan must not wait for what only an `up` needs.
program
  .command("start")
  .description("bring up the stack local on this machine's Docker Engine")
  .action(async () => (await import("./up.js")).up("local", []));
program
  .command("stop")
  .description("stop the stack local and keep its data")
  .action(async () => (await import("./destroy.js")).destroy("local", { yes: true }, []));
program
  .command("init")
  .description("make a new stack: asks a few questions, writes its file and its secrets, shows the plan")
  .argument(stackArgument)
  .option("--provider <provider>", "local, existing, digitalocean or aws")
  .option("--domain <domain>", "domain under which the sites live")
  .option("--people <accounts>", "accounts; 60 % of them active at once")
  .option("--edition <edition>", "team or enterprise")
  .option("--place <place>", "region of a cloud, or [USER@]ADDRESS[:PORT] of a server")
  .option("--server <facts>", "a server's CPUS MEMORY_MIB HOST_KEY")
  .option("--size <size>", "size of a cloud's machine; default: the cheapest that fits")
  .option("--access-key-id <id>", "of AWS")
  .option("--email <address>", "of the first administrator, and for the certificate authority")
  .option("--backup <target>", "s3://KEY_ID@BUCKET?region=..., sftp://USER@HOST/FOLDER HOST_KEY, or folder")
  .option("--state <backend>", "s3://KEY_ID@BUCKET?region=..., pulumi, or file")
  .option("--secrets <provider>", "passphrase, awskms://..., gcpkms://..., ...")
  .option("--ssh-key <file>", "SSH key that is there already; default: one is made")
  .option("--principal <name>", "the host's storage key as the storage's policies name it, for the bucket")
  .action(async (stack: string, flags: Record<string, string>) =>
    (await import("./init.js")).init(stack, flags),
  );
program
  .command("plan")
  .description("show what a stack will be, with nothing but Node")
  .argument("[stack]")
  .option("--all", "every stack, with --json or --diff")
  .option("--json", "as a document: docs/plan.md")
  .option("--html <file>", "as a page, written to that file")
  .option("--diff <base>", "what changes since a git revision, or since a file of --json --all")
  .option("--preview <file>", "with --diff: and what `preview -- STACK --json` has said of machines and data")
  .option("--markdown", "with --diff: for a comment")
  .action(async (stack: string | undefined, options: PlanOptions) =>
    (await import("./plan.js")).plan(stack, options),
  );
program
  .command("up")
  .description("bring a stack up, or change it")
  .argument(stackArgument)
  .argument(engineArguments, "for pulumi up")
  .passThroughOptions()
  .action(async (stack: string, rest: string[]) => (await import("./up.js")).up(stack, rest));
for (const verb of ["preview", "refresh"] as const)
  program
    .command(verb)
    .description(`pulumi ${verb}`)
    .argument(stackArgument)
    .argument(engineArguments, `for pulumi ${verb}`)
    .passThroughOptions()
    .action(async (stack: string, rest: string[]) => (await import("./up.js")).passOn(verb, stack, rest));
program
  .command("destroy")
  .description("remove a stack's containers and networks; data and generated secrets stay")
  .argument(stackArgument)
  .argument(engineArguments, "for pulumi destroy")
  .option(
    "--remove-data <stack>",
    "remove data and generated secrets too, but no backups elsewhere: say the stack's name once more",
  )
  .option("--yes", "don't ask", false)
  .action(async (stack: string, rest: string[], options: { removeData?: string; yes: boolean }) =>
    (await import("./destroy.js")).destroy(stack, options, rest),
  );
program
  .command("credentials")
  .description("show the first administrator's password, on a terminal only")
  .argument(stackArgument)
  .action(async (stack: string) => (await import("./credentials.js")).credentials(stack));
program
  .command("secret")
  .description("set a secret setting: asks for it, or reads it from a file (< file)")
  .argument(stackArgument)
  .argument("<key>")
  .action(async (stack: string, key: string) => (await import("./secret.js")).secret(stack, key));
program
  .command("logs")
  .description("show services' logs")
  .argument(stackArgument)
  .argument("[services...]")
  .option("-f, --follow", "go on", false)
  .option("-n, --tail <lines>", "last lines of each", "50")
  .action(async (stack: string, services: string[], options: { follow: boolean; tail: string }) =>
    (await import("./inspect.js")).logs(stack, services, options),
  );
program
  .command("doctor")
  .description("check a running stack as browsers and phones meet it; each fault with what to do")
  .argument(stackArgument)
  .option("--before", "what a first up needs: accounts, tokens, quotas, names that are taken")
  .option("--all", "show what is well too")
  .option("--json", "as a document: docs/doctor.md")
  .action(async (stack: string, options: DoctorOptions) =>
    (await import("./doctor.js")).doctor(stack, options),
  );
program
  .command("mmctl")
  .description("Mattermost's own command line, as its administrator")
  .argument(stackArgument)
  .argument("[arguments...]")
  .passThroughOptions()
  .action(async (stack: string, rest: string[]) => (await import("./inspect.js")).mmctl(stack, rest));
program
  .command("bucket")
  .description("make the bucket for backups, and prove that the host's key can't destroy them")
  .argument(stackArgument)
  .option("--principal <name>", "the host's key as the storage's policies name it; at AWS, its user's ARN")
  .option("--prune-principal <name>", "the same for a key that may prune")
  .action(async (stack: string, options: { principal?: string; prunePrincipal?: string }) =>
    (await import("./bucket.js")).bucket(stack, options),
  );
program
  .command("prune")
  .description("remove the backups that aren't kept, with another key than the host's")
  .argument(stackArgument)
  .option("--dry-run", "only show what would go", false)
  .action(async (stack: string, options: { dryRun: boolean }) =>
    (await import("./prune.js")).prune(stack, options),
  );
program
  .command("unlock")
  .description("unlock the encrypted data disk of a machine that has rebooted")
  .argument(stackArgument)
  .action(async (stack: string) => (await import("./unlock.js")).unlock(stack));
program
  .command("vpn")
  .description("show an administrator's configuration of the tunnel")
  .argument(stackArgument)
  .argument("<peer>", "its name in muster:machine.vpn.peers")
  .action(async (stack: string, peer: string) => (await import("./vpn.js")).vpn(stack, peer));
program
  .command("key")
  .description("print the keys of the backups for the safe, on a terminal only")
  .argument(stackArgument)
  .action(async (stack: string) => (await import("./key.js")).key(stack));

program
  .command("backup")
  .description("take a backup now")
  .argument(stackArgument)
  .action(async (stack: string) => (await import("./backup.js")).runScript(stack, "backup"));
program
  .command("check")
  .description("check the repository of the backups, and read part of it back")
  .argument(stackArgument)
  .action(async (stack: string) => (await import("./backup.js")).runScript(stack, "check"));
program
  .command("drill")
  .description("restore the newest backup into a throwaway server, and compare it with what was backed up")
  .argument(stackArgument)
  .action(async (stack: string) => (await import("./backup.js")).runScript(stack, "drill"));
program
  .command("snapshots")
  .description("list the backups")
  .argument(stackArgument)
  .action(async (stack: string) => (await import("./backup.js")).snapshots(stack));
program
  .command("restore")
  .description("bring a backup back: into its stack, or into another one for a look")
  .argument(stackArgument, "stack whose backup it is")
  .option("--snapshot <id>", "which one; see npm run snapshots", "latest")
  .option("--to <stack>", "stack to restore into; default: its own")
  .option(
    "--overwrite <stack>",
    "replace what people have written there since: say that stack's name once more",
  )
  .action(async (stack: string, options: { snapshot: string; to?: string; overwrite?: string }) =>
    (await import("./restore.js")).restore(stack, options),
  );

program
  .command("upgrade")
  .description("bring newer versions up, and go back by itself where that fails")
  .argument(stackArgument)
  .option("--plan", "only show what would change, which services stop, and for about how long", false)
  .action(async (stack: string, options: { plan: boolean }) =>
    (await import("./upgrade.js")).upgrade(stack, options),
  );
program
  .command("import")
  .description("take over an existing Mattermost (dump and files), or a bulk import such as Slack's")
  .argument(stackArgument)
  .option("--dump <file>", "the old server's database: pg_dump -Fc, or plain SQL")
  .option("--files <folder>", "the old server's data folder")
  .option("--config <file>", "the old server's config.json: keys, sign-on and plugins of it")
  .option("--bulk <file>", "a zip in Mattermost's own form, such as mmetl makes of a Slack export")
  .option("--overwrite <stack>", "replace all that the stack holds: say its name once more")
  .action(async (stack: string, options: ImportOptions) =>
    (await import("./import.js")).importInto(stack, options),
  );

program.parseAsync().catch((error: unknown) => {
  if (!(error instanceof SettingsError || error instanceof UserError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
});
