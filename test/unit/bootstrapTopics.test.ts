import type { MachinePlan } from "../../components/host/bootstrap/plan";
import { barePlan, fullPlan, MachineBox } from "../helpers/machineBox";

let box: MachineBox;
beforeEach(() => {
  box = new MachineBox();
});
afterEach(() => {
  box.remove();
});
const refusals = (plan: MachinePlan, env: NodeJS.ProcessEnv = {}): string[] => {
  const { code, stderr } = box.run(plan, ["topic_check"], env);
  expect({ code, stderr }).toEqual({ code: stderr === "" ? 0 : 3, stderr });
  expect(box.calls()).toEqual([]);
  const lines = stderr.split("\n").filter(Boolean);
  for (const line of lines) expect(line).toMatch(/^muster: .+; given: .+; allowed: .+; fix: .+$/);
  return lines.map((line) => line.replaceAll(box.path(""), "/").replace(/^muster: (.*); allowed: .*/, "$1"));
};

describe("before anything is changed", () => {
  it("all that is wrong is said at once", () => {
    const wrong: Record<string, string> = {
      "/etc/os-release": "ID=fedora\nVERSION_ID=42\n",
      "/fake/machine": "riscv64",
      "/fake/uplink": "br-lan",
      "/proc/meminfo": "MemTotal: 3900000 kB\n",
      "/fake/free-gib": "4",
      "/etc/ssh/sshd_config": "# Include nothing\n",
      "/etc/ufw/ufw.conf": "ENABLED=yes\n",
      "/fake/packages/docker-ce": "",
      "/etc/docker/daemon.json": "{}",
      "/fake/listening": [
        "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*",
        "tcp LISTEN 0 128 *:80 *:*",
        "tcp LISTEN 0 128 [::]:443 [::]:*",
        "tcp LISTEN 0 128 127.0.0.1:25 0.0.0.0:*",
        "tcp LISTEN 0 128 [::1]:25 [::]:*",
        "udp UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:*",
        "udp UNCONN 0 0 0.0.0.0:68 0.0.0.0:*",
        "udp UNCONN 0 0 0.0.0.0:40000 0.0.0.0:*",
        "udp UNCONN 0 0 10.0.0.1:3479 0.0.0.0:*",
        "tcp LISTEN 0 128 0.0.0.0:9000 0.0.0.0:*",
        "",
      ].join("\n"),
    };
    for (const [path, text] of Object.entries(wrong)) box.write(path, text);
    box.delete("/run/systemd");
    box.delete("/etc/wireguard/muster0.key");
    const plan = {
      ...fullPlan,
      disk: barePlan.disk,
      user: "nobody",
      sshFrom: ["10.0.0.0/8"],
      keepOpen: [9000],
    };
    expect(refusals(plan, { SSH_CONNECTION: "192.0.2.1 5 192.0.2.2 22" })).toEqual([
      "this distribution isn't supported; given: fedora 42",
      "this machine doesn't run systemd; given: no //run/systemd/system",
      "images of this stack aren't there for this processor; given: riscv64",
      "another firewall is at work on this machine; given: ufw",
      "this machine's way out has a name that Docker's own networks have; given: br-lan",
      "this machine has less memory than its settings say; given: 3808 MiB",
      "too little room on this machine's own disk; given: 4 GiB free",
      "sshd doesn't read the files of //etc/ssh/sshd_config.d; given: //etc/ssh/sshd_config without an Include",
      "there is no such user on this machine; given: nobody",
      "the VPN's own key isn't on this machine; given: no //etc/wireguard/muster0.key",
      "the firewall would shut out the address that this connection comes from; given: 192.0.2.1",
      "another Docker is installed here; given: package docker-ce",
      "Docker has settings of its own on this machine; given: //etc/docker/daemon.json",
      "other programs have ports of the stack; given: tcp/443 udp/3479",
      "programs on this machine listen on ports that the firewall would close; given: tcp/80",
    ]);
  });

  it("a user without rights is told what it takes", () => {
    box.write("/fake/uid", "1000");
    expect(refusals(barePlan)).toEqual(["the bootstrap needs root; given: ann"]);
  });

  it("a machine in use needs little room, and what listens there is its own business", () => {
    box.write("/etc/muster/firewall.v4", "");
    box.write("/fake/free-gib", "1");
    box.write("/fake/listening", "tcp LISTEN 0 128 0.0.0.0:443 0.0.0.0:*\n");
    expect(refusals(barePlan)).toEqual([]);
  });

  it.each<[string, boolean, string[], boolean]>([
    ["10.0.0.7", false, ["192.0.2.0/24", "10.0.0.0/29"], true],
    ["10.0.0.8", false, ["192.0.2.0/24", "10.0.0.0/29"], false],
    ["203.0.113.255", false, ["0.0.0.0/0"], true],
    ["192.0.2.1", false, ["192.0.2.1"], true],
    ["2001:db8::1", false, ["0.0.0.0/0"], false],
    ["2001:db8::1", false, ["0.0.0.0/0", "2001:db8::/32"], true],
    ["10.213.0.9", true, ["192.0.2.0/24"], true],
    ["192.0.2.1", true, ["192.0.2.0/24"], false],
  ])(
    "whoever comes from %s (VPN only: %s; from %j) isn't locked out: %s",
    (origin, sshOnly, sshFrom, passes) => {
      const { vpn } = fullPlan;
      const plan = {
        ...barePlan,
        sshFrom,
        ...(sshOnly && vpn !== undefined ? { vpn: { ...vpn, sshOnly } } : {}),
      };
      // As sudo leaves it: with a parent alone.
      const script =
        'mkdir -p /proc/$$ /proc/7; echo "PPid: 7" > /proc/$$/status; echo "PPid: 1" > /proc/7/status\n: > /proc/$$/environ';
      box.write("/proc/7/environ", `A=b\0SSH_CONNECTION=${origin} 5 192.0.2.2 22\0`);
      const { stderr } = box.run(plan, [script, "check_access"]);
      expect(stderr === "").toBe(passes);
    },
  );
});

describe("SSH", () => {
  const keysFile = "/root/.ssh/authorized_keys";
  const mine = ["ssh-ed25519 AAAAours operator"];
  it("lets in our keys, and drops them with the settings; other people's stay, with a note", () => {
    box.write(
      keysFile,
      "ssh-ed25519 AAAAours first boot\n# old\nssh-rsa AAAAold me\nssh-ed25519 AAAAann ann\n",
    );
    const noted = (authorizedKeys: string[]): string =>
      box.run({ ...barePlan, authorizedKeys }, ["let_keys_in", 'printf %s "$notes" >&3']).stdout;
    const first = noted([...mine, "ssh-ed25519 AAAAann ann"]);
    expect(first).toContain("1 more keys");
    const others = "# old\nssh-rsa AAAAold me\n";
    expect(box.read(keysFile)).toBe(
      `${others}# muster: begin\nssh-ed25519 AAAAours operator\nssh-ed25519 AAAAann ann\n# muster: end\n`,
    );
    noted(["ssh-ed25519 AAAAnew operator"]);
    expect(box.read(keysFile)).toBe(
      `${others}# muster: begin\nssh-ed25519 AAAAnew operator\n# muster: end\n`,
    );
    expect(box.state()[keysFile]).toMatch(/^600 /);
  });

  it("takes no passwords, and many connections", () => {
    box.run(barePlan, ["topic_sshd"]);
    expect(box.read("/etc/ssh/sshd_config.d/10-muster.conf")).toMatch(/PermitRootLogin prohibit-password\n/);
    box.write("/fake/effective", box.read("/fake/effective").replace("without-password", "no"));
    box.run({ ...barePlan, user: "admin" }, ["topic_sshd"]);
    expect(box.read("/fake/running/ssh.service").split("\n")).toEqual(
      expect.arrayContaining([
        "PasswordAuthentication no",
        "PermitRootLogin no",
        "MaxStartups 64:30:128",
        "AllowStreamLocalForwarding local",
        "AllowTcpForwarding local",
      ]),
    );
  });

  it("goes on as it was where sshd doesn't accept its settings, and tries again the next time", () => {
    box.fails("sshd", "bad configuration option");
    const { code, stderr } = box.run(barePlan, ["topic_sshd"]);
    expect(code).toBe(1);
    expect(stderr).toContain("bad configuration option");
    expect(box.has("/etc/ssh/sshd_config.d/10-muster.conf")).toBe(false);
    expect(box.calls().filter((call) => call.includes("reload"))).toEqual([]);
    box.delete("/fake/sshd-fails");
    expect(box.run(barePlan, ["topic_sshd"]).code).toBe(0);
    expect(box.calls()).toContain("systemctl try-reload-or-restart ssh.service");
  });

  it("isn't reloaded while another setting comes before ours", () => {
    box.write("/fake/effective", "PasswordAuthentication yes\n");
    const { code, stderr } = box.run(barePlan, ["topic_sshd"]);
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining("given: passwordauthentication yes"),
    });
    expect(box.calls().filter((call) => call.startsWith("systemctl"))).toEqual([]);
  });
});

describe("Docker", () => {
  const plan: MachinePlan = { ...barePlan, dockerSource: "docker" };
  it("of its own makers is installed only with the key that we know, of the major version that we know", () => {
    box.write("/fake/fingerprint", "0000");
    const { code, stderr } = box.run(plan, ["topic_docker"]);
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(/given: 0000; allowed: 9DC858229FC7/),
    });
    expect(box.calls().filter((call) => call.startsWith("apt-get"))).toEqual([]);
    box.write("/fake/fingerprint", "9DC858229FC7DD38854AE2D88D81803C0EBFCD88");
    expect(box.run(plan, ["topic_docker"]).code).toBe(0);
    expect(box.calls()).toContain("apt-get install docker-ce docker-ce-cli containerd.io");
    expect(box.read("/etc/apt/sources.list.d/docker.list").replaceAll(box.path(""), "/")).toBe(
      "deb [arch=amd64 signed-by=//etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian bookworm stable\n",
    );
    expect(box.read("/etc/apt/preferences.d/docker.pref")).toMatch(/Pin: version 5:28\.\*/);
    expect(box.run(plan, ["topic_docker"])).toMatchObject({ code: 0, stderr: "" });
    expect(box.calls()).toEqual([]);
  });

  it("may be used by who logs in", () => {
    const other = { ...barePlan, user: "admin" };
    box.run(other, ["topic_docker"]);
    expect(box.calls()).toContain("usermod -aG docker admin");
    box.run(other, ["topic_docker"]);
    expect(box.calls()).toEqual([]);
  });

  it("never starts before its disk and its firewall, and begins with live-restore", () => {
    box.run(fullPlan, ["topic_docker"]);
    const unit = box.read("/etc/systemd/system/docker.service.d/muster.conf").replaceAll(box.path(""), "/");
    expect(unit).toContain("After=muster-firewall.service wg-quick@muster0.service\n");
    expect(unit).toContain("RequiresMountsFor=//srv/muster //var/lib/docker/volumes\n");
    expect(unit).toContain("AssertPathExists=//srv/muster/.muster-disk\n");
    expect(JSON.parse(box.read("/etc/docker/daemon.json"))).toMatchObject({ "live-restore": true });
  });
});

describe("what can't be done in a container", () => {
  it("is noted, and stops nothing", () => {
    box.write("/fake/in-container", "");
    box.write("/fake/sysctl/net.core.rmem_max", "1000");
    box.write("/fake/sysctl/net.core.rmem_max.fixed", "");
    box.write("/fake/cloud-init", "1");
    const plan = { ...barePlan, sysctls: { "net.core.rmem_max": 2000 } };
    const facts = box.facts(plan);
    box.calls();
    // It is tried again each time, as the container may have been given the right to.
    expect(box.facts(plan)).toEqual(facts);
    expect(box.calls()).toEqual([expect.stringMatching(/^sysctl -q/)]);
    expect(facts.notes).toEqual([
      "cloud-init reports an error on this machine: cloud-init status --long",
      expect.stringContaining("the clock is that of the machine around"),
      expect.stringContaining("net.core.rmem_max=2000"),
    ]);
    expect(box.has("/fake/active/systemd-timesyncd.service")).toBe(false);
  });
});

describe("at the machine's end", () => {
  it("live-restore is turned off, and Docker knows it before it is stopped", () => {
    box.run(barePlan, ["topic_docker", "topic_shutdown"]);
    box.calls();
    expect(box.sh("sh /usr/local/lib/muster/shutdown")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(box.calls()).toEqual(["systemctl kill --kill-who=main --signal=HUP docker.service"]);
    expect(JSON.parse(box.read("/fake/reloaded"))).toMatchObject({ "live-restore": false });
    expect(box.read("/usr/local/lib/muster/daemon.json")).toContain('"live-restore": true');
  });
});

describe("a reserved address", () => {
  it("is what leaves the machine too, but for those who came to its other one", () => {
    const { stdout } = box.run({ ...barePlan, anchor: true }, [
      "topic_anchor",
      'printf %s "$own_address" >&3',
    ]);
    expect(stdout).toBe("10.17.0.5");
    expect(box.calls().filter((call) => call.startsWith("ip"))).toEqual([
      "ip route replace default via 192.0.2.254 dev eth0 onlink table 8213",
      "ip rule add from 192.0.2.10 lookup 8213 priority 8213",
      "ip route replace default via 10.17.0.1 dev eth0 onlink src 10.17.0.5",
    ]);
    box.sh("sh /usr/local/lib/muster/anchor");
    expect(box.calls().filter((call) => call.includes("rule"))).toEqual([]);
    expect(box.run(barePlan, ["topic_anchor", 'printf %s "$own_address" >&3']).stdout).toBe("192.0.2.10");
  });
});

describe("the rest", () => {
  it("leaves a larger kernel setting as it is", () => {
    box.write("/fake/sysctl/net.core.rmem_max", "5000\n");
    box.run({ ...barePlan, sysctls: { "net.core.rmem_max": 2000, "net.core.wmem_max": 3000 } }, [
      "topic_kernel",
    ]);
    expect(box.read("/etc/sysctl.d/60-muster.conf")).toMatch(/rmem_max = 5000\nnet.core.wmem_max = 3000/);
  });

  it("lowers the lowest port that needs no rights, and never raises it", () => {
    const name = "net.ipv4.ip_unprivileged_port_start";
    for (const [before, after] of [
      ["1024", "443"],
      ["80", "80"],
    ]) {
      box.write(`/fake/sysctl/${name}`, `${before}\n`);
      box.run({ ...barePlan, sysctls: { [name]: 443 } }, ["topic_kernel"]);
      expect(box.read("/etc/sysctl.d/60-muster.conf")).toContain(`${name} = ${after}\n`);
    }
  });

  it("keeps a clock that is there, and makes it tell UTC", () => {
    box.write("/fake/packages/chrony", "");
    box.write("/fake/zone", "CET");
    box.run(barePlan, ["topic_packages", "topic_time"]);
    const calls = box.calls();
    expect(calls.join()).not.toContain("timesyncd");
    expect(calls.filter((call) => call.startsWith("ln"))).toHaveLength(1);
  });

  it("reboots for upgrades at the given time, or never", () => {
    box.run(barePlan, ["topic_upgrades"]);
    expect(box.read("/etc/apt/apt.conf.d/52muster")).toMatch(
      /Automatic-Reboot "true";[^]*Reboot-Time "04:30";/,
    );
    box.run({ ...barePlan, rebootAt: "off" }, ["topic_upgrades"]);
    expect(box.read("/etc/apt/apt.conf.d/52muster")).toMatch(/Automatic-Reboot "false";/);
  });

  it("mends what was changed by hand, and only that", () => {
    const plan = { ...fullPlan, disk: barePlan.disk };
    const topics = ["kernel", "disk", "swap", "firewall", "docker"].map((topic) => `topic_${topic}`);
    expect(box.run(plan, topics).code).toBe(0);
    box.calls();
    box.write("/fake/iptables", "");
    box.write("/etc/docker/daemon.json", "{}");
    box.write("/fake/sysctl/net.core.rmem_max", "1");
    box.delete("/fake/swaps");
    expect(box.run(plan, topics).code).toBe(0);
    expect(box.calls().map((call) => call.split(" ").slice(0, 2).join(" "))).toEqual([
      "sysctl -q",
      expect.stringContaining("swapon"),
      "iptables-restore ",
      "ip6tables-restore ",
      "systemctl restart",
      "mv /etc/docker/daemon.json",
      "systemctl restart",
    ]);
  });

  it("takes a VPN away that the settings no longer have", () => {
    box.run(fullPlan, ["topic_vpn"]);
    expect(box.has("/fake/active/wg-quick@muster0.service")).toBe(true);
    box.run(barePlan, ["topic_vpn"]);
    expect(box.has("/etc/wireguard/muster0.conf")).toBe(false);
    expect(box.has("/fake/active/wg-quick@muster0.service")).toBe(false);
  });

  it("takes its swap file away, or makes one of another size", () => {
    for (const swapMiB of [1, 2, 0]) {
      box.run({ ...barePlan, swapMiB }, ["mkdir -p /srv/muster", "topic_swap"]);
      const size = Number(box.run(barePlan, ["stat -c %s /srv/muster/swapfile >&3 || echo 0 >&3"]).stdout);
      expect(size).toBe(swapMiB * 1024 ** 2);
      expect(box.read("/etc/fstab").includes("swapfile")).toBe(swapMiB > 0);
      expect(box.has("/fake/swaps")).toBe(swapMiB > 0);
    }
  });

  it("finishes an installation that was killed", () => {
    box.write("/fake/half-installed", "");
    box.run(barePlan, ["topic_packages"]);
    expect(box.calls()[0]).toBe("dpkg --configure -a");
  });

  it("says what apt-get said where packages can't be had", () => {
    box.fails("apt-get", "Temporary failure resolving 'deb.example'");
    const { code, stderr } = box.run(barePlan, ["topic_packages"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("Temporary failure resolving"),
    });
  });

  it("tells facts that are JSON whatever the machine is called", () => {
    box.write("/etc/os-release", 'ID=debian\nVERSION_ID="12"\n');
    const { stdout } = box.run(barePlan, [
      'note "a \\"quoted\\" \\\\ word"',
      "disk_key=/x own_address=192.0.2.1 docker_version=1 disk_found=",
      "topic_leftovers",
    ]);
    expect(JSON.parse(stdout)).toEqual({
      architecture: "amd64",
      distribution: "debian 12",
      ownAddress: "192.0.2.1",
      docker: "1",
      diskUuid: "",
      rebootRequired: false,
      notes: ['a "quoted" \\ word'],
    });
  });
});
