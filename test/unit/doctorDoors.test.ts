import { type AddressInfo, createServer, type Server } from "node:net";
import { checksOf } from "../../doctor";
import { type Result, runChecks } from "../../doctor/check";
import type { Topology } from "../../stacks/topology";
import { remoteTopology } from "../helpers/hosts";
import { stackTopology } from "../helpers/stacks";

/** What comes of the doors of a stack on this machine: of those that answer without anybody behind them. */
const doors = async (topology: Topology): Promise<Result[]> => {
  const nobody = (): Promise<never> => Promise.reject(new Error("nobody asks"));
  const all = checksOf({
    topology,
    engines: new Map(),
    unreachable: new Map(),
    trust: {},
    addressOf: () => "127.0.0.1",
    ...{ secret: nobody, session: nobody, leave: () => Promise.resolve() },
  });
  const asked = /^door\.main\.\d+-tcp$|^doors\.main\.closed$/;
  return runChecks(all.filter(({ id }) => asked.test(id)));
};

describe("doors that are looked at from behind them", () => {
  const listener = createServer();
  const gone = createServer();
  let media: Record<string, number>;
  beforeAll(async () => {
    for (const server of [listener, gone])
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const portOf = (server: Server): number => (server.address() as AddressInfo).port;
    media = { embeddedPort: portOf(listener), turnPort: portOf(gone) };
    await new Promise((closed) => gone.close(closed));
  });
  afterAll(() => listener.close());

  it("say nothing of a server's firewall, unless nobody listens at all", async () => {
    const results = await doors(remoteTopology("existing", { media, turn: "on" }));
    const outcomeOf = (id: string): unknown => results.find((result) => result.id === id)?.outcome;
    expect(outcomeOf(`door.main.${media["embeddedPort"]}-tcp`)).toBe("unchecked");
    expect(outcomeOf(`door.main.${media["turnPort"]}-tcp`)).toBe("error");
    expect(results.at(-1)).toMatchObject({
      id: "doors.main.closed",
      outcome: "unchecked",
      saw: expect.stringContaining("from the machine itself"),
      fix: expect.stringContaining("another machine"),
    });
  });

  it("are judged on this machine's own engine, where its people are", async () => {
    const results = await doors(stackTopology("local", { media }));
    expect(results.map(({ id, outcome }) => [id, outcome])).toEqual([
      [`door.main.${media["embeddedPort"]}-tcp`, "ok"],
    ]);
  });
});
