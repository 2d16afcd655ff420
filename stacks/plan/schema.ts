/**
 * The plan as a document: what a stack will be, for people, pages, diffs and programs alike. Versioned: keys may be
 * added, never renamed or removed within a version.
 */
import { z } from "zod";

const amount = z.number().min(0);
const percent = z.int().max(100).nullable();
const text = z.string();

/** For whom a stack is sized; the outputs say it in the same words. */
export const people = z.strictObject({
  accounts: amount.describe("Accounts."),
  active: amount.describe("People active at once."),
  inCalls: amount.describe("People in calls at once."),
  sharing: amount.describe("Of these, people who share a screen."),
  inMeetings: amount.describe("People in meetings at once."),
  cameras: amount.describe("Of these, people with a camera on."),
  busyHours: amount.describe("Hours a month in which so many call and meet."),
  historyMonths: amount.describe("Months of messages and files to have room for."),
});

const host = z.strictObject({
  name: text.describe("Name of the host."),
  provider: z.enum(["local", "existing", "digitalocean", "aws"]).describe("Whose machine it is."),
  place: text.describe("Where it is, for people."),
  size: text.nullable().describe("The provider's name of its size; null where it has none."),
  why: text.nullable().describe("Why it has this size, where Muster has chosen it."),
  roles: z.array(z.enum(["app", "media"])).describe("Kinds of services that run on it."),
  demand: z
    .strictObject({
      memoryMiB: amount.describe("Memory, in MiB."),
      cpus: amount.describe("Virtual CPUs."),
      diskGiB: amount.describe("Room on the data disk, in GiB."),
      egressMbps: amount.describe("Traffic that leaves it when busy, in Mbit/s."),
      trafficGB: amount.describe("Traffic that leaves it in a month, in GB."),
    })
    .describe("What its services and the host itself need."),
  capacity: z
    .strictObject({
      memoryMiB: amount.describe("Memory, in MiB."),
      cpus: amount.describe("Virtual CPUs."),
      diskGiB: amount.nullable().describe("Room on the data disk, in GiB; null where nobody can tell."),
      trafficGB: amount
        .nullable()
        .describe("Traffic in its price, in GB a month; null where there is no such price."),
    })
    .nullable()
    .describe("What the machine has; null where only the machine itself can tell."),
  headroom: z
    .strictObject({ memory: percent, cpus: percent, disk: percent, traffic: percent })
    .nullable()
    .describe("What stays free of each, in percent; below 0 where it isn't enough; null without a capacity."),
});

const service = z.strictObject({
  name: text.describe("Name of the service."),
  title: text.describe("Name for people."),
  host: text.describe("Host it runs on."),
  image: text.describe("Whole reference of its image."),
  memoryMiB: amount.describe("Memory limit, in MiB."),
  cpus: amount.describe("Virtual CPUs when busy."),
  diskGiB: amount.describe("Room on the data disk, in GiB."),
  egressMbps: amount.describe("Traffic that leaves the host when busy, in Mbit/s."),
  trafficGB: amount.describe("Traffic that leaves it in a month, in GB."),
  volumes: z
    .array(
      z.strictObject({
        name: text.describe("Name of the volume."),
        backup: z.enum(["dump", "files", "none"]).describe("How a backup takes it."),
        why: text.describe("What is in it."),
      }),
    )
    .describe("Its data."),
});

// A plan with errors may have a range that ends beyond the highest port: the finding says so.
const portNumber = z.int().min(1);
const door = z.strictObject({
  host: text.describe("Host that it leads into."),
  port: portNumber.describe("Number; the first of a range."),
  lastPort: portNumber.describe("Last of a range; the same as `port` for a single one."),
  protocol: z.enum(["tcp", "udp"]).describe("Transport protocol."),
  service: text.nullable().describe("Service behind it; null where it is the machine itself."),
  exposure: z
    .enum(["entry", "media", "admin", "internal", "machine"])
    .describe("What kind of door it is; `machine` for those of the machine itself, such as SSH."),
  from: text.describe("Who may reach it: everyone, Cloudflare, this machine, other hosts, or networks."),
  why: text.describe("Why it exists."),
});

const link = z.strictObject({
  from: text.describe("Service that connects."),
  to: text.describe("Service that it connects to."),
  port: portNumber.describe("Number of the other's port."),
  protocol: z.enum(["tcp", "udp"]).describe("Transport protocol."),
  why: text.describe("What for."),
});

const record = z.strictObject({
  name: text.describe("Whole name."),
  type: z.enum(["A", "CAA", "TXT"]).describe("Type of the record."),
  value: text.describe("What it says; `address of HOST` while nobody knows the address."),
  proxied: z
    .boolean()
    .nullable()
    .describe("Whether Cloudflare answers in its place; null where that can't be."),
  why: text.describe("What for."),
});

const zone = z
  .strictObject({
    name: text.describe("Name of the zone."),
    plan: z.enum(["free", "pro", "business", "enterprise"]).describe("Cloudflare's plan that it is on."),
    owner: z.boolean().describe("Whether this stack holds its rules and settings."),
    rules: z
      .array(
        z.strictObject({
          phase: text.describe("Cloudflare's phase that it works in."),
          name: text.describe("Its name, for good."),
          action: text.describe("What it does."),
          what: text.describe("What it is for."),
          expression: text.describe("Requests that it is for, in Cloudflare's language."),
        }),
      )
      .describe("Its rules, in order; none where another stack is the owner."),
    settings: z.record(text, text).describe("Its settings by name; none where another stack is the owner."),
  })
  .nullable()
  .describe("The zone at Cloudflare; null without.");

const cost = z.strictObject({
  currency: z.literal("USD").describe("Currency of all prices."),
  asOf: text.describe("Month of the prices, such as 2026-11: they change, and taxes come on top."),
  monthly: amount.nullable().describe("Sum of the known parts; null where none is known."),
  parts: z
    .array(
      z.strictObject({
        kind: z
          .enum(["machine", "disk", "address", "traffic", "copies", "bucket"])
          .describe("What it is for."),
        host: text.nullable().describe("Host it is for; null for the stack."),
        what: text.describe("What is paid for."),
        monthly: amount.nullable().describe("Price of a month; null where nobody knows."),
      }),
    )
    .describe("What is paid for, each alone."),
  offers: z
    .array(
      z.strictObject({
        provider: text.describe("Name of the provider."),
        size: text.describe("Its name of the size."),
        monthly: amount.describe("Price of the machine alone, a month."),
      }),
    )
    .describe("The cheapest machine of each provider that has room for all of it, and some to spare."),
});

const finding = z.strictObject({
  severity: z.enum(["error", "warning", "note"]).describe("An `up` refuses errors."),
  key: text.describe("Setting that it is about."),
  problem: text.describe("What is wrong, or worth knowing."),
  given: text.optional().describe("What was given."),
  allowed: text.optional().describe("What is allowed."),
  fix: text.describe("What to do."),
});

export const planSchema = z.strictObject({
  schemaVersion: z.literal(1).describe("Version of this contract."),
  stack: text.describe("Name of the stack."),
  edition: z.enum(["team", "entry", "licensed"]).describe("What the chat server may do."),
  people: people.describe("People that the stack is sized for."),
  carries: people
    .extend({ limit: text.describe("What there would be too little of for more.") })
    .nullable()
    .describe(
      "The most people that its machines carry, in the same proportions; null where nobody can tell.",
    ),
  hosts: z.array(host).describe("Its machines."),
  services: z.array(service).describe("What runs on them."),
  doors: z.array(door).describe("Every way in from outside; whatever isn't here is closed."),
  links: z.array(link).describe("Which service talks to which; no others can."),
  sites: z
    .array(
      z.strictObject({
        name: text.describe("Name of the site."),
        address: z.url().describe("Address that people type."),
        service: text.describe("Service behind it."),
      }),
    )
    .describe("What people visit."),
  records: z.array(record).describe("DNS records."),
  zone,
  cost: cost.describe("What it costs in a month."),
  findings: z.array(finding).describe("What is wrong, and what is worth knowing; errors first."),
});

/** A plan as plain data. */
export type Plan = z.output<typeof planSchema>;
