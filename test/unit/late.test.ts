import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { fingerprint, type LateValues, resolve } from "../../components/platform/late";
import { type PlainText, secret, text } from "../../components/services/text";

const values: LateValues = {
  secret: (name) => pulumi.secret(`"${name}"\n`),
  publicAddressOf: (host) => pulumi.output(`address-of-${host}`),
  containerIdOf: (service) => pulumi.output(`id-of-${service}`),
  peerAddressOf: (host) => pulumi.output(`peer-address-of-${host}`),
  privateAddressOf: (host) => pulumi.output(`own-address-of-${host}`),
};
const read = <T>(input: pulumi.Input<T>): Promise<unknown> =>
  (pulumi.output(input) as unknown as { promise: () => Promise<unknown> }).promise();
const isSecret = (input: pulumi.Input<string>): Promise<boolean> => pulumi.isSecret(pulumi.output(input));

describe("resolving late values", () => {
  it("leaves plain text plain, so that a preview shows it", () => {
    expect(resolve("as it is", values)).toBe("as it is");
    expect(resolve(text`port ${8065}`, values)).toBe("port 8065");
    expect(resolve(text``, values)).toBe("");
  });

  it("puts in addresses, which are no secret", async () => {
    const whole = resolve(text`${{ publicAddressOf: "main" }}/${{ privateAddressOf: "main" }}`, values);
    expect(await read(whole)).toBe("address-of-main/own-address-of-main");
    expect(await isSecret(whole)).toBe(false);
  });

  it("puts in secrets, and the whole text is one then", async () => {
    const whole = resolve(text`a:${secret("x")}:${{ publicAddressOf: "main" }}`, values);
    expect(await read(whole)).toBe('a:"x"\n:address-of-main');
    expect(await isSecret(whole)).toBe(true);
    expect(await isSecret(resolve(text`${secret("x")}`, values))).toBe(true);
  });

  it("puts in the ids of containers, and has none where there are only addresses", async () => {
    const list = text`${{ containerIdOf: "caddy" }} caddy`;
    expect(await read(resolve(list, values))).toBe("id-of-caddy caddy");
    const { publicAddressOf, privateAddressOf, peerAddressOf } = values;
    const addresses = { publicAddressOf, privateAddressOf, peerAddressOf };
    expect(() => resolve(list as unknown as PlainText, addresses)).toThrow(
      'no {"containerIdOf":"caddy"} here',
    );
  });

  it("writes a secret as JSON where a file is JSON", async () => {
    const whole = resolve(text`{"password":${secret('pass"word', "json")}}`, values);
    expect(JSON.parse((await read(whole)) as string)).toEqual({ password: '"pass"word"\n' });
    expect(await isSecret(whole)).toBe(true);
  });
});

describe("the fingerprint of files", () => {
  const print = async (key: string, ...contents: string[]): Promise<string> =>
    (await read(
      fingerprint(
        pulumi.secret(key),
        contents.map((content) => pulumi.secret(content)),
      ),
    )) as string;

  it("is short, the same for the same contents, and may be shown", async () => {
    expect(await print("key", "a", "b")).toMatch(/^[0-9a-f]{16}$/);
    expect(await print("key", "a", "b")).toBe(await print("key", "a", "b"));
    expect(await pulumi.isSecret(fingerprint(pulumi.secret("key"), [pulumi.secret("a")]))).toBe(false);
  });

  it("changes with the key, with each content, and with what belongs to which file", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), fc.string(), async (key, one, two) => {
        const own = await print(key, one, two);
        expect(await print(`${key}.`, one, two)).not.toBe(own);
        expect(await print(key, `${one}.`, two)).not.toBe(own);
        expect(await print(key, one, `${two}.`)).not.toBe(own);
        expect(await print(key, one + two)).not.toBe(own);
        if (one !== two) expect(await print(key, two, one)).not.toBe(own);
      }),
      { numRuns: 30 },
    );
  });
});
