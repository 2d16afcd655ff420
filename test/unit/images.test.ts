import {
  allPins,
  imageNames,
  imageReference,
  isRolling,
  newestPostgres,
  oldestPostgres,
  postgresMajors,
} from "../../components/services/images";
import { dataPath, postgres } from "../../components/services/postgres";
import { localTopology } from "../helpers/stacks";

// Whatever Caddy's version: a bump of a pin must not touch this test.
jest.mock(
  "../../components/services/images.lock.json",
  () =>
    new Proxy(
      {},
      { get: (_, key) => (String(key).startsWith("caddy:") ? `sha256:${"ab".repeat(32)}` : undefined) },
    ),
);
const digest = `sha256:${"ab".repeat(32)}`;
const tagOf = (image: string): string => allPins().find(({ name }) => name === image)?.tag ?? "";

describe("images", () => {
  it("are pinned to exact tags, each once", () => {
    for (const { name, tag, key } of allPins()) {
      expect([key, isRolling(key, name)]).toEqual([key, false]);
      expect(key.endsWith(`:${tag}`)).toBe(true);
    }
    expect(new Set(allPins().map(({ key }) => key)).size).toBe(imageNames.length);
  });

  it("get their digest from the lock file where it has one", () => {
    expect(imageReference("caddy", { overrides: {} })).toBe(`caddy:${tagOf("caddy")}@${digest}`);
    expect(imageReference("busybox", { overrides: {} })).toMatch(/^busybox:[^@]+$/);
  });

  it("come from a mirror with repository, tag and digest as they were", () => {
    const settings = { mirror: "mirror.example.org:5000/hub", overrides: {} };
    expect(imageReference("caddy", settings)).toBe(
      `mirror.example.org:5000/hub/library/caddy:${tagOf("caddy")}@${digest}`,
    );
    expect(imageReference("mattermost-team", settings)).toMatch(
      /^mirror\.example\.org:5000\/hub\/mattermost\/mattermost-team-edition:\d/,
    );
  });

  it("are overridden whole: neither mirror nor digest is added", () => {
    const settings = { mirror: "mirror.example.org", overrides: { caddy: "own/caddy:1.2.3" } };
    expect(imageReference("caddy", settings)).toBe("own/caddy:1.2.3");
    expect(imageReference("postgres-18", settings)).toMatch(/^mirror\.example\.org\/library\/postgres:/);
  });

  it("without any tag may be anything", () => {
    expect(isRolling("caddy", "caddy")).toBe(true);
    expect(isRolling("registry.example.org:5000/caddy", "caddy")).toBe(true);
  });

  it("of PostgreSQL is whole with two numbers, whether by its pin's name or by its repository's", () => {
    for (const name of ["postgres-18", "postgres"]) {
      expect([name, isRolling("postgres:18.6-alpine", name)]).toEqual([name, false]);
      expect([name, isRolling("postgres:18-alpine", name)]).toEqual([name, true]);
    }
    expect(isRolling("caddy:2.11-alpine", "caddy")).toBe(true);
  });

  it("with a channel's name alone may be another tomorrow, with a release's number behind it not", () => {
    expect(isRolling("ghcr.io/jitsi/web:stable", "jitsi-web")).toBe(true);
    expect(isRolling("ghcr.io/jitsi/web:stable-11146-2", "jitsi-web")).toBe(false);
  });
});

describe("PostgreSQL's data", () => {
  it("lies where the image of its major version keeps it", () => {
    expect(dataPath(17)).toBe("/var/lib/postgresql/data");
    expect(dataPath(18)).toBe("/var/lib/postgresql");
  });

  it("is in a volume named after its major version, so that another one can't pick it up", () => {
    expect([oldestPostgres, newestPostgres]).toEqual([17, 18]);
    for (const major of postgresMajors) {
      const { settings, services } = localTopology({ postgres: { major } });
      const { image } = services.find(({ name }) => name === "postgres") ?? {};
      expect(image?.name).toBe(`postgres-${major}`);
      expect(image?.reference).toMatch(new RegExp(`^postgres:${major}\\.\\d+-alpine`));
      expect(postgres.volumes(settings)).toMatchObject([{ name: `data-${major}`, path: dataPath(major) }]);
    }
  });
});
