import { expectedOf } from "../../policy/expected";
import { violations } from "../../policy/rules";
import { mainHost, mediaHost } from "../../stacks/topology/hosts";
import { leakedSecrets } from "../helpers/golden";
import { find, type RecordedResource } from "../helpers/graph";
import { hosts, recordEnvironment, type RemoteProvider, remoteTopology } from "../helpers/hosts";
import type { Recording } from "../helpers/recorder";

jest.setTimeout(180_000);

const providers = Object.keys(hosts) as RemoteProvider[];
/** A second machine, as the settings of each kind of host name it. */
const media = {
  existing: { ...hosts.existing.host, dataDisk: undefined, address: "203.0.113.11", provider: undefined },
  digitalocean: { size: "c-4" },
  aws: { size: "c7i.xlarge" },
} as const;
const given = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));

describe.each(providers)("a stack on two hosts of kind %s", (provider) => {
  const topology = remoteTopology(provider, {
    host: { ...hosts[provider].host, media: given(media[provider]) },
    people: { accounts: 20, active: 20, inCalls: 4, inMeetings: 4 },
    machine: { sshFrom: ["198.51.100.0/24"], vpn: { peers: { anna: {} } } },
  });
  let recording: Recording<void>;
  let graph: RecordedResource[];
  beforeAll(async () => {
    recording = await recordEnvironment(topology);
    graph = recording.resources;
  });

  it("breaks no rule, and shows no secret in the clear", () => {
    expect(topology.hosts.map(({ name }) => name)).toEqual([mainHost, mediaHost]);
    expect(violations({ resources: graph, expected: expectedOf(topology) })).toEqual([]);
    expect(leakedSecrets(graph)).toEqual([]);
  });

  it("makes each container by the provider of its service's host", () => {
    const providerOf = (host: string): string => find(graph, host, "pulumi:providers:docker").urn;
    for (const { name, host } of topology.services) {
      const container = find(graph, name, "docker:index/container:Container");
      expect({ name, provider: container.provider?.urn }).toEqual({ name, provider: providerOf(host) });
    }
  });
});
