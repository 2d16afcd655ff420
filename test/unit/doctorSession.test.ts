import type Docker from "dockerode";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type PassThrough, Readable } from "node:stream";
import { passwordProblem, sessions } from "../../cli/doctorSession";
import { selfSigned } from "../helpers/selfSigned";
import { stackTopology } from "../helpers/stacks";

const account = { changed: 0, failedattempts: 0, mfaactive: false, authservice: "", deleteat: 0 };

describe("the first administrator's password", () => {
  it.each([
    ["as it was made", account, undefined],
    ["of an account whose columns are empty", { ...account, mfaactive: null, authservice: null }, undefined],
    ["changed", { ...account, changed: 9000 }, /password of their own/],
    ["tried by somebody", { ...account, failedattempts: 1 }, /wrong password for admin/],
    ["with a second factor", { ...account, mfaactive: true }, /second factor/],
    ["of a directory", { ...account, authservice: "ldap" }, /by ldap/],
    ["deactivated", { ...account, deleteat: 5 }, /deactivated/],
    ["of unknown age", { ...account, changed: null }, /nobody knows/],
    ["of unknown tries", { ...account, failedattempts: null }, /nobody knows/],
  ])("%s", (_, found, expected) => {
    const problem = passwordProblem(`${JSON.stringify(found)}\n`, "admin");
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatch(expected);
  });
  it("of nobody, or of an answer that is none", () => {
    expect(passwordProblem("\n", "admin")).toMatch(/no account admin/);
    expect(passwordProblem("no JSON", "admin")).toMatch(/nobody knows/);
  });
});

/** An engine whose every container says the same; what it was asked stands in `asked`. */
function engineSaying(text: string, code = 0): { docker: Docker; asked: string[] } {
  const asked: string[] = [];
  const docker = {
    modem: { demuxStream: (from: Readable, to: PassThrough) => from.pipe(to) },
    getContainer: (name: string) => ({
      exec: ({ Cmd }: { Cmd: string[] }) => {
        asked.push(`${name} ${Cmd.join(" ")}`);
        return Promise.resolve({
          start: () => Promise.resolve(Readable.from([Buffer.from(text)])),
          inspect: () => Promise.resolve({ ExitCode: code }),
        });
      },
    }),
  };
  return { docker: docker as unknown as Docker, asked };
}

describe("the doctor's session", () => {
  const { certificate, key } = selfSigned(["chat.localhost"]);
  /** What was asked of chat, and of the engine, for a session. */
  const sessionWith = async (text: string, code = 0) => {
    const questions: string[] = [];
    const chat = createServer({ cert: certificate, key }, ({ method = "", url = "" }, response) => {
      const question = `${method} ${url.replace(/\d{13}/, "THEN")}`;
      questions.push(question);
      response.setHeader("token", "t").end(JSON.stringify(answers[question] ?? { id: "someone" }));
    });
    await new Promise<void>((listening) => chat.listen(0, "127.0.0.1", listening));
    const { docker, asked } = engineSaying(text, code);
    const { port: httpsPort } = chat.address() as AddressInfo;
    const { session, leave } = sessions({
      topology: stackTopology("local", { web: { httpPort: 80, httpsPort } }),
      engines: new Map([["main", docker]]),
      unreachable: new Map(),
      trust: { ca: certificate, address: "127.0.0.1" },
      secret: () => Promise.resolve("generated"),
    });
    try {
      const made = await session();
      await leave();
      return { made, questions, asked };
    } finally {
      chat.closeAllConnections();
      chat.close();
    }
  };

  const posts = "GET /api/v4/channels/own/posts?since=THEN";
  const post = (id: string, change: object = {}) => ({
    [id]: { id, type: "custom_calls", create_at: Date.now(), delete_at: 0, ...change },
  });
  const answers: Readonly<Record<string, unknown>> = {
    "POST /api/v4/channels/direct": { id: "own" },
    [posts]: {
      posts: {
        ...post("failed"),
        ...post("removed", { delete_at: 5 }),
        ...post("words", { type: "" }),
        ...post("old", { create_at: Date.now() - 3_600_000 }),
        ...post("made"),
      },
    },
  };
  /** What removes the posts of the calls, and only those. */
  const cleaned = [
    "POST /api/v4/channels/direct",
    posts,
    "DELETE /api/v4/posts/failed",
    "DELETE /api/v4/posts/made",
  ];

  it("of somebody who gave a token loses its calls' posts too, and stays", async () => {
    process.env["MUSTER_DOCTOR_TOKEN"] = "given";
    try {
      const { made, questions, asked } = await sessionWith(JSON.stringify(account));
      expect(made).toEqual({ token: "given", userId: "someone" });
      expect(questions).toEqual(["GET /api/v4/users/me", ...cleaned]);
      expect(asked).toEqual([]);
    } finally {
      delete process.env["MUSTER_DOCTOR_TOKEN"];
    }
  });

  it("is the first administrator's, as long as the database says that the password is the first", async () => {
    const { made, questions, asked } = await sessionWith(JSON.stringify(account));
    expect(made).toEqual({ token: "t", userId: "someone" });
    expect(questions).toEqual([
      "POST /api/v4/users/login",
      "GET /api/v4/users/me",
      ...cleaned,
      "POST /api/v4/users/logout",
    ]);
    expect(asked).toEqual([
      expect.stringMatching(/^muster-local-postgres psql .*lastpasswordupdate.*username = 'admin'/),
    ]);
  });

  it.each([
    ["was changed", JSON.stringify({ ...account, changed: 60_000 }), 0, /of their own/],
    ["can't be asked for", "psql: the database system is starting up\n", 2, /nobody knows.*starting up/],
  ])(
    "isn't made with a password that %s: one more wrong try locks the account",
    async (_, text, code, saw) => {
      const { made, questions } = await sessionWith(text, code);
      expect(made).toMatchObject({
        problem: expect.stringMatching(saw),
        fix: expect.stringContaining("MUSTER_DOCTOR_TOKEN=... npm run doctor -- local"),
      });
      expect(questions).toEqual([]);
    },
  );
});
