import { kernelNotices } from "../../cli/preflight.network";
import { localTopology, stackTopology } from "../helpers/stacks";

const licensed = { calls: "rtcd", edition: "enterprise" };

describe("what media want of the kernel", () => {
  it("is said with the command, only where the kernel has less", () => {
    const topology = localTopology(licensed, ["licence"]);
    const { sysctls } = topology.hosts[0] ?? {};
    expect(sysctls).toMatchObject({ "net.core.rmem_max": 16_777_216 });
    expect(kernelNotices(topology, () => 16_777_215)).toEqual([
      "net.core.rmem_max is 16777215; for many people in calls: sudo sysctl -w net.core.rmem_max=16777216",
      "net.core.wmem_max is 16777215; for many people in calls: sudo sysctl -w net.core.wmem_max=16777216",
    ]);
    expect(kernelNotices(topology, () => 16_777_216)).toEqual([]);
  });

  it("is the larger of what two services want", () => {
    const both = localTopology({ ...licensed, meetings: "jitsi" }, ["licence"]);
    expect(both.hosts[0]?.sysctls["net.core.rmem_max"]).toBe(16_777_216);
    const one = localTopology({ meetings: "jitsi" });
    expect(one.hosts[0]?.sysctls["net.core.rmem_max"]).toBe(10_485_760);
  });

  it("is asked for calls inside the chat server too, and for no chat alone", () => {
    expect(localTopology({ calls: "embedded" }).hosts[0]?.sysctls).toMatchObject({
      "net.core.rmem_max": 16_777_216,
    });
    expect(localTopology().hosts[0]?.sysctls).toEqual({});
  });

  it("lets the relay listen on a port that else needs rights: less is more there", () => {
    const topology = localTopology({
      ...{ domain: "example.org", calls: "embedded", turn: "tls", media: { turnTlsPort: 443 } },
      edge: { provider: "none", dns: { provider: "httpreq" } },
    });
    const name = "net.ipv4.ip_unprivileged_port_start";
    expect(topology.hosts[0]?.sysctls[name]).toBe(443);
    const notices = (current: number): string[] =>
      kernelNotices(topology, (read) => (read === name ? current : undefined));
    expect(notices(1024)).toEqual([`${name} is 1024; for the relay on port 443: sudo sysctl -w ${name}=443`]);
    expect([notices(443), notices(0)]).toEqual([[], []]);
    expect(localTopology({ calls: "embedded" }).hosts[0]?.sysctls).not.toHaveProperty([name]);
    expect(
      localTopology({ calls: "embedded", media: { turnPort: 80, turnTlsPort: 443 } }).hosts[0]?.sysctls[name],
    ).toBe(80);
  });

  it("is not asked where it isn't this machine's kernel, or nobody can tell", () => {
    expect(kernelNotices(stackTopology("prod"), () => 1)).toEqual([]);
    expect(kernelNotices(localTopology(licensed, ["licence"]), () => undefined)).toEqual([]);
  });
});
