import type Docker from "dockerode";
import { type PassThrough, Readable } from "node:stream";
import { passwordProblem, sessions } from "../../cli/doctorSession";
import { callChecks } from "../../doctor/calls";
import { runChecks } from "../../doctor/check";
import type { Patient } from "../../doctor/patient";
import { startSecureSite } from "../helpers/sites";
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
  interface Given {
    /** What the database says, and the exit code of `psql`. */
    text?: string;
    code?: number;
    settings?: Record<string, unknown>;
    /** Questions that chat refuses. */
    refused?: RegExp;
  }
  /** What was asked of chat, and of the engine, for a session; and what came of the calls. */
  const sessionWith = async ({ text = JSON.stringify(account), code = 0, settings = {}, refused }: Given) => {
    const questions: string[] = [];
    const chat = await startSecureSite("chat.localhost", ({ method = "", url = "" }, response) => {
      const question = `${method} ${url.replace(/\d{13}/, "THEN")}`;
      questions.push(question);
      if (refused?.test(question) === true)
        response.writeHead(403).end(JSON.stringify({ id: "api.x", message: "Not before that." }));
      else response.setHeader("token", "t").end(JSON.stringify(answers[question] ?? { id: "someone" }));
    });
    const { docker, asked } = engineSaying(text, code);
    const where = {
      topology: stackTopology("local", { web: { httpPort: 80, httpsPort: chat.port }, ...settings }),
      engines: new Map([["main", docker]]),
      unreachable: new Map<string, string>(),
      trust: chat.trust,
      secret: () => Promise.resolve("generated"),
      addressOf: () => undefined,
    };
    const { session, leave } = sessions(where);
    const patient: Patient = { ...where, session, leave };
    try {
      const made = await session();
      const calls = refused === undefined ? [] : await runChecks(callChecks(patient));
      await leave();
      return { made, calls, questions, asked };
    } finally {
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
      const { made, questions, asked } = await sessionWith({});
      expect(made).toEqual({ token: "given", userId: "someone" });
      expect(questions).toEqual(["GET /api/v4/users/me", ...cleaned]);
      expect(asked).toEqual([]);
    } finally {
      delete process.env["MUSTER_DOCTOR_TOKEN"];
    }
  });

  it("is the first administrator's, as long as the database says that the password is the first", async () => {
    const { made, questions, asked } = await sessionWith({});
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
      const { made, questions } = await sessionWith({ text, code });
      expect(made).toMatchObject({
        problem: expect.stringMatching(saw),
        fix: expect.stringContaining("MUSTER_DOCTOR_TOKEN=... npm run doctor -- local"),
      });
      expect(questions).toEqual([]);
    },
  );

  it("isn't the first administrator's where a password alone lets nobody do anything", async () => {
    const settings = { edition: "enterprise", chat: { mfa: "enforced" } };
    const { made, questions } = await sessionWith({ settings });
    expect(made).toMatchObject({ problem: expect.stringContaining("muster:chat.mfa is enforced") });
    expect(questions).toEqual([]);
  });

  it("that may not be used for calls leaves them unchecked: no firewall is accused", async () => {
    const { calls } = await sessionWith({ refused: /direct/ });
    expect(calls.map(({ id, outcome, saw }) => [id, outcome, saw])).toEqual(
      ["calls.udp", "calls.tcp"].map((id) => [
        id,
        "unchecked",
        "POST /channels/direct: 403 Not before that.",
      ]),
    );
    for (const { fix } of calls) expect(fix).toContain("MUSTER_DOCTOR_TOKEN=...");
  });

  it("that isn't taken is told by the token that was given, or by the one to give", async () => {
    const refused = /users.me/;
    expect((await sessionWith({ refused })).made).toMatchObject({
      fix: expect.stringMatching(/^give a token/),
    });
    process.env["MUSTER_DOCTOR_TOKEN"] = "old";
    try {
      expect((await sessionWith({ refused })).made).toEqual({
        problem: "GET /users/me: 403 Not before that.",
        fix: "look whether MUSTER_DOCTOR_TOKEN is a token of this server, and still holds",
      });
    } finally {
      delete process.env["MUSTER_DOCTOR_TOKEN"];
    }
  });
});
