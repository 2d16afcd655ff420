/** Calls and meetings, on a stack of their own: the steps in order, each leaves it running for the next. */
import { bringUp } from "./media/bringUp";
import { embeddedCalls } from "./media/calls";
import { doctor } from "./media/doctor";
import { becomeEnterprise, licence } from "./media/enterprise";
import { faults } from "./media/faults";
import { guestsMeet, membersMeet } from "./media/meetings";
import { resolveLocalNames } from "./media/names";
import { reach } from "./media/reach";
import { relay } from "./media/relay";
import { openTcpPorts } from "./network";
import { standNowhere } from "./steps/secrecy";
import { MediaStack } from "./media/stack";
import { suites } from "./suites";

describe("calls and meetings on a real engine", () => {
  const media = new MediaStack();

  let forget: () => void;
  let openBefore: number[] = [];

  beforeAll(async () => {
    forget = resolveLocalNames();
    await media.open();
    if (media.there) openBefore = openTcpPorts(suites.media);
    else console.warn("SKIPPED, as seen from another machine: no network namespace here (needs root, ip)");
  });

  afterAll(async () => {
    forget();
    await media.remove();
  });

  bringUp(() => media);
  relay(() => media);
  reach(
    () => media,
    () => openBefore,
  );
  embeddedCalls(() => media);
  membersMeet(() => media);
  doctor(() => media);
  becomeEnterprise(() => media);
  guestsMeet(() => media);
  faults(() => media);

  describe("its secrets", () => {
    let values: string[] = [];
    beforeAll(async () => {
      values = [licence, ...(await media.stack.secrets()).map(({ value }) => value)];
      expect(values.length).toBeGreaterThanOrEqual(7);
    });
    standNowhere(media.stack, () => values);
  });
});
