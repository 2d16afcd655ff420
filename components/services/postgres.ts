import type { ImageName } from "./images";
import type { Service } from "./service";
import { secret, text } from "./text";
import { mibPerGiB, model } from "./model";

const size = model.postgres;

/** The role and the database that Mattermost owns. */
export const database = { user: "mattermost", name: "mattermost" } as const;

/**
 * Where the image keeps its data: 18 moved it. The wrong path would put the data into an anonymous volume.
 * Source: docker-library/docs, postgres.
 */
export const dataPath = (major: number): string =>
  major >= 18 ? "/var/lib/postgresql" : "/var/lib/postgresql/data";

/** Where the server's files lie within that: up to 17, a folder of their own, since it asks for an empty one. */
export const clusterPath = (major: number): string =>
  major >= 18 ? `${dataPath(major)}/${major}/docker` : `${dataPath(major)}/pgdata`;

/** PostgreSQL: Mattermost's database. */
export const postgres: Service = {
  name: "postgres",
  title: "PostgreSQL",
  image: ({ postgres: { major } }) => `postgres-${major}` as ImageName,
  user: { uid: 70, gid: 70 },
  when: () => true,
  role: "app",
  needs: ({ accounts, active, historyMonths }) => ({
    memoryMiB: size.memoryBase + size.memoryPerActive * active + size.memoryPerAccount * accounts,
    cpus: size.cpusBase + size.cpusPerActive * active,
    diskGiB: size.diskBase + (size.diskPerAccount * accounts * historyMonths) / mibPerGiB,
  }),
  ports: () => [
    {
      name: "sql",
      number: 5432,
      protocol: "tcp",
      exposure: "internal",
      consumers: ["mattermost", "backup", "postgres-exporter"],
      why: "Mattermost's database connections",
    },
  ],
  // Named after the major version: another major can't pick up this one's files by mistake.
  volumes: ({ postgres: { major } }) => [
    {
      name: `data-${major}`,
      path: dataPath(major),
      backup: "dump",
      why: "messages, accounts, channels",
    },
  ],
  generates: { "database-password": 32 },
  container: ({ needs, settings }) => ({
    environment: {
      PGDATA: clusterPath(settings.postgres.major),
      POSTGRES_USER: database.user,
      POSTGRES_DB: database.name,
      POSTGRES_PASSWORD_FILE: "/muster/password",
      POSTGRES_INITDB_ARGS: "--data-checksums",
    },
    files: [{ name: "password", content: text`${secret("database-password")}` }],
    command: ["postgres", ...tuning(needs.memoryMiB)],
  }),
  sandbox: {
    temporary: {
      value: { "/tmp": 64, "/var/run/postgresql": 1 },
      reason: "sockets and temporary files of the server",
    },
    sharedMemoryMiB: { value: 128, reason: "parallel queries exchange rows through shared memory" },
  },
  health: {
    // Over TCP: while the first start fills the folder, the server answers on its socket only.
    command: ["pg_isready", "-h", "127.0.0.1", "-U", database.user, "-d", database.name],
    intervalSeconds: 2,
    timeoutSeconds: 5,
    retries: 5,
    startSeconds: 90,
  },
  startsAfter: [],
  stopGraceSeconds: 90,
  jobs: [],
};

/** A fifth of the memory for shared buffers, as Mattermost advises for small servers; fast random reads (SSD). */
function tuning(memoryMiB: number): string[] {
  const settings = {
    shared_buffers: `${Math.max(32, Math.floor(memoryMiB / 5))}MB`,
    effective_cache_size: `${Math.floor(memoryMiB / 2)}MB`,
    work_mem: "8MB",
    random_page_cost: "1.1",
    max_connections: "120",
  };
  return Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
}
