/** Whether the mail server takes mail the way the settings say. Pure. */
import type { SmtpAnswer } from "../../probe/net/smtp";
import type { Settings } from "../../stacks/settings/schema";
import type { Seen } from "../check";

type Mail = NonNullable<Settings["mail"]>;

/** @param here whether the stack's machine is this one: another one's way to the server may be another. */
export function mailSeen({ host, port, security, username }: Mail, answer: SmtpAnswer, here: boolean): Seen {
  const at = `${host}:${port}`;
  if (!answer.ok) {
    const { outcome, reason } = answer;
    // A certificate is the same for everyone, a closed port isn't.
    const mayBeHere = outcome !== "refused" && !here && !isCertificate(reason);
    return {
      ok: false,
      saw: `${at}: ${reason}${mayBeHere ? ", from this machine" : ""}`,
      ...(mayBeHere ? { severity: "warning" as const } : {}),
      fix: isCertificate(reason)
        ? "let muster:mail.host be the name that the server's certificate is for"
        : "look at muster:mail.host, muster:mail.port and muster:mail.security: 587 goes with starttls, 465 with tls",
    };
  }
  if (username !== undefined && !answer.offers.some((offer) => /^AUTH\b/i.test(offer)))
    return {
      ok: false,
      saw: `${at}: nobody can sign in there`,
      fix:
        security === "none"
          ? "set muster:mail.security to starttls or tls"
          : "remove muster:mail.username, or name a server that takes it",
    };
  return { ok: true, saw: `${at}, ${answer.protocol ?? "without TLS"}` };
}

const isCertificate = (reason: string): boolean => /CERT|ALTNAME|SELF_SIGNED|UNABLE_TO/.test(reason);
