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

  it("is not asked where it isn't this machine's kernel, or nobody can tell", () => {
    expect(kernelNotices(stackTopology("prod"), () => 1)).toEqual([]);
    expect(kernelNotices(localTopology(licensed, ["licence"]), () => undefined)).toEqual([]);
  });
});
