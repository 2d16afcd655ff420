import { expectedOf } from "../../policy/expected";
import { remoteTopology } from "../helpers/hosts";
import { localTopology } from "../helpers/stacks";

jest.mock("../../components/services/images.lock.json", () => ({
  "caddy:2.11.4": "sha256:caddy",
  "ghcr.io/jitsi/web:stable-11146-2": "sha256:web",
}));

describe("what a topology leads one to expect", () => {
  it("is a digest wherever the lock file has one, at a mirror as well, and none for an image of one's own", () => {
    expect([...expectedOf(localTopology()).digests]).toEqual([
      ["caddy:2.11.4", "sha256:caddy"],
      ["ghcr.io/jitsi/web:stable-11146-2", "sha256:web"],
    ]);
    const images = { mirror: "m.example.org/x", overrides: { "jitsi-web": "m.example.org/own/web:1.2.3" } };
    expect([...expectedOf(localTopology({ images })).digests]).toEqual([
      ["m.example.org/x/library/caddy:2.11.4", "sha256:caddy"],
    ]);
  });

  it("is that databases and the like are nobody's but the services' own", () => {
    const { administration } = expectedOf(localTopology());
    expect(administration.get("postgres")).toEqual([5432]);
    expect(administration.get("caddy")).toEqual([]);
  });

  it("is SSH for everyone where the settings say so in words, and nowhere else", () => {
    const forEveryone = (machine: object): boolean =>
      expectedOf(remoteTopology("digitalocean", { machine })).sshForEveryone;
    expect(forEveryone({ sshFrom: "everyone" })).toBe(true);
    expect(forEveryone({ sshFrom: ["198.51.100.0/24"] })).toBe(false);
    expect(forEveryone({})).toBe(false);
  });
});
