/** People in calls and in a meeting: they stay for a while, leave and come again, and come back when it breaks. */
import { setTimeout as pause } from "node:timers/promises";
import { bridgeEndpoint, joinCall, joinRoom, type MediaSession } from "../../probe";
import { leave } from "../e2e/media/calls";
import { bridgeUrl, token } from "../e2e/media/meetings";
import type { MediaSite, Person } from "../e2e/media/site";
import { Activity, repeat, type Shift } from "./activity";

const staySeconds = 30;
const joinSeconds = 10;
const packetsPerSecond = 20;
/** Of sessions that a fault has cut off: nobody waits longer for a good end. */
const leaveSeconds = 3;
const room = "soak";

export class Talks {
  readonly call = new Activity("seconds of a call over UDP");
  readonly relayed = new Activity("seconds of a call through the relay");
  readonly meeting = new Activity("seconds of a meeting's media");
  readonly rooms = new Activity("visits to a meeting's room");

  get all(): Activity[] {
    return [this.call, this.relayed, this.meeting, this.rooms];
  }

  constructor(
    private readonly site: MediaSite,
    /** Two for each call. */
    private readonly people: readonly [Person, Person, Person, Person],
    private readonly shift: Shift,
  ) {}

  /** Until the shift is over. */
  async go(): Promise<void> {
    const [anna, ben, carla, dan] = this.people;
    const secret = await this.site.stack.secret("jitsi-app-secret");
    const often = (): number => 1;
    await Promise.all([
      repeat(this.shift, this.call, often, () => this.talk(this.call, "udp", [anna, ben])),
      repeat(this.shift, this.relayed, often, () => this.talk(this.relayed, "relay", [carla, dan])),
      repeat(this.shift, this.meeting, often, () => this.meet()),
      repeat(
        this.shift,
        this.rooms,
        () => 3,
        () => this.visit(secret),
      ),
    ]);
  }

  /** A call of two, in their direct channel. */
  private async talk(
    activity: Activity,
    transportPolicy: "udp" | "relay",
    pair: readonly [Person, Person],
  ): Promise<void> {
    const { id } = await this.site.ask<{ id: string }>(
      pair[0].token,
      "/api/v4/channels/direct",
      pair.map((person) => person.id),
    );
    await this.stay(
      activity,
      pair.map(
        (person) => () =>
          joinCall({
            siteUrl: this.site.chatUrl,
            token: person.token,
            channelId: id,
            ...{ transportPolicy, packetsPerSecond, timeoutSeconds: joinSeconds },
            mediaAddress: this.site.address,
            ...this.site.trust,
          }),
      ),
    );
  }

  /** Three people's media, as the bridge alone sees them. */
  private async meet(): Promise<void> {
    const conference = await bridgeEndpoint(await bridgeUrl(this.site));
    const join = (): Promise<MediaSession> =>
      conference.join({
        ...{ transportPolicy: "udp", packetsPerSecond: 10, timeoutSeconds: joinSeconds },
        mediaAddress: this.site.address,
      });
    await this.stay(this.meeting, [join, join, join]);
  }

  /** Each second in which everybody heard somebody counts. @throws where that ends. */
  private async stay(activity: Activity, joins: readonly (() => Promise<MediaSession>)[]): Promise<void> {
    const joining = await Promise.allSettled(joins.map((join) => join()));
    const sessions = joining.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    try {
      const refused = joining.find(({ status }) => status === "rejected");
      if (refused !== undefined) throw (refused as PromiseRejectedResult).reason;
      for (let second = 0; second < staySeconds && !this.shift.over; second++) {
        const before = sessions.map(({ received }) => received);
        await pause(1000);
        const silent = sessions.filter(({ received, open }, index) => !open || received === before[index]);
        // The first packets take their time.
        if (silent.length === 0) activity.worked();
        else if (second > 1) throw new Error("somebody hears nothing any more");
      }
    } finally {
      await Promise.race([leave(sessions), pause(leaveSeconds * 1000)]);
    }
  }

  /** Signalling alone: a page, a token, the room. */
  private async visit(secret: string): Promise<void> {
    const visited = await joinRoom({
      siteUrl: this.site.meetUrl,
      room,
      jwt: token(secret, { room }),
      timeoutSeconds: 5,
      ...this.site.trust,
    });
    visited.close();
    if (visited.outcome !== "joined") throw new Error(`${visited.outcome} ${visited.condition ?? ""}`);
    this.rooms.worked();
  }
}
