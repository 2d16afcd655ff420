import { execFileSync, spawn } from "node:child_process";
import { mainHost } from "../../../stacks/topology/hosts";
import type { HostStage } from "./stage";

/** What a cloud's metadata service is, as far as this goes. */
const metadataService = `
require("node:http").createServer((_, answer) => answer.end("the machine's secrets")).listen(80);`;
/** Prints what a port says within five seconds. */
const said = `
const socket = require("node:net").connect(Number(process.argv[2]), process.argv[1]);
const end = (text) => { console.log(text); process.exit(); };
socket.setTimeout(5000, () => end("nothing")).on("error", () => end("nothing")).on("data", (data) => end(String(data)));`;

/** What nobody reaches, and where no key may stand. */
export function safety(stage: HostStage): void {
  describe("on the machine", () => {
    it("has exactly the topology's ports open, for another computer in its network", () => {
      const { open, planned } = stage.tcpPorts(mainHost);
      expect(open).toEqual(planned);
    });

    it("keeps closed what others publish past it", async () => {
      const busybox = "/bin/busybox";
      const server = `while :; do ${busybox} nc -l -p 9998 -e ${busybox} echo hello; done`;
      await stage.machine.run(
        `docker run --detach --name stray --publish 9998:9998 --entrypoint ${busybox} busybox:1.37.0-musl sh -c '${server}'`,
      );
      try {
        const inside = `docker exec stray ${busybox} nc -w 5 127.0.0.1 9998`;
        expect(await stage.machine.run(inside)).toContain("hello");
        expect(
          stage.fromNeighbour([process.execPath, "-e", said, stage.machine.address, "9998"]).output.trim(),
        ).toBe("nothing");
      } finally {
        await stage.machine.run("docker rm --force stray");
      }
    });

    it("lets no container reach the machine's metadata", async () => {
      const address = "169.254.169.254";
      const [program, ...args] = stage.network.neighbour(21);
      execFileSync(program, [...args, "ip", "address", "add", `${address}/32`, "dev", "eth0"]);
      const service = spawn(program, [...args, process.execPath, "-e", metadataService], { stdio: "ignore" });
      await stage.machine.run(`ip route add ${address} dev eth0`);
      try {
        const own = `for try in 1 2 3 4 5; do curl -s --max-time 5 http://${address}/ && break; sleep 1; done`;
        expect(await stage.machine.run(own)).toContain("the machine's secrets");
        const asked = await stage
          .runIn("backup", ["/muster/busybox", "wget", "-q", "-T", "5", "-O", "-", `http://${address}/`])
          .catch((error: unknown) => String(error));
        expect(asked).not.toContain("the machine's secrets");
      } finally {
        await stage.machine.run(`ip route del ${address} dev eth0`);
        service.kill();
      }
    });

    it("takes keys alone, and as many connections at once as an up makes", async () => {
      const settings = await stage.machine.run("sshd -T");
      expect(settings).toContain("passwordauthentication no");
      expect(settings).toContain("maxsessions 64");
    });

    it("has no private key in what was printed, in plain state or in a command's text", async () => {
      const state = await stage.stack.pulumi(["stack", "export"]);
      for (const text of [state, stage.stack.transcript]) {
        expect(text).not.toContain("PRIVATE KEY");
      }
    });
  });
}
