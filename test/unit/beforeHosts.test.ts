import { hostChecks } from "../../cli/doctorBefore.hosts";
import type { Outlook } from "../../cli/doctorOutlook";
import { connect } from "../../components/host/engine";
import { EngineMissing, runOnHost } from "../../components/host/tunnel";
import { type Result, runChecks } from "../../doctor/check";
import { clientKey, remoteTopology } from "../helpers/hosts";

jest.mock("../../components/host/engine", () => ({
  ...jest.requireActual<object>("../../components/host/engine"),
  connect: jest.fn(),
}));
jest.mock("../../components/host/tunnel", () => ({
  ...jest.requireActual<object>("../../components/host/tunnel"),
  runOnHost: jest.fn(),
}));

const nobody = (): Promise<never> => Promise.reject(new Error("nobody asks"));
const outlook: Outlook = {
  topology: remoteTopology("existing"),
  backend: nobody,
  state: () => Promise.resolve(undefined),
  secret: nobody,
  key: () => Promise.resolve({ folder: "keys", file: "keys/key", publicLine: clientKey }),
};

/** What is found on a server whose engine doesn't answer the user `keeper`. */
async function found(version: { code: number; stdout: string }): Promise<Map<string, Result>> {
  jest.mocked(connect).mockImplementation((access) => {
    if (typeof access === "string") throw new Error("not this machine's");
    return Promise.reject(new EngineMissing(access));
  });
  jest
    .mocked(runOnHost)
    .mockImplementation((_, command) =>
      Promise.resolve(
        command === "sudo -n docker version --format '{{.Server.Version}}'"
          ? { ...version, stderr: "" }
          : { code: 0, stdout: "", stderr: "" },
      ),
    );
  return new Map((await runChecks(hostChecks(outlook))).map((result) => [result.id, result]));
}

describe("an engine that doesn't answer the user of a server", () => {
  const none = { code: 127, stdout: "" };

  it("isn't there where it doesn't answer root either", async () => {
    const results = await found(none);
    expect(results.get("engine.main")).toMatchObject({ outcome: "ok", saw: "none yet: the up installs it" });
    for (const id of ["images.main", "names.main"])
      expect(results.get(id)).toMatchObject({
        outcome: "ok",
        saw: expect.stringContaining("no Docker Engine"),
      });
  });

  it("is judged by its version where it answers root, and nobody can tell what it holds", async () => {
    const results = await found({ code: 0, stdout: "27.5.1\n" });
    expect(results.get("engine.main")).toMatchObject({ outcome: "ok", saw: "27.5.1" });
    for (const id of ["images.main", "names.main"])
      expect(results.get(id)).toMatchObject({
        outcome: "unchecked",
        saw: "the Docker Engine answers root alone",
        fix: expect.stringContaining("sudo docker ps --all"),
      });
    const old = await found({ code: 0, stdout: "19.3.2\n" });
    expect(old.get("engine.main")).toMatchObject({
      outcome: "error",
      saw: expect.stringContaining("this is 19.3.2"),
    });
  });
});
