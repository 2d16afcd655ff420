import { openTcpPorts } from "../network";
import { suites } from "../suites";
import type { MediaStack } from "./stack";

/** What is open is the topology's, and nothing else. */
export function reach(get: () => MediaStack, openBefore: () => readonly number[]): void {
  describe("what is open", () => {
    it("is published by Docker as the topology says, and the relay's own is on the host's network", async () => {
      const { stack } = get();
      const { openings, services } = stack.topology();
      const onHost = new Set(
        services.filter(({ service }) => service.sandbox.hostNetwork !== undefined).map(({ name }) => name),
      );
      const planned = openings
        .filter(({ service }) => !onHost.has(service))
        .map(({ service, published, protocol }) => `${service} ${published}/${protocol}`);
      const published = [...(await stack.containers())].flatMap(([name, { Ports }]) =>
        Ports.filter(({ PublicPort }) => PublicPort !== undefined).map(
          ({ PublicPort, Type }) => `${name} ${PublicPort}/${Type}`,
        ),
      );
      expect([...new Set(published)].sort()).toEqual(planned.sort());
      for (const name of onHost) {
        const { HostConfig } = await stack.docker.getContainer(get().container(name)).inspect();
        expect(HostConfig.NetworkMode).toBe("host");
      }
    });

    it("over TCP is open to another machine, and no other port is", () => {
      const media = get();
      if (!media.there) return;
      const planned = media.stack
        .topology()
        .openings.filter(({ protocol }) => protocol === "tcp")
        .map(({ published }) => published);
      const opened = openTcpPorts(suites.media).filter((port) => !openBefore().includes(port));
      expect(opened).toEqual(planned.sort((a, b) => a - b));
    });
  });
}
