/** Calls and meetings, on a stack of their own: the steps in order, each leaves it running for the next. */
import { bringUp } from "./media/bringUp";
import { MediaStack } from "./media/stack";

describe("calls and meetings on a real engine", () => {
  const media = new MediaStack();

  beforeAll(async () => {
    await media.open();
  });

  afterAll(async () => {
    await media.remove();
  });

  bringUp(() => media);
});
