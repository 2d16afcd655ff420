/** How many people are in calls and in meetings: who counts them, and when they are too many. Pure. */
import { jitsiJvb } from "../jitsi.jvb";
import { rtcd } from "../rtcd";
import type { ServiceContext } from "../service";
import type { Alert } from "./alerts";

/** Metrics that count people, by the service that has them. */
const people = {
  calls: [
    { service: rtcd.name, metric: "rtcd_rtc_sessions_total" },
    { service: "mattermost", metric: "mattermost_plugin_calls_rtc_sessions_total" },
  ],
  meetings: [{ service: jitsiJvb.name, metric: "jitsi_jvb_local_endpoints" }],
} as const;

/** How many are in calls, and in meetings, as an expression; absent where nobody counts them. */
export function peopleExpressions(context: Pick<ServiceContext, "running" | "settings">): {
  calls?: string;
  meetings?: string;
} {
  const { running, settings } = context;
  const counts = (service: string): boolean =>
    running.some(
      (other) =>
        other.service.name === service &&
        // The chat server counts calls where it has metrics, and carries calls itself.
        (service !== "mattermost" ||
          (settings.calls === "embedded" &&
            other.service.ports(settings).some(({ name }) => name === "metrics"))),
    );
  return Object.fromEntries(
    Object.entries(people).flatMap(([what, all]) => {
      const found = all.find(({ service }) => counts(service));
      return found === undefined ? [] : [[what, `sum(${found.metric})`]];
    }),
  );
}

/** More people than the stack is sized for. */
export function crowds(context: Pick<ServiceContext, "running" | "settings">): Alert[] {
  const { calls, meetings } = peopleExpressions(context);
  const { inCalls, inMeetings } = context.settings.people;
  const crowd = (
    name: string,
    where: string,
    expr: string | undefined,
    key: string,
    most: number,
  ): Alert[] =>
    expr === undefined
      ? []
      : [
          {
            name,
            expr: `${expr} > ${most}`,
            forMinutes: 10,
            summary: `more people in ${where} than the stack is sized for (${most})`,
            action: `Raise muster:people.${key}; npm run plan -- STACK says which machine that takes.`,
          },
        ];
  return [
    ...crowd("CallsCrowded", "calls", calls, "inCalls", inCalls),
    ...crowd("MeetingsCrowded", "meetings", meetings, "inMeetings", inMeetings),
  ];
}
