/** A running stack, and all that goes wrong with it. The steps in order: each leaves it whole for the next. */
import { chatAlone } from "./steps/chatAlone";
import { faults } from "./steps/faults";
import { refuse } from "./steps/refuse";
import { standNowhere } from "./steps/secrecy";
import { suites } from "./suites";

describe("a stack on a real engine that things happen to", () => {
  const stack = chatAlone(suites.faults);
  let secrets: string[] = [];
  beforeAll(async () => {
    await stack.up();
    secrets = (await stack.secrets()).map(({ value }) => value);
    expect(secrets.length).toBeGreaterThanOrEqual(4);
  });

  faults(stack);
  refuse(stack);
  describe("its secrets", () => {
    standNowhere(stack, () => secrets);
  });
});
