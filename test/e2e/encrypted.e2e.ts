/** What takes a kernel of its own: LUKS and the kernel's WireGuard, on a virtual machine. The steps are in order. */
import { encrypts, unlocks } from "./encrypted/disk";
import { EncryptedStage } from "./encrypted/stage";
import { kernelVpn } from "./encrypted/vpn";
import { onMachines } from "./hosts/machines";
import { emulated } from "./machine/virtualImage";

if (emulated) jest.setTimeout(3_600_000);

onMachines(
  "an encrypted stack on a virtual machine",
  () => {
    const stage = new EncryptedStage();
    beforeAll(() => stage.prepare());
    afterAll(() => stage.end());

    encrypts(stage);
    kernelVpn(stage);
    unlocks(stage);
  },
  process.env["MUSTER_E2E_NO_MACHINES"] ?? process.env["MUSTER_E2E_NO_VIRTUAL_MACHINES"],
);
