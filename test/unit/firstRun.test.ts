import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import fc from "fast-check";
import { fill, secretsIn } from "../../components/services/text";
import { arbitraryOf, hostileText } from "../helpers/arbitrary";
import { settingsSchema } from "../../stacks/settings/schema";
import { undoneCode } from "../../components/services/job";
import type { JobPlan } from "../../stacks/topology";
import { type Finished, FakeRoot, syntaxErrors } from "../helpers/shell";
import { localTopology } from "../helpers/stacks";

const archive = "the plugin's archive";
const sha256 = createHash("sha256").update(archive).digest("hex");
const plugin = {
  id: "com.example.plugin",
  version: "1.2.3",
  url: "https://example.org/plugin.tar.gz",
  sha256,
};

type Change = Record<string, unknown>;

function jobFor(chat: Change, encrypted: string[] = [], more: Change = {}): JobPlan {
  const mail = { host: "smtp.example.org", username: "u", from: "a@example.org" };
  const { services } = localTopology({ chat, mail, ...more }, encrypted);
  const plan = services.find(({ name }) => name === "mattermost");
  const job = plan?.jobs.find((candidate) => candidate.job.name === "first-run");
  if (job === undefined) throw new Error("no first-run job");
  return job;
}
function fileOf({ spec }: JobPlan, name: string): string | undefined {
  const file = spec.files?.find((candidate) => candidate.name === name);
  return file && fill(file.content, (late) => JSON.stringify(late));
}
const scriptFor = (chat: Change, more: Change = {}): string =>
  fileOf(jobFor(chat, [], more), "first-run.sh") ?? "";

// Stands in for the server behind its local socket. What it is asked goes to a log, what it knows to a folder.
const mmctl = `#!/bin/sh
state=$STATE
shift 2
printf '%s\\n' "$*" >> "$state/log"
printf '<%s>\\n' "$@" > "$state/last-$1-$2"
case "$1 $2" in
  "$FAIL") echo "the server says no" >&2; exit 1 ;;
  "user create"|"team create")
    if [ -e "$state/$1" ]; then echo "Error: it already exists" >&2; exit 1; fi
    cp "$state/last-$1-$2" "$state/$1" ;;
  "plugin list") cat "$state/plugins" 2>/dev/null || echo '[]' ;;
  "plugin add")
    [ "$(cat "$state/uploads")" = true ] || { echo "uploads are off" >&2; exit 1; }
    echo '[ { "id": "com.example.plugin", "version": "1.2.3" } ]' > "$state/plugins" ;;
  "config set") echo "$4" > "$state/uploads" ;;
esac
`;
// Busybox puts its tools into a folder; here they are this machine's, but for the few that act on the outside.
const busybox = `#!/bin/sh
case "$1" in
  mkdir) shift; exec /bin/mkdir "$@" ;;
  --install) for tool in cat tr grep rm touch mkdir cp timeout; do ln -sf "$(PATH=/usr/bin:/bin command -v $tool)" "$3/$tool"; done
    for tool in wget sleep sha256sum; do ln -sf "$STUBS/$tool" "$3/$tool"; done ;;
esac
`;
const wget = `#!/bin/sh\nprintf '%s' "$ARCHIVE" > "$3"\n`;
const sha256sum = `#!${process.execPath}
const { createHash } = require("node:crypto"), { readFileSync } = require("node:fs");
const sum = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");
if (process.argv[2] !== "-c") console.log(sum(process.argv[2]));
else {
  const [wanted, file] = readFileSync(0, "utf8").trim().split("  ");
  process.exitCode = sum(file) === wanted ? 0 : 1;
}
`;

describe("the first run", () => {
  let root: FakeRoot;
  beforeEach(() => {
    root = new FakeRoot(["/muster", "/mattermost", "/tmp"]);
    root.write("/muster/busybox", busybox, 0o755);
    root.write("/muster/administrator-password", "pass'word $1");
    root.write("/mattermost/bin/mmctl", mmctl, 0o755);
    root.write("/mattermost/config/config.json", "{}");
    root.write("/state/uploads", "false");
    for (const [name, text] of Object.entries({ wget, sha256sum, sleep: "#!/bin/sh\n" }))
      root.write(`/stubs/${name}`, text, 0o755);
  });
  afterEach(() => {
    root.remove();
  });
  const run = (chat: Change = {}, env: NodeJS.ProcessEnv = {}, more: Change = {}): Finished =>
    root.run(scriptFor(chat, more), {
      STATE: root.path("/state"),
      STUBS: root.path("/stubs"),
      ARCHIVE: archive,
      FAIL: "-",
      ...env,
    });
  const state = (name: string): string =>
    existsSync(root.path(`/state/${name}`)) ? readFileSync(root.path(`/state/${name}`), "utf8") : "";
  const asked = (command: string): number =>
    state("log")
      .split("\n")
      .filter((line) => line.startsWith(command)).length;
  const isReady = (): boolean => existsSync(root.path("/tmp/ready"));

  it("makes the administrator and the team, with what the settings say", () => {
    const chat = {
      administrator: { username: "keeper", email: "o'neil@example.org" },
      team: { name: "crew", title: `It's "us" $HOME` },
    };
    expect(run(chat)).toMatchObject({ code: 0, stderr: "" });
    expect(state("user")).toBe(
      "<user>\n<create>\n<--username>\n<keeper>\n<--email>\n<o'neil@example.org>\n<--password>\n<pass'word $1>\n<--system-admin>\n<--email-verified>\n<--disable-welcome-email>\n",
    );
    expect(state("team")).toBe(`<team>\n<create>\n<--name>\n<crew>\n<--display-name>\n<It's "us" $HOME>\n`);
    expect(state("last-team-users")).toBe("<team>\n<users>\n<add>\n<crew>\n<keeper>\n");
    expect(isReady()).toBe(true);
  });

  it("makes them once, however often it runs: what was removed since stays removed", () => {
    run();
    rmSync(root.path("/state/user"));
    expect(run()).toMatchObject({ code: 0 });
    expect([asked("user create"), asked("team create"), asked("team users add")]).toEqual([1, 1, 1]);
  });

  it("goes on where it was cut off after making the administrator", () => {
    root.write("/state/user", "there already");
    expect(run()).toMatchObject({ code: 0, stderr: "" });
    expect(state("team")).not.toBe("");
  });

  it.each(["user create", "team create", "team users", "config patch"])(
    "fails with the server's own words where %s fails, and tries again the next time",
    (command) => {
      root.write("/muster/configuration.json", "{}");
      const { code, stderr } = run({}, { FAIL: command });
      expect(code).not.toBe(0);
      expect(stderr).toContain("the server says no");
      expect(isReady()).toBe(false);
      expect(run()).toMatchObject({ code: 0 });
      expect(state("team")).not.toBe("");
    },
  );

  it("patches its own keys only where it has any", () => {
    run();
    expect(asked("config patch")).toBe(0);
    root.write("/muster/configuration.json", "{}");
    run();
    expect(asked(`config patch ${root.path("/muster/configuration.json")}`)).toBe(1);
  });

  it("installs a plugin once, with uploads on only meanwhile", () => {
    expect(run({ plugins: [plugin] })).toMatchObject({ code: 0, stderr: "" });
    expect(state("uploads")).toBe("false\n");
    expect(asked("plugin enable com.example.plugin")).toBe(1);
    expect(run({ plugins: [plugin] })).toMatchObject({ code: 0 });
    expect(asked("plugin add")).toBe(1);
  });

  it("installs another version over the one that is there", () => {
    root.write(
      "/state/plugins",
      '[{"id":"com.example.plugin","version":"1.2.2"},{"id":"other","version":"1.2.3"}]',
    );
    expect(run({ plugins: [plugin] })).toMatchObject({ code: 0 });
    expect(asked("plugin add")).toBe(1);
  });

  it("refuses an archive that isn't the pinned one, before the server sees it", () => {
    const { code, stderr } = run({ plugins: [plugin] }, { ARCHIVE: "something else" });
    expect(code).not.toBe(0);
    expect(stderr).toContain(`plugin com.example.plugin: the archive at ${plugin.url} is not the pinned one`);
    expect([asked("plugin add"), asked("config set PluginSettings.EnableUploads true")]).toEqual([0, 0]);
    expect(isReady()).toBe(false);
  });

  it.each(["plugin add", "plugin enable"])("switches uploads off again even where %s fails", (command) => {
    expect(run({ plugins: [plugin] }, { FAIL: command }).code).not.toBe(0);
    expect(asked("config set PluginSettings.EnableUploads true")).toBe(1);
    expect(state("uploads")).toBe("false\n");
    expect(isReady()).toBe(false);
  });

  it("switches uploads off that a killed run has left on", () => {
    root.write("/state/uploads", "true");
    expect(run().code).toBe(0);
    expect(state("uploads")).toBe("false\n");
  });

  it("says which address of a plugin doesn't answer", () => {
    root.write("/stubs/wget", "#!/bin/sh\nexit 1\n", 0o755);
    const { code, stderr } = run({ plugins: [plugin] });
    expect(code).not.toBe(0);
    expect(stderr).toContain(`${plugin.url} doesn't answer; muster:chat.plugins may name it`);
  });

  it("leaves the meetings' plugin for the next start where its publisher doesn't answer, and says so", () => {
    root.write("/stubs/wget", "#!/bin/sh\nexit 1\n", 0o755);
    const { code, stdout } = run({}, {}, { meetings: "jitsi" });
    expect(code).toBe(undoneCode);
    expect(isReady()).toBe(true);
    expect(stdout).toMatch(/^undone: plugin jitsi: https:\S+ doesn't answer; .*the next start tries again$/m);
    expect(asked("plugin enable jitsi")).toBe(0);
  });

  it("switches the meetings' plugin on with the meetings, and off with them, but not somebody else's", () => {
    run({});
    expect(asked("plugin disable")).toBe(0);
    expect(run({}, {}, { meetings: "jitsi" })).toMatchObject({ code: 0 });
    expect([asked("plugin add"), asked("plugin enable jitsi")]).toEqual([1, 2]);
    run({});
    run({});
    expect(asked("plugin disable jitsi")).toBe(1);
  });

  it("can be read by a shell, whatever the settings allow", () => {
    const chats = arbitraryOf(settingsSchema.shape.chat) as fc.Arbitrary<Record<string, unknown>>;
    fc.assert(
      fc.property(chats, fc.constantFrom("jitsi", "off"), (chat, meetings) => {
        expect(syntaxErrors(scriptFor(chat, { meetings }))).toBe("");
      }),
      { numRuns: 25 },
    );
  });

  it("hands on a team's title as it was written, whatever stands in it", () => {
    const titles = hostileText.filter(
      (title) => [...title].length >= 2 && !/\p{Cc}|\p{Surrogate}/u.test(title),
    );
    fc.assert(
      fc.property(titles, (title) => {
        rmSync(root.path("/mattermost/config/.muster-first-run"), { force: true });
        rmSync(root.path("/state/team"), { force: true });
        expect(run({ team: { title } })).toMatchObject({ code: 0 });
        expect(state("team")).toBe(`<team>\n<create>\n<--name>\n<team>\n<--display-name>\n<${title}>\n`);
      }),
      { numRuns: 15 },
    );
  });
});

describe("the first run's files", () => {
  it("hold the mail password only where there is one, and as JSON", () => {
    expect(fileOf(jobFor({}), "configuration.json")).toBeUndefined();
    expect(fileOf(jobFor({}, ["mailPassword"]), "configuration.json")).toBe(
      '{"EmailSettings":{"SMTPPassword":{"secret":"mailPassword","encode":"json"}}}',
    );
  });

  it("give the meetings' plugin its secret, and calls theirs, as JSON that no variable holds", () => {
    const more = { calls: "embedded", meetings: "jitsi", web: { httpsPort: 8443 } };
    const { PluginSettings } = JSON.parse(fileOf(jobFor({}, [], more), "configuration.json") ?? "") as {
      PluginSettings: { Plugins: Record<string, Change> };
    };
    expect(PluginSettings.Plugins["com.mattermost.calls"]).toEqual({
      turnstaticauthsecret: { secret: "turn-secret", encode: "json" },
    });
    expect(PluginSettings.Plugins["jitsi"]).toMatchObject({
      jitsiurl: "https://meet.localhost:8443",
      jitsijwt: true,
      jitsiappid: "muster",
      jitsiappsecret: { secret: "jitsi-app-secret", encode: "json" },
      jitsicompatibilitymode: false,
    });
  });

  it("install the plugin that the settings name in the place of Muster's own", () => {
    const own = { ...plugin, id: "jitsi", version: "2.2.0" };
    const script = scriptFor({ plugins: [own] }, { meetings: "jitsi" });
    expect(script.match(/^install /gm)).toHaveLength(1);
    expect(script).toContain(`install 'jitsi' '2.2.0' '${plugin.url}' '${sha256}' ''`);
    expect(scriptFor({}, { meetings: "jitsi" })).toContain("install 'jitsi' '2.1.0' 'https://github.com/");
    expect(scriptFor({})).not.toContain("install 'jitsi'");
  });

  it("keep passwords out of the script and the environment", () => {
    const { spec } = jobFor({ plugins: [plugin] }, ["mailPassword"]);
    const [script] = spec.files?.filter(({ name }) => name === "first-run.sh") ?? [];
    expect(script && secretsIn(script.content)).toEqual([]);
    expect(spec.environment).toEqual({});
  });
});
