/** Calls and meetings, on a stack of their own: the steps in order, each leaves it running for the next. */
import { bringUp } from "./media/bringUp";
import { embeddedCalls } from "./media/calls";
import { resolveLocalNames } from "./media/names";
import { relay } from "./media/relay";
import { MediaStack } from "./media/stack";

describe("calls and meetings on a real engine", () => {
  const media = new MediaStack();

  let forget: () => void;

  beforeAll(async () => {
    forget = resolveLocalNames();
    await media.open();
  });

  afterAll(async () => {
    forget();
    await media.remove();
  });

  bringUp(() => media);
  relay(() => media);
  embeddedCalls(() => media);
});
