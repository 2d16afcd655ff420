/** Types of single fields, each with what it allows in words. */
import { z } from "zod";

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const ipv4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;
export const imageReference =
  /^([a-z0-9.-]+(:\d+)?\/)?[a-z0-9._/-]+(:[A-Za-z0-9_][\w.-]{0,127})(@sha256:[0-9a-f]{64})?$/;

/** No name ends in a number: browsers would read it as an address. */
const endsInNumber = /(^|\.)(\d+|0x[0-9a-f]*)$/;
export const domainName = z
  .string()
  .refine(
    (text) =>
      text.length <= 253 && text.split(".").every((part) => label.test(part)) && !endsInNumber.test(text),
    {
      error: "not a domain name",
      params: {
        allowed:
          "letters, digits and hyphens between dots, in lower case, not a number at the end, such as example.org",
      },
    },
  );
export const address = z.string().refine((text) => ipv4.test(text), {
  error: "not an IPv4 address",
  params: { allowed: "four numbers from 0 to 255, such as 203.0.113.10" },
});
const network = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}\/(3[0-2]|[12]?\d)$/;
export const ipv4Network = z.string().refine((text) => network.test(text), {
  error: "not an IPv4 network",
  params: { allowed: "an address and the length of its prefix, such as 203.0.113.0/24" },
});
const regionNames = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
const noCountries: readonly string[] = ["EU", "UN", "ZZ"];
/** Of a code in use; an alias such as UK isn't one: Cloudflare would match nobody by it. */
const isCountry = (code: string): boolean =>
  code === "T1" ||
  (/^[A-Z]{2}$/.test(code) &&
    !noCountries.includes(code) &&
    regionNames.of(code) !== undefined &&
    new Intl.Locale("und", { region: code }).region === code);
export const country = z.string().refine(isCountry, {
  error: "not a country's code",
  params: { allowed: "two capital letters (ISO 3166), such as DE, or GB for the United Kingdom; or T1" },
});
export const subdomain = z.string().refine((text) => label.test(text), {
  error: "not one DNS label",
  params: { allowed: "one label without dots, such as chat (the free edge certificate covers one level)" },
});
export const email = z.string().refine((text) => z.email().safeParse(text).success, {
  error: "not an email address",
  params: { allowed: "an address such as admin@example.org" },
});
export const shownText = (least: number, most: number) =>
  z
    .string()
    .min(least)
    .max(most)
    .refine((text) => !/\p{Cc}/u.test(text), {
      error: "with control characters",
      params: { allowed: "text without line breaks and other control characters" },
    });
export const port = z.int().min(1).max(65535);
export const count = (most: number) => z.int().min(0).max(most);
export const engine = z.string().refine((text) => /^unix:\/\/\/.+$/.test(text), {
  error: "not the address of a Docker Engine's socket",
  params: { allowed: "unix:///path/to/docker.sock" },
});
export const memoryMiB = z.int().min(512).max(1_048_576);
export const cpus = z.int().min(1).max(512);
/** A path that a shell, a URL and a file can hold without quotes. */
export const absolutePath = z
  .string()
  .refine((text) => /^(\/[A-Za-z0-9_@.-]+)+$/.test(text) && !/\/\.\.?(\/|$)/.test(text), {
    error: "not an absolute path",
    params: { allowed: "letters, digits and _ @ . - between slashes, such as /srv/backups" },
  });
export const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);
export const userName = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/);
export const publicKey = z
  .string()
  .regex(
    /^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa|sk-ssh-ed25519@openssh\.com) [A-Za-z0-9+/]+=*( [\w.@:+-]+)?$/,
  );
/** Of a machine that Muster sets up. With an RSA key, the engine's SSH client falls back to SHA-1, which servers refuse. */
export const machineHostKey = z.string().regex(/^(ssh-ed25519|ecdsa-sha2-nistp256) [A-Za-z0-9+/]+=*$/);
export const hostKey = z.string().regex(/^(ssh-ed25519|ecdsa-sha2-nistp256|ssh-rsa) [A-Za-z0-9+/=]+/);
