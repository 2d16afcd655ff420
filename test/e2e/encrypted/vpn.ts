import { tcpOpen } from "../../../probe";
import { tunnelOf } from "../../../stacks/topology/tunnel";
import { connect, disconnect, onTerminal } from "../wireguard";
import { type EncryptedStage, peer, stackName } from "./stage";

const device = "e2e-vpn-kernel";

/** The tunnel, by the kernel's own WireGuard. */
export function kernelVpn(stage: EncryptedStage): void {
  it("has a tunnel by the kernel's WireGuard, which leads to SSH", async () => {
    expect(await stage.machine.run("ip -details link show muster0")).toMatch(/^ *wireguard /m);
    expect(await stage.machine.run("pgrep -x wireguard-go || command -v wireguard-go || true")).toBe("");
    const { stack } = stage;
    const host = tunnelOf(stack.topology())?.hosts[0]?.address ?? "";
    disconnect(device);
    try {
      connect(device, stack.dir, onTerminal(stack.dir, ["vpn", stackName, peer]));
      expect((await tcpOpen({ host, port: 22, timeoutSeconds: 10 })).ok).toBe(true);
    } finally {
      disconnect(device);
    }
  });
}
