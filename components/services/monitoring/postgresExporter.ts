import { sayReady } from "../job";
import { database } from "../postgres";
import type { ImageName } from "../images";
import type { Job, Service } from "../service";
import { secret, text } from "../text";
import { answers, exporterNeeds, isMonitored, nobody } from "./exporter";

const port = 9187;

/** Its own role: it may read what the server says of itself, and no table. */
const role = "monitoring";
const password = "monitoring-password";

/** Makes the role, as often as anyone likes: also in the new server after an upgrade to another major. */
const roleJob: Job = {
  name: "role",
  image: ({ postgres: { major } }) => `postgres-${major}` as ImageName,
  volumes: [],
  shell: false,
  memoryMiB: 64,
  timeoutSeconds: 120,
  connects: true,
  sandbox: { temporary: { value: { "/tmp": 1 }, reason: "says when it is done" } },
  container: ({ hostName }) => ({
    environment: { PGHOST: hostName("postgres"), PGPASSFILE: "/muster/pgpass" },
    files: [
      {
        name: "pgpass",
        content: text`*:*:${database.name}:${database.user}:${secret("database-password")}\n`,
      },
      { name: "password", content: text`${secret(password)}` },
      { name: "role.sql", content: text`${roleSql}` },
      {
        name: "role.sh",
        content: text`set -eu
psql -X -q -v ON_ERROR_STOP=1 -U ${database.user} -d ${database.name} -f /muster/role.sql
${sayReady}
`,
      },
    ],
    entrypoint: ["sh"],
    command: ["/muster/role.sh"],
  }),
};

/** The password comes from its file: it is on no command line. */
const roleSql = `\\set password \`cat /muster/password\`
SELECT 'CREATE ROLE ${role}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') \\gexec
ALTER ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 5 PASSWORD :'password';
GRANT pg_monitor TO ${role};
`;

/** postgres_exporter: what the database says of itself. */
export const postgresExporter: Service = {
  name: "postgres-exporter",
  title: "PostgreSQL exporter",
  image: () => "postgres-exporter",
  user: nobody,
  when: isMonitored,
  role: "app",
  needs: exporterNeeds,
  ports: () => [
    {
      name: "metrics",
      number: port,
      protocol: "tcp",
      exposure: "internal",
      consumers: [],
      metrics: ["/metrics"],
      why: "the database's connections, size and work",
    },
  ],
  volumes: () => [],
  generates: { [password]: 32 },
  container: ({ address }) => ({
    environment: {
      DATA_SOURCE_URI: text`${address("postgres", "sql")}/${database.name}?sslmode=disable&connect_timeout=5`,
      DATA_SOURCE_USER: role,
      DATA_SOURCE_PASS_FILE: "/muster/password",
    },
    files: [{ name: "password", content: text`${secret(password)}` }],
    entrypoint: ["/bin/postgres_exporter"],
    command: [`--web.listen-address=:${port}`],
  }),
  shell: true,
  sandbox: {},
  health: answers(port, "/"),
  startsAfter: ["postgres"],
  stopGraceSeconds: 5,
  jobs: [roleJob],
};
