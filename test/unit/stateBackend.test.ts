import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backendUrl, engineEnvironment, projectDir, stateDir } from "../../cli/project";
import { stateKeyEnvironment, useStateKey } from "../../cli/stateKey";
import { parseSettings } from "../../stacks/settings/parse";
import { stateProblems, stateWarnings } from "../../stacks/topology/state";
import { localTopology } from "../helpers/stacks";

let state: unknown;
let encrypted = { salt: undefined, provider: undefined, value: undefined } as Record<
  string,
  string | undefined
>;
jest.mock("../../stacks/settings/file", () => ({
  ...jest.requireActual<object>("../../stacks/settings/file"),
  readStackFile: () => ({ source: "Pulumi.prod.yaml", values: { state }, encrypted: [] }),
  readEncrypted: () => encrypted,
}));

/** As the Pulumi CLI wrote them, with the passphrase `correct horse — battery`. */
const salt = "v1:Bi94uvpJvIE=:v1:flsUqTMesZZ7H/SV:PHMsA2cMmAqKR+ikohInkxrEeBUDsA==";
const value = "v1:8PDvjzKFGpJax/px:pboIkP1WTuLQMFtXK0TF45AFudAFtn0OaAHjixKYjSm3pQzZx/8H4p8qYdmwVfcTKw==";
const clear = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY=ü";
const bucket = "s3://team-state?region=eu-central-1";

const names = [
  "PULUMI_BACKEND_URL",
  "PULUMI_CONFIG_PASSPHRASE",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
];
const before = names.map((name) => [name, process.env[name]] as const);
beforeEach(() => {
  for (const name of names) Reflect.deleteProperty(process.env, name);
  process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse — battery";
  state = undefined;
  encrypted = { salt, provider: undefined, value };
});
afterAll(() => {
  for (const [name, value] of before) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
});

describe("a stack's state backend", () => {
  it("is the environment's, else the stack's own, else the project's", () => {
    expect(backendUrl("prod")).toBe("file://.muster/state");
    expect(stateDir("prod")).toBe(join(projectDir, ".muster/state"));
    state = { backend: bucket };
    expect(backendUrl("prod")).toBe(bucket);
    expect(stateDir("prod")).toBeUndefined();
    process.env["PULUMI_BACKEND_URL"] = "file:///elsewhere";
    expect(backendUrl("prod")).toBe("file:///elsewhere");
    expect(stateDir("prod")).toBe("/elsewhere");
  });

  it("is the project's for a stack without a file", () => {
    state = { backend: bucket };
    expect(backendUrl("gone")).toBe("file://.muster/state");
  });

  it("is given to the CLI with its key, and with no session of another key", () => {
    process.env["AWS_ACCESS_KEY_ID"] = "SOMEBODY";
    process.env["AWS_SESSION_TOKEN"] = "of-somebody";
    state = { backend: bucket, accessKeyId: "STATE" };
    expect(engineEnvironment("prod")).toMatchObject({
      PULUMI_BACKEND_URL: bucket,
      AWS_ACCESS_KEY_ID: "STATE",
      AWS_SECRET_ACCESS_KEY: clear,
      AWS_SESSION_TOKEN: undefined,
    });
  });

  it("in a folder is given with its whole path: plugins run elsewhere", () => {
    state = { backend: "file://states" };
    expect(engineEnvironment("prod")["PULUMI_BACKEND_URL"]).toBe(`file://${join(projectDir, "states")}`);
  });

  it("leaves the environment's key alone where the settings have none, or name no bucket", () => {
    process.env["AWS_ACCESS_KEY_ID"] = "SOMEBODY";
    state = { backend: bucket };
    expect(engineEnvironment("prod")["AWS_ACCESS_KEY_ID"]).toBe("SOMEBODY");
    encrypted = { salt, provider: undefined, value: undefined };
    state = { backend: bucket, accessKeyId: "STATE" };
    expect(engineEnvironment("prod")["AWS_ACCESS_KEY_ID"]).toBe("SOMEBODY");
    process.env["PULUMI_BACKEND_URL"] = "file:///elsewhere";
    encrypted = { salt, provider: undefined, value };
    expect(engineEnvironment("prod")["AWS_ACCESS_KEY_ID"]).toBe("SOMEBODY");
    expect(engineEnvironment(undefined)["AWS_ACCESS_KEY_ID"]).toBe("SOMEBODY");
  });

  it("with another passphrase is one clear error that says where the passphrase came from", () => {
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "another";
    // What was decrypted in this run is kept by its ciphertext.
    encrypted = { salt, provider: undefined, value: `${value} ` };
    state = { backend: bucket, accessKeyId: "STATE" };
    expect(() => engineEnvironment("prod")).toThrow(
      /can't be decrypted: incorrect passphrase\n {2}given: {3}the passphrase from PULUMI_CONFIG_PASSPHRASE\n/,
    );
  });

  it("under another secrets provider than a passphrase takes its key from the environment", () => {
    encrypted = { salt: undefined, provider: "awskms://alias/muster", value };
    state = { backend: bucket, accessKeyId: "STATE" };
    expect(() => engineEnvironment("prod")).toThrow(
      /encrypted by awskms:\/\/alias\/muster\n[^]*AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/,
    );
  });

  it("of a stack that is being made takes the key that was just given", () => {
    const folder = mkdtempSync(join(tmpdir(), "muster-state-"));
    encrypted = { salt: undefined, provider: undefined, value: undefined };
    const ask = () =>
      stateKeyEnvironment(
        { stack: "new", accessKeyId: "STATE" },
        { projectDir: folder, passphrase: undefined, source: "nowhere" },
      );
    expect(ask()).toEqual({});
    useStateKey("new", "fresh-secret");
    expect(ask()).toMatchObject({ AWS_ACCESS_KEY_ID: "STATE", AWS_SECRET_ACCESS_KEY: "fresh-secret" });
    // Also where the file holds one: it may be the old one.
    encrypted = { salt, provider: undefined, value };
    expect(ask()).toMatchObject({ AWS_SECRET_ACCESS_KEY: "fresh-secret" });
    rmSync(folder, { recursive: true });
  });
});

describe("the settings of the state", () => {
  const parse = (settings: unknown): unknown => {
    const values = { domain: "localhost", host: { provider: "local" }, state: settings };
    return parseSettings({ source: "test", values, encrypted: [] }).settings.state;
  };

  it.each([
    bucket,
    "s3://team-state",
    "s3://team-state/muster?region=auto&endpoint=https://0a1b.r2.cloudflarestorage.com&s3ForcePathStyle=true",
    "https://api.pulumi.com",
    "https://pulumi.example.org:8443/api",
    "file:///srv/state",
    "file://.muster/state",
    "file://../state",
  ])("take %s", (backend) => {
    expect(parse({ backend })).toEqual({ backend });
  });

  it.each([
    "",
    "s3://",
    "s3://UPPER",
    "s3://a b",
    "s3://bucket?region",
    "s3://key@bucket",
    "http://api.pulumi.com",
    "file://",
    "file://~",
    "/srv/state",
    "gs://bucket",
  ])("refuse %j, and say what is allowed", (backend) => {
    expect(() => parse({ backend })).toThrow(
      /muster:state\.backend: not the address of a state backend[^]*allowed: s3:/,
    );
  });

  const plan = (backend: string | undefined, accessKeyId: string | undefined, secret: boolean) =>
    localTopology(
      backend === undefined
        ? {}
        : { state: { backend, ...(accessKeyId === undefined ? {} : { accessKeyId }) } },
      secret ? ["stateSecretKey"] : [],
    );

  it.each<[string, string | undefined, string | undefined, boolean, string | undefined]>([
    ["nothing", undefined, undefined, false, undefined],
    ["a bucket with a whole key", bucket, "STATE", true, undefined],
    ["a bucket with the environment's key", bucket, undefined, false, undefined],
    ["a key without its secret", bucket, "STATE", false, "muster:stateSecretKey"],
    ["a secret without its key", bucket, undefined, true, "muster:stateSecretKey"],
    ["a secret without any backend", undefined, undefined, true, "muster:stateSecretKey"],
    ["a key for what is no bucket", "https://api.pulumi.com", "STATE", true, "muster:state.accessKeyId"],
  ])("with %s", (_, backend, accessKeyId, secret, key) => {
    expect(stateProblems(plan(backend, accessKeyId, secret)).map((problem) => problem.key)).toEqual(
      key === undefined ? [] : [key],
    );
  });

  it("warn of a state that only the operator's machine has, where the stack runs elsewhere", () => {
    const host = { provider: "digitalocean", region: "fra1", size: "s-2vcpu-4gb" } as const;
    const keys = (backend?: string): string[] => {
      const { settings, ...rest } = plan(backend, undefined, false);
      const elsewhere = {
        ...settings,
        host: { ...host, dataDiskGiB: 50, image: "x", generation: 1, backups: false },
      };
      expect(stateWarnings({ settings, ...rest })).toEqual([]);
      return stateWarnings({ settings: elsewhere, ...rest }).map(({ key }) => key);
    };
    expect(keys()).toEqual(["muster:state"]);
    expect(keys("file:///srv/state")).toEqual(["muster:state"]);
    expect(keys(bucket)).toEqual([]);
    expect(keys("https://api.pulumi.com")).toEqual([]);
  });
});
