/** What `mmetl transform slack` makes of a small export: version, channels, people, posts; no team. Pure. */
import { zip } from "./zip";

/** 2021-03-04. */
const day = 1_614_816_000_000;
export const attachment = { path: "bulk-export-attachments/F01_plan.txt", content: "the plan\n" };

export function slackArchive(team: string, people: readonly string[] = ["grace", "alan"]): Buffer {
  const lines = [
    { type: "version", version: 1 },
    {
      type: "channel",
      channel: { team, name: "compilers", display_name: "compilers", type: "O", header: "", purpose: "" },
    },
    {
      type: "channel",
      channel: {
        team,
        name: "secret-plans",
        display_name: "secret-plans",
        type: "P",
        header: "",
        purpose: "",
      },
    },
    ...people.map((username) => ({
      type: "user",
      user: {
        username,
        email: `${username}@slack.example`,
        nickname: "",
        first_name: username,
        last_name: "",
        position: "",
        roles: "system_user",
        teams: [{ name: team, roles: "team_user", channels: [{ name: "compilers", roles: "channel_user" }] }],
      },
    })),
    { type: "direct_channel", direct_channel: { header: "", members: people } },
    {
      type: "post",
      post: {
        team,
        channel: "compilers",
        user: people[0],
        message: "nanoseconds",
        props: {},
        create_at: day,
        reactions: [{ user: people[1], emoji_name: "+1", create_at: day + 2000 }],
        replies: [
          { user: people[1], message: "halting", create_at: day + 1000, attachments: [], reactions: [] },
        ],
        attachments: [{ path: attachment.path }],
        type: "",
      },
    },
    {
      type: "direct_post",
      direct_post: {
        channel_members: people,
        user: people[1],
        message: "between us",
        props: {},
        create_at: day + 3000,
        replies: [],
        reactions: [],
        attachments: [],
        type: "",
      },
    },
  ];
  return zip([
    { name: "mattermost_import.jsonl", content: lines.map((line) => `${JSON.stringify(line)}\n`).join("") },
    { name: `data/${attachment.path}`, content: attachment.content },
  ]);
}
