import { decrypt, WrongPassphrase } from "../../cli/decrypt";

/** Written by the Pulumi CLI 3.265.0: `stack init --secrets-provider passphrase`, then `config set --secret`. */
const written = {
  passphrase: "correct horse — battery",
  salt: "v1:Bi94uvpJvIE=:v1:flsUqTMesZZ7H/SV:PHMsA2cMmAqKR+ikohInkxrEeBUDsA==",
  values: [
    [
      "one line, not only ASCII",
      "v1:8PDvjzKFGpJax/px:pboIkP1WTuLQMFtXK0TF45AFudAFtn0OaAHjixKYjSm3pQzZx/8H4p8qYdmwVfcTKw==",
      "wJalrXUtnFEMI/K7MDENG+bPxRfiCY=ü",
    ],
    [
      "several lines",
      "v1:Etl/z+fUV+siNL9i:S6A0wfzUwVG2jPbFx7V8Vh2sooFG6At/wU96bT08iT068PqMPx2bXecmn2emjpmsfO4Eq2Vvwdko",
      "-----BEGIN X-----\nline two\n\n-----END-----",
    ],
  ],
} as const;
const [[, value]] = written.values;

describe("a secret that the Pulumi CLI wrote", () => {
  it.each(written.values)("is read with its passphrase: %s", (_, encrypted, clear) => {
    expect(decrypt(encrypted, written.salt, written.passphrase)).toBe(clear);
  });

  it("isn't read with another passphrase", () => {
    expect(() => decrypt(value, written.salt, "another")).toThrow(WrongPassphrase);
  });

  it.each([
    ["a value that was changed", value.replace("pboI", "pboJ"), written.salt],
    ["a value that was cut off", value.slice(0, 30), written.salt],
    ["a value of another form", value.replace("v1", "v2"), written.salt],
    ["an encryptionsalt of another form", value, written.salt.replace("v1", "v9")],
  ])("isn't read from %s, which is no matter of the passphrase", (_, encrypted, salt) => {
    let thrown: unknown;
    try {
      decrypt(encrypted, salt, written.passphrase);
    } catch (error) {
      thrown = error;
    }
    // Of another realm within Jest, so no instance of its `Error`.
    expect(thrown).toMatchObject({ message: expect.stringMatching(/./) });
    expect(thrown).not.toBeInstanceOf(WrongPassphrase);
  });
});
