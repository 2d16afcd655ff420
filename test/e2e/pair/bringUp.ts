import { mainHost, mediaHost } from "../../../stacks/topology/hosts";
import type { PairStage } from "./stage";

/** From two bare servers to one stack. */
export function bringUp(pair: PairStage): void {
  describe("from two bare servers", () => {
    it("brings each service onto the host of its role", async () => {
      const output = await pair.bringUp();
      expect(output).toContain("All services are healthy.");
      expect(await pair.on.unwell()).toEqual([]);
      const { services } = pair.stack.topology();
      for (const [host, machine] of pair.on.machines) {
        const there = (await machine.run('docker ps --format "{{.Names}}"')).split("\n");
        const here = services.filter(({ name }) => there.includes(pair.on.container(name)));
        expect({ [host]: here.map(({ name }) => name) }).toEqual({
          [host]: services.filter((service) => service.host === host).map(({ name }) => name),
        });
      }
    });

    it("changes nothing the second time", async () => {
      const before = await pair.on.ids();
      expect((await pair.stack.up()).output).toContain("Nothing has changed");
      expect(await pair.on.ids()).toEqual(before);
    });

    it("has a tunnel between them, by the kernel's WireGuard or in user space", async () => {
      for (const machine of pair.on.machines.values()) {
        const peers = (await machine.run("wg show muster0 latest-handshakes")).trim().split("\n");
        const shaken = peers.filter((line) => Number(line.split("\t")[1]) > 0);
        expect(shaken).toHaveLength(1);
      }
      const userSpace = await pair.main.run("pgrep -x wireguard-go || true");
      if (userSpace !== "")
        console.warn("NOT RUN: the kernel's WireGuard, which this kernel lacks; wireguard-go stands in");
    });

    it.each([mainHost, mediaHost])("opens on %s exactly what the topology opens to everyone", (host) => {
      const { open, planned } = pair.on.tcpPorts(host);
      expect(open).toEqual(planned);
    });
  });
}
