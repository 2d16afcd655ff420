import { spawnSync } from "node:child_process";
import { bootstrapScript, secretsScript, topics, unlockScript } from "../../components/host/bootstrap/script";
import { barePlan, fullPlan, MachineBox } from "../helpers/machineBox";

const boxes: MachineBox[] = [];
const newBox = (): MachineBox => {
  const box = new MachineBox();
  boxes.push(box);
  return box;
};
afterEach(() => {
  for (const box of boxes.splice(0)) box.remove();
});
const has = (program: string): boolean => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;

describe("the script", () => {
  const scripts = [
    bootstrapScript(fullPlan),
    secretsScript(fullPlan, { diskKey: "x", wireguardKey: "y" }),
    unlockScript(fullPlan),
  ];
  it.each(["dash", "busybox sh", "bash --posix"])("can be read by %s", (shell) => {
    const [program = "", ...words] = shell.split(" ");
    if (!has(program)) return;
    for (const input of scripts)
      expect(spawnSync(program, [...words, "-n"], { input, encoding: "utf8" }).stderr).toBe("");
  });

  it("is sound, as far as shellcheck knows", () => {
    if (!has("shellcheck")) return;
    for (const input of scripts)
      expect(spawnSync("shellcheck", ["-s", "sh", "-"], { input, encoding: "utf8" }).stdout).toBe("");
  });

  it("runs nothing before all of it has come", () => {
    const box = newBox();
    const whole = bootstrapScript(fullPlan);
    for (const part of [0.1, 0.5, 0.9, 0.999])
      box.sh(`${whole.slice(0, whole.lastIndexOf("\n", whole.length * part))}\n`);
    expect(box.calls()).toEqual([]);
  });

  it("takes any words of the plan as words", () => {
    const odd = `$(touch /hacked) '"\\ \`x\``;
    const { stdout, code } = newBox().run({ ...barePlan, authorizedKeys: [odd], firewall: [], stack: odd }, [
      'printf "%s\\n%s" "$stack" "$authorized_keys" >&3',
    ]);
    expect({ stdout, code }).toEqual({ stdout: `${odd}\n${odd}`, code: 0 });
  });
});

describe("a machine", () => {
  const plan = fullPlan;
  it("is made ready once: a second run changes nothing, writes nothing, and says the same facts", () => {
    const box = newBox();
    const first = box.run(plan);
    expect(first.code).toBe(0);
    expect(first.stdout.split("\n")).toHaveLength(2);
    expect(first.stderr).toMatch(/^(muster: .*\n)+$/);
    expect(box.calls()).not.toEqual([]);
    const written = box.written();
    expect(box.run(plan)).toEqual({ code: 0, stdout: first.stdout, stderr: "" });
    expect(box.calls()).toEqual([]);
    expect(box.written()).toEqual(written);
  });

  it("ends the same however often a run is killed, after any change that it makes", () => {
    const [whole, killed] = [newBox(), newBox()];
    expect(whole.run(plan).code).toBe(0);
    for (const topic of topics.filter((name) => name !== "check" && name !== "leftovers")) {
      const firsts: string[] = [];
      for (let code = 137, changes = 1; code !== 0;) {
        const ended = killed.run(plan, [`topic_${topic}`], { DIES: String(changes) });
        ({ code } = ended);
        const [first = ""] = killed.calls();
        if ((code !== 137 && code !== 0) || firsts.length > 20)
          throw new Error(`${topic}: ${firsts.join(", ")}: ${ended.stderr}`);
        // Most are killed after the first, some after the second; what is begun anew is let go one step further.
        changes = first === firsts.at(-1) ? changes + 1 : 1 + (firsts.length % 2);
        firsts.push(first);
      }
    }
    expect(killed.run(plan).code).toBe(0);
    const plain = (box: MachineBox): unknown =>
      JSON.parse(JSON.stringify(box.state()).replaceAll(box.path(""), "/"));
    expect(plain(killed)).toEqual(plain(whole));
    // Whatever runs has the settings that are there: to start it once more changes nothing.
    const units = ["docker", "ssh", "wg-quick@muster0"].map((unit) => `systemctl restart ${unit}.service\n`);
    killed.sh(`systemctl daemon-reload\n${units.join("")}`);
    killed.calls();
    expect(plain(killed)).toEqual(plain(whole));
  });
});
