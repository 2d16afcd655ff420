import { caddyfile } from "../../components/services/caddyfile";
import { allPins } from "../../components/services/images";
import { fill, secretsIn, type Text } from "../../components/services/text";
import type { ServicePlan, Topology } from "../../stacks/topology";
import { localTopology } from "../helpers/stacks";

const parts = ["jitsi-web", "jitsi-prosody", "jitsi-jicofo", "jitsi-jvb"];
const withMeetings = (change: Record<string, unknown> = {}): Topology =>
  localTopology({ domain: "example.org", meetings: "jitsi", ...change });
const planOf = (topology: Topology, name: string): ServicePlan => {
  const found = topology.services.find((plan) => plan.name === name);
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
};
const environmentOf = (topology: Topology, name: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(planOf(topology, name).spec.environment).map(([key, value]) => [
      key,
      typeof value === "string" ? value : fill(value, () => "203.0.113.10"),
    ]),
  );
const secretsOf = (topology: Topology, name: string): string => {
  const file: { content: Text } | undefined = planOf(topology, name).spec.files?.find(
    (candidate) => candidate.name === "secrets.env",
  );
  return file === undefined ? "" : fill(file.content, (late) => ("secret" in late ? `<${late.secret}>` : ""));
};

describe("Jitsi", () => {
  it("has one tag for its four images", () => {
    const tags = allPins().flatMap(({ name, tag }) => (name.startsWith("jitsi-") ? [tag] : []));
    expect(tags).toHaveLength(4);
    expect(new Set(tags).size).toBe(1);
  });

  it.each(parts)("runs %s without root, on a read-only root with its own folders in memory", (name) => {
    const { service, spec } = planOf(withMeetings(), name);
    expect(service.user).toEqual({ uid: 1000, gid: 1000 });
    expect(service.sandbox.writableRoot).toBeUndefined();
    expect(service.sandbox.capabilities).toBeUndefined();
    expect(service.sandbox.temporary?.value).toMatchObject({
      "/run": { sizeMiB: 16, executable: true },
      "/tmp": 16,
      "/config": 1,
    });
    // No secret in a variable: they come from the file that the entrypoint reads.
    const reads = spec.entrypoint?.at(-1)?.includes(". /muster/secrets.env") ?? false;
    expect(reads).toBe(secretsOf(withMeetings(), name) !== "");
    for (const value of Object.values(spec.environment))
      expect(typeof value === "string" ? [] : secretsIn(value)).toEqual([]);
  });

  it("has heaps from the memory that the plan gives, and more for more people", () => {
    const heaps = (people: Record<string, number>): number[] => {
      const topology = withMeetings({ people, edition: "enterprise" });
      return [
        ["jitsi-jvb", "VIDEOBRIDGE_MAX_MEMORY", 256],
        ["jitsi-jicofo", "JICOFO_MAX_MEMORY", 192],
      ].map(([name, key, beside]) => {
        const heap = environmentOf(topology, String(name))[String(key)] ?? "";
        expect(heap).toMatch(/^\d+m$/);
        const { memoryMiB } = planOf(topology, String(name)).needs;
        expect(memoryMiB - Number.parseInt(heap)).toBe(beside);
        return Number.parseInt(heap);
      });
    };
    const [few, many] = [heaps({ inMeetings: 10 }), heaps({ accounts: 500, active: 500, inMeetings: 200 })];
    few.forEach((heap, index) => {
      expect(heap).toBeGreaterThanOrEqual(192);
      expect(many[index]).toBeGreaterThan(heap);
      expect(many[index]).toBeLessThan(4096);
    });
  });

  it("tells its parts the same passwords", () => {
    const topology = withMeetings();
    expect(secretsOf(topology, "jitsi-prosody")).toBe(
      "JICOFO_AUTH_PASSWORD='<jicofo-password>'\nJVB_AUTH_PASSWORD='<jvb-password>'\nJWT_APP_SECRET='<jitsi-app-secret>'\nTURN_CREDENTIALS='<turn-secret>'\n",
    );
    expect(secretsOf(topology, "jitsi-jicofo")).toBe("JICOFO_AUTH_PASSWORD='<jicofo-password>'\n");
    expect(secretsOf(topology, "jitsi-jvb")).toBe("JVB_AUTH_PASSWORD='<jvb-password>'\n");
    expect(secretsOf(topology, "jitsi-web")).toBe("");
  });

  it("is found at its own address, and shown in a frame by chat alone", () => {
    const topology = withMeetings({ web: { httpsPort: 8443 } });
    expect(environmentOf(topology, "jitsi-web")["PUBLIC_URL"]).toBe("https://meet.example.org:8443");
    expect(environmentOf(topology, "jitsi-prosody")["PUBLIC_URL"]).toBe("https://meet.example.org:8443");
    const file = fill(caddyfile(topology.settings, topology.routes), () => "");
    const policies = [...file.matchAll(/^\t\t(Content-Security-Policy .*)$/gm)].map(([, line]) => line);
    expect(policies).toEqual([
      `Content-Security-Policy "frame-ancestors 'self' https://chat.example.org:8443"`,
    ]);
    const site = file.slice(file.indexOf("https://meet.example.org {"));
    expect(site).toContain("frame-ancestors");
    expect(site).toContain("reverse_proxy jitsi-web:8000");
  });
});

describe("who meets", () => {
  const access = (meetingAccess: string) => {
    const topology = withMeetings({ meetingAccess });
    return {
      prosody: environmentOf(topology, "jitsi-prosody"),
      web: environmentOf(topology, "jitsi-web"),
      jicofo: environmentOf(topology, "jitsi-jicofo"),
    };
  };

  it.each(["members", "guests"])(
    "%s: a token of chat's own plugin is asked for, and never an empty one",
    (who) => {
      const { prosody, jicofo } = access(who);
      expect(prosody).toMatchObject({
        ENABLE_AUTH: "1",
        AUTH_TYPE: "jwt",
        JWT_APP_ID: "muster",
        JWT_ACCEPTED_ISSUERS: "muster",
        JWT_ACCEPTED_AUDIENCES: "muster",
        JWT_ALLOW_EMPTY: "0",
        JWT_ENABLE_DOMAIN_VERIFICATION: "false",
        ENABLE_LOBBY: "1",
      });
      expect(jicofo).toMatchObject({ ENABLE_AUTH: "1", AUTH_TYPE: "jwt" });
    },
  );

  it("are members alone, or guests too, in all parts alike", () => {
    expect(access("members").prosody["ENABLE_GUESTS"]).toBe("0");
    expect(access("members").web["ENABLE_GUESTS"]).toBe("0");
    expect(access("guests").prosody["ENABLE_GUESTS"]).toBe("1");
    expect(access("guests").web["ENABLE_GUESTS"]).toBe("1");
  });

  it("wait in the lobby where they are guests, in every room and without anybody's doing", () => {
    expect(access("guests").prosody).toMatchObject({
      XMPP_MODULES: "persistent_lobby",
      XMPP_MUC_MODULES: "lobby_autostart,muster_members_skip_lobby",
    });
    expect(access("members").prosody).not.toHaveProperty("XMPP_MUC_MODULES");
    const { spec } = planOf(withMeetings(), "jitsi-prosody");
    expect(spec.files?.map(({ name }) => name)).toContain("mod_muster_members_skip_lobby.lua");
    expect(spec.entrypoint?.at(-1)).toContain(
      "cp /muster/mod_muster_members_skip_lobby.lua /prosody-plugins-custom/; exec /init",
    );
  });

  it("are at most as many as the stack is sized for", () => {
    const topology = withMeetings({ people: { inMeetings: 7 } });
    expect(environmentOf(topology, "jitsi-prosody")["MAX_PARTICIPANTS"]).toBe("7");
  });
});
