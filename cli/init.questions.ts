/** The questions of `npm run init`: what is asked, when, and which answers are taken. Pure. */
import { fieldProblem } from "../stacks/settings/parse";
import type { Problem } from "../stacks/settings/problems";
import { SettingsError } from "../stacks/settings/problems";
import { machineFor, peopleOf, serverFacts, serverPlace, topologyFor } from "./init.file";
import { backupForms, backupTarget, stateForms, stateSettings } from "./init.target";

/** Answers as people type them; what isn't asked isn't there. */
export interface Answers {
  provider: "local" | "existing" | "digitalocean" | "aws";
  domain: string;
  /** Accounts. */
  people: string;
  edition: "team" | "enterprise";
  /** Region of a cloud; `[USER@]ADDRESS[:PORT]` of a server. */
  place?: string;
  /** `CPUS MEMORY_MIB HOST_KEY` of a server. */
  server?: string;
  /** Of a cloud's machine; left out, the cheapest that fits. Never asked. */
  size?: string;
  accessKeyId?: string;
  email?: string;
  backup: string;
  state: string;
  secrets: string;
}
export type Known = Partial<Answers>;

export interface Question {
  name: Exclude<keyof Answers, "size">;
  /** Name of the flag, without dashes. */
  flag: string;
  /** What is asked, and what is allowed. */
  text: (known: Known) => string;
  /** Whether it is asked at all. */
  when: (known: Known) => boolean;
  /** Taken where nothing is typed; `undefined`: there is none. */
  fallback: (known: Known) => string | undefined;
  /** What is wrong with an answer. */
  problem: (answer: string, known: Known) => Problem | undefined;
}

const always = (): boolean => true;
const none = (): undefined => undefined;
const isRemote = ({ provider }: Known): boolean => provider !== undefined && provider !== "local";
const isCloud = (provider: string | undefined): provider is "digitalocean" | "aws" =>
  provider === "digitalocean" || provider === "aws";

/** What the schema says to a value at a key such as `host.region`. */
const field = (key: string, value: unknown): Problem | undefined => fieldProblem(key.split("."), value);
const first = (...problems: (Problem | undefined)[]): Problem | undefined =>
  problems.find((problem) => problem !== undefined);

/** An answer that isn't of the form in which it is typed. */
export const badForm = (flag: string, given: string, allowed: string): Problem => ({
  key: `--${flag}`,
  problem: "not understood",
  given: JSON.stringify(given),
  allowed,
  fix: "write it in one of these forms",
});

const fieldsOf = (group: string, values: Record<string, unknown>): Problem | undefined =>
  first(...Object.entries(values).map(([key, value]) => field(`${group}.${key}`, value)));

function peopleProblem(answer: string, known: Known): Problem | undefined {
  const wrong =
    answer === "1"
      ? badForm("people", answer, "at least 2: nobody calls alone")
      : fieldsOf("people", peopleOf(answer));
  const { provider } = known;
  if (wrong !== undefined || !isCloud(provider)) return wrong;
  if (machineFor("new", { provider, people: answer }).size !== undefined) return undefined;
  return {
    key: "--people",
    problem: `no size at ${provider} that the plan knows is large enough for so many on one machine`,
    given: answer,
    allowed: "fewer people, or --provider existing with a server of your own",
    fix: "change one of them",
  };
}

/** The server must hold the people; its own fields come first. */
function serverProblem(answer: string, known: Known): Problem | undefined {
  const { memoryMiB, cpus, hostKey } = serverFacts(answer);
  const form = /^\s*\d+\s+\d+\s+\S+\s+\S+/.test(answer)
    ? undefined
    : badForm("server", answer, "CPUS MEMORY_MIB HOST_KEY, as the command above prints them");
  const wrong = first(form, fieldsOf("host", { cpus, memoryMiB, hostKey }));
  if (wrong !== undefined) return wrong;
  const whole = { ...exampleServer, ...known, server: answer };
  try {
    const { findings } = topologyFor("new", whole);
    return findings.find(
      ({ key, severity }) => severity === "error" && /^muster:host\.(memoryMiB|cpus)$/.test(key),
    );
  } catch (error) {
    if (error instanceof SettingsError) return error.problems[0];
    throw error;
  }
}

/** Stands in for what isn't known yet while the server's size is looked at. */
const exampleServer: Answers = {
  provider: "existing",
  domain: "example.org",
  people: "20",
  edition: "team",
  place: "192.0.2.1",
  backup: "folder",
  state: "file",
  secrets: "passphrase",
};

function backupProblem(answer: string): Problem | undefined {
  const target = backupTarget(answer);
  return target === undefined
    ? badForm("backup", answer, backupForms)
    : fieldProblem(["backup", "target"], target);
}

function stateProblem(answer: string): Problem | undefined {
  const settings = stateSettings(answer);
  return settings === undefined ? undefined : fieldsOf("state", { ...settings });
}

function secretsProblem(answer: string, { state }: Known): Problem | undefined {
  if (answer === "passphrase") return undefined;
  if (!/^(awskms|azurekeyvault|gcpkms|hashivault):\/\/\S+$/.test(answer))
    return badForm("secrets", answer, secretsForms);
  if (state === undefined || stateSettings(state)?.accessKeyId === undefined) return undefined;
  return {
    key: "--secrets",
    problem: "the key of the state's bucket stands in the settings, and only a passphrase opens it there",
    given: answer,
    allowed: "passphrase; or --state without KEY_ID@, with the key in the environment of each command",
    fix: "change one of them",
  };
}

const secretsForms =
  "passphrase, or awskms://, azurekeyvault://, gcpkms://, hashivault:// as Pulumi takes them";

/** Prints what `server` wants, on the server's own console. */
const factsCommand =
  "echo $(nproc) $(awk '/MemTotal/ {print int($2/1024)}' /proc/meminfo) $(cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)";

const providers = "local (this machine), existing (a server with SSH), digitalocean, aws";

export const questions: readonly Question[] = [
  {
    name: "provider",
    flag: "provider",
    text: () => `Where shall it run: ${providers}`,
    when: always,
    fallback: none,
    problem: (answer) =>
      ["local", "existing", "digitalocean", "aws"].includes(answer)
        ? undefined
        : badForm("provider", answer, providers),
  },
  {
    name: "domain",
    flag: "domain",
    text: () => "Domain: chat.DOMAIN and meet.DOMAIN will be the sites",
    when: always,
    fallback: ({ provider }) => (provider === "local" ? "localhost" : undefined),
    problem: (answer, known) =>
      isRemote(known) && answer.split(".").at(-1) === "localhost"
        ? badForm("domain", answer, "a domain that others can look up, such as example.org")
        : field("domain", answer),
  },
  {
    name: "people",
    flag: "people",
    text: () => "Accounts; 60 % of them active at once, up to ten in a call and in meetings",
    when: always,
    fallback: () => "20",
    problem: peopleProblem,
  },
  {
    name: "edition",
    flag: "edition",
    text: () => "Mattermost's edition: team (free), or enterprise (with a licence)",
    when: always,
    fallback: () => "team",
    problem: (answer) => field("edition", answer),
  },
  {
    name: "place",
    flag: "place",
    text: ({ provider }) =>
      provider === "existing"
        ? "The server, as [USER@]ADDRESS[:PORT]; USER is root, or may sudo without a password"
        : `Region${provider === "aws" ? ", such as eu-central-1" : ", such as fra1"}; the data stay in it`,
    when: isRemote,
    fallback: ({ provider }) =>
      provider === "digitalocean" ? "fra1" : provider === "aws" ? "eu-central-1" : undefined,
    problem: (answer, { provider }) =>
      provider === "existing" ? fieldsOf("host", serverPlace(answer)) : field("host.region", answer),
  },
  {
    name: "server",
    flag: "server",
    text: () => `What the server's console prints (not over the network) for\n  ${factsCommand}\n`,
    when: ({ provider }) => provider === "existing",
    fallback: none,
    problem: serverProblem,
  },
  {
    name: "accessKeyId",
    flag: "access-key-id",
    text: () => "AWS access key id; its secret is asked below",
    when: ({ provider }) => provider === "aws",
    fallback: none,
    problem: (answer) => fieldProblem(["host"], { ...exampleAws, accessKeyId: answer }),
  },
  {
    name: "email",
    flag: "email",
    text: () => "Your address: of the first administrator, and for the certificate authority",
    when: isRemote,
    fallback: none,
    problem: (answer) => first(field("chat.administrator.email", answer), field("edge.email", answer)),
  },
  {
    name: "backup",
    flag: "backup",
    text: () => `Where backups go: ${backupForms}`,
    when: always,
    fallback: ({ provider }) => (provider === "local" ? "folder" : undefined),
    problem: backupProblem,
  },
  {
    name: "state",
    flag: "state",
    text: () => `Where the state lies: ${stateForms}`,
    when: isRemote,
    fallback: none,
    problem: stateProblem,
  },
  {
    name: "secrets",
    flag: "secrets",
    text: () => `What encrypts the secrets: ${secretsForms}`,
    when: always,
    fallback: () => "passphrase",
    problem: secretsProblem,
  },
];

const exampleAws = { provider: "aws", region: "eu-central-1", size: "t3a.medium" };

/** What is wrong with a size that was named. */
export function sizeProblem(size: string, { provider }: Known): Problem | undefined {
  if (!isCloud(provider)) return badForm("size", size, "only with --provider digitalocean or aws");
  const whole = {
    ...exampleAws,
    provider,
    size,
    ...(provider === "aws" ? { accessKeyId: "A".repeat(20) } : {}),
  };
  return fieldProblem(["host"], whole);
}
