import { tunnelOf } from "../../../stacks/topology/tunnel";
import { tcpOpen } from "../../../probe";
import { connect, disconnect, onTerminal } from "../wireguard";
import { type PairStage, peer } from "./stage";

/** This machine's end of the administrators' tunnel. */
const device = "e2e-vpn";

/** An administrator's way in: this machine is his. */
export function vpn(pair: PairStage): void {
  const { stack } = pair;
  const inside = (): string[] => tunnelOf(stack.topology())?.hosts.map(({ address }) => address) ?? [];
  const sshAt = async (address: string): Promise<boolean> =>
    (await tcpOpen({ host: address, port: 22, timeoutSeconds: 3 })).ok;
  let shown = "";

  describe("the administrators' tunnel", () => {
    afterAll(() => disconnect(device));

    it("shows a peer's configuration on a terminal, and never into a pipe", async () => {
      const piped = await stack.run(["vpn", stack.name, peer]);
      expect(piped.code).toBe(1);
      expect(piped.output).toContain("on a terminal only");
      expect(piped.output).not.toContain("PrivateKey");
      shown = onTerminal(stack.dir, ["vpn", stack.name, peer]);
      expect(shown).toContain("[Interface]");
    });

    it("stands in no log and no plain state", async () => {
      const key = /^PrivateKey = (\S{44})$/m.exec(shown)?.[1] ?? "";
      expect(key).not.toBe("");
      expect(stack.transcript).not.toContain(key);
      expect(await stack.pulumi(["stack", "export"])).not.toContain(key);
    });

    it("connects, and leads to each host's SSH", async () => {
      connect(device, stack.dir, shown);
      for (const address of inside())
        expect({ [address]: await sshAt(address) }).toEqual({ [address]: true });
    });

    it("becomes the only way to SSH where the settings say so, for our own verbs too", async () => {
      stack.set(["machine", "vpn", "ssh"], "tunnel");
      await stack.up();
      for (const [, { address }] of pair.on.machines)
        expect({ [address]: await sshAt(address) }).toEqual({ [address]: false });
      expect((await stack.up()).output).toContain("Nothing has changed");
      expect((await stack.must(["logs", stack.name, "rtcd"])).output).toContain("rtcd |");
    });

    it("is named where it isn't connected", async () => {
      disconnect(device);
      const { code, output } = await stack.run(["up", stack.name]);
      expect(code).not.toBe(0);
      expect(output).toContain("muster:machine.vpn.ssh");
      connect(device, stack.dir, shown);
    });

    it("is no longer needed once the settings say so, a step at a time", async () => {
      for (const ssh of ["both", "outside"]) {
        stack.set(["machine", "vpn", "ssh"], ssh);
        await stack.up();
      }
      disconnect(device);
      for (const [, { address }] of pair.on.machines)
        expect({ [address]: await sshAt(address) }).toEqual({ [address]: true });
      expect((await stack.up()).output).toContain("Nothing has changed");
    });
  });
}
