import type { DatabaseFacts } from "./service";

/** What Mattermost's tables say: by its public schema (server/channels/db/migrations/postgres). */
export const mattermostDatabase: DatabaseFacts = {
  table: "users",
  // The first run makes one person; bots and the server's own messages come by themselves.
  pristine: `SELECT (SELECT count(*) FROM users WHERE id NOT IN (SELECT userid FROM bots)) <= 1
    AND NOT EXISTS (SELECT 1 FROM posts WHERE type = '')`,
  newest: `SELECT coalesce(to_char(to_timestamp(max(updateat) / 1000), 'YYYY-MM-DD HH24:MI:SS') || ' UTC', 'before the first post') FROM posts`,
  counts: {
    users: "SELECT count(*) FROM users",
    channels: "SELECT count(*) FROM channels",
    posts: "SELECT count(*) FROM posts",
  },
  versions: [
    {
      table: "db_migrations",
      query: "SELECT 'migration' || chr(9) || version || chr(9) || name FROM db_migrations ORDER BY version",
    },
    // Before 6.4, the server wrote its version down instead; since then that row stays as it was.
    { table: "systems", query: "SELECT 'version' || chr(9) || value FROM systems WHERE name = 'Version'" },
  ],
  links: {
    volume: "data",
    // A bulk import that was uploaded is removed once it is done, and leaves its row.
    query: "SELECT path FROM fileinfo WHERE deleteat = 0 AND path <> '' AND path NOT LIKE 'import/%'",
  },
  // Sessions carry the devices that are notified, and would go on being valid in the copy.
  elsewhere: ["DELETE FROM sessions"],
};
