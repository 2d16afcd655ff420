import { generateKeyPairSync } from "node:crypto";
import { parse } from "yaml";
import { type Birth, userDataOf } from "../../components/host/cloudInit";

const privateKey = `-----BEGIN OPENSSH PRIVATE KEY-----\n${"QUJD".repeat(17)}\n${"REVG".repeat(17)}\n-----END OPENSSH PRIVATE KEY-----`;
const birth: Birth = {
  user: "root",
  hostKey: { privateKey: `${privateKey}\n`, publicKey: `ssh-ed25519 ${"A".repeat(68)}\n` },
  authorizedKeys: [`ssh-ed25519 ${"B".repeat(68)}\n`, `ssh-rsa ${"C".repeat(700)} alice@example.org`],
};
const read = (text: string): Record<string, unknown> => parse(text) as Record<string, unknown>;

describe("what a machine is told at its birth", () => {
  it("is a cloud-config by its first line: cloud-init reads nothing else as one", () => {
    expect(userDataOf(birth).split("\n")[0]).toBe("#cloud-config");
  });

  it("is the host key, who may log in, and nothing else", () => {
    expect(read(userDataOf(birth))).toEqual({
      ssh_deletekeys: true,
      ssh_keys: {
        ed25519_private: `${privateKey}\n`,
        ed25519_public: `ssh-ed25519 ${"A".repeat(68)}\n`,
      },
      ssh_authorized_keys: [`ssh-ed25519 ${"B".repeat(68)}`, `ssh-rsa ${"C".repeat(700)} alice@example.org`],
      disable_root: false,
      ssh_pwauth: false,
      package_update: false,
    });
  });

  it("keeps a private key line by line, as it was made: another form of it is another key to OpenSSH", () => {
    const { privateKey: made } = generateKeyPairSync("ed25519");
    const pem = made.export({ type: "pkcs8", format: "pem" }) as string;
    const { ssh_keys: keys } = read(userDataOf({ ...birth, hostKey: { ...birth.hostKey, privateKey: pem } }));
    expect(keys).toMatchObject({ ed25519_private: pem });
  });

  it("keeps each public key in one line, however long", () => {
    const lines = userDataOf(birth).split("\n");
    expect(lines.filter((line) => line.includes("C".repeat(700)))).toHaveLength(1);
  });

  it("leaves root closed where the image has a user of its own", () => {
    expect(read(userDataOf({ ...birth, user: "admin" }))).toMatchObject({ disable_root: true });
  });
});
