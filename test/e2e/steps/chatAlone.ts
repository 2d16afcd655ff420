import { swappedImages } from "../images/chosen";
import { engineSocket } from "../parts";
import { Stack } from "../stack";
import type { Suite } from "../suites";

/** Chat alone on this machine's engine, with nothing there before the steps and nothing after them. */
export function chatAlone({ name, web }: Suite): Stack {
  const stack = new Stack(name);
  const swapped = swappedImages();

  beforeAll(async () => {
    await stack.clear();
    stack.write({
      domain: "localhost",
      host: { provider: "local", engine: `unix://${engineSocket}`, bind: "0.0.0.0", address: "127.0.0.1" },
      web,
      people: { accounts: 20, active: 20 },
      calls: "off",
      meetings: "off",
      ...(Object.keys(swapped).length === 0 ? {} : { images: { overrides: swapped } }),
    });
    console.log(`Images:\n${(await stack.ensureImages()).join("\n")}`);
  });

  afterAll(() => stack.remove());
  return stack;
}
