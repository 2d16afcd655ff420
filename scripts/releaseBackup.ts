/**
 * `npm run release:backup`: keeps a backup of this release for later ones to restore, once (test/e2e/data/kept.ts).
 * Needs what the end-to-end tests need. Its stack is `e2e-release`, on ports 18380 and 18743.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import project from "../package.json";
import { Client, execute, rootCertificate } from "../test/e2e/client";
import { contentOf, keep, type KeptBackup, keptFolder } from "../test/e2e/data/kept";
import { Member } from "../test/e2e/data/stage";
import { engineSocket, missingParts } from "../test/e2e/parts";
import { Stack } from "../test/e2e/stack";
import { projectDir } from "../test/helpers/stacks";

const httpsPort = 18743;
const postgresMajor = 17;

const settings = {
  domain: "localhost",
  host: { provider: "local", engine: `unix://${engineSocket}`, address: "127.0.0.1" },
  web: { httpPort: 18380, httpsPort },
  people: { accounts: 20, active: 20 },
  calls: "off",
  meetings: "off",
  turn: "off",
  // The older one, so that later ones have a major to cross.
  postgres: { major: postgresMajor },
};

/** What has been lost on the way between databases, shells and file systems before. */
const posts: [message: string, file: string][] = [
  ["plain", "plain.bin"],
  ["two\nlines\r\nand\ta tab", "with blanks.bin"],
  ["\\N \\. \\\\ \\x41 and a line of\n\\.\nits own", " leading blank.bin"],
  ["naïve Grüße, ß, Ł, ﬁ, e\u0301 beside é", "Übersicht é.bin"],
  ["日本語 العربية עברית \u200f\u200e\u202e", "資料.bin"],
  ["😀 👩‍👩‍👧 🏳️‍🌈", "😀.bin"],
  ["'single' \"double\" `back` $HOME $(id) ; -- %s &amp; <b>", "quo'te $HOME %s.bin"],
  ["\u0001 \u007f \u0085 \ufeff end ", "-dash.bin"],
  ["x".repeat(16_000), `${"long".repeat(40)}.bin`],
];

async function record(): Promise<void> {
  const folder = keptFolder(project.version);
  if (!existsSync(folder)) throw new Error(`${folder} isn't there yet: npm run release:record first`);
  for (const file of ["backup.tar", "backup.json"])
    if (existsSync(join(folder, file)))
      throw new Error(
        `${join(folder, file)} is there already: what a release has backed up can't be changed. If it isn't out yet, remove it first.`,
      );
  const missing = await missingParts();
  if (missing.length > 0) throw new Error(`A real stack is needed. Missing:\n${missing.join("\n")}`);

  const stack = new Stack("e2e-release");
  try {
    await stack.clear();
    stack.write(settings);
    console.log((await stack.ensureImages()).join("\n"));
    await stack.up();
    await forgetFolders(stack);
    await write(stack);
    await verb(stack, "backup", stack.name);
    await verb(stack, "drill", stack.name);
    const backup: KeptBackup = {
      version: project.version,
      stack: stack.name,
      postgres: postgresMajor,
      key: await stack.secret("backup-key"),
      ...(await contentOf(stack)),
    };
    const repository = await stack.docker
      .getContainer(`muster-${stack.name}-backup`)
      .getArchive({ path: "/repository" });
    const kept = await keep(folder, backup, repository);
    console.log(`Wrote ${join(folder, "backup.tar")} (${kept.length} files) and backup.json.`);
  } finally {
    await stack.remove();
  }
}

/** The state says in which folder of this machine each resource was declared. Nothing is backed up before. */
async function forgetFolders(stack: Stack): Promise<void> {
  const inBackup = (command: string): Promise<string> =>
    execute(stack.docker, `muster-${stack.name}-backup`, ["sh", "-c", command]);
  await inBackup(`sed -i 's|"project://[^"]*"|"project:///index.ts"|' /status/state/state.json`);
  const state = await inBackup("cat /status/state/*");
  const [named] = [projectDir, stack.dir].filter((folder) => state.includes(folder.slice(1)));
  if (!state.includes('"resources"') || named !== undefined)
    throw new Error(`The state that would be kept isn't there, or names ${named ?? "nothing"}.`);
}

async function verb(stack: Stack, ...args: string[]): Promise<void> {
  const { code, output } = await stack.run(args);
  if (code !== 0) throw new Error(`${args.join(" ")}:\n${output}`);
}

/** People, teams, channels, posts and files. */
async function write(stack: Stack): Promise<void> {
  const mmctl = (...args: string[]): Promise<void> => verb(stack, "mmctl", stack.name, ...args);
  for (const name of ["ada", "grace"])
    await mmctl(
      ...["user", "create", "--username", name, "--email", `${name}@example.com`],
      ...["--password", `Kept-for-later-${name}`, "--nickname", `${name} "Ä" O'Neil`],
    );
  await mmctl("team", "create", "--name", "second", "--display-name", "Zweites Team \\ & Söhne");
  await mmctl("team", "users", "add", "second", "admin", "ada", "grace");
  const ca = await rootCertificate(stack.docker, `muster-${stack.name}-caddy`);
  const client = new Client(ca, httpsPort);
  const token = await client.signIn("admin", await stack.secret("administrator-password"));
  const headers = { Authorization: `Bearer ${token}` };
  const ask = async <T>(path: string, body?: unknown): Promise<T> => {
    const answer = await client.ask(`/api/v4${path}`, {
      headers,
      ...(body === undefined ? {} : { method: "POST", body }),
    });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body) as T;
  };
  interface Named {
    id: string;
  }
  const me = await ask<Named>("/users/me");
  const ada = await ask<Named>("/users/username/ada");
  const direct = await ask<Named>("/channels/direct", [me.id, ada.id]);
  const teams = await ask<Named[]>("/users/me/teams");
  const squares = await Promise.all(
    teams.map(({ id }) => ask<Named>(`/teams/${id}/channels/name/town-square`)),
  );
  for (const { id } of [direct, ...squares]) {
    const member = new Member(client, headers, id);
    for (const [message, file] of posts) await member.post(message, 2_000, file);
  }
}

record().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
