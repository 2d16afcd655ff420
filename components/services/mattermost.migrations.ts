/** By which migrations of its database a Mattermost is known: since 6.4 it writes no version down there. */

/** The last migration of a line on which an upgrade stops. */
export interface SchemaMark {
  line: string;
  migration: number;
}

/**
 * Oldest first: mattermost/mattermost, server/channels/db/migrations/migrations.list, and by versions
 * mattermost/docs, important-upgrade-notes.rst. 10.10 and 11.0 can't be told from 10.11, and needn't be.
 */
export const schemaMarks: readonly SchemaMark[] = [
  { line: "9.11", migration: 0 },
  { line: "10.5", migration: 129 },
  { line: "10.11", migration: 141 },
  { line: "11.7", migration: 167 },
];

/**
 * Up to here, migrations are known by number alone: a database that came from MySQL has other names for some. Later
 * ones are known by name: 10.11.17 has given numbers of its own to some of 11.7's.
 */
export const lastNumbered = 128;
