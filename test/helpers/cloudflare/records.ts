/** DNS records, as the API has them. */
import { BlockList, isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { newId, now, page, parse, type Account } from "./account";
import { ApiError, type DnsRecord, invalid, type Routes, success, type Zone } from "./types";

/** Types that the proxy passes on. */
const proxiable = ["A", "AAAA", "CNAME"];

const bodySchema = z.object({
  name: z.string().min(1).max(255),
  type: z.enum(["A", "AAAA", "CAA", "CNAME", "HTTPS", "MX", "NS", "SRV", "TXT"]),
  content: z.string().optional(),
  data: z
    .object({ flags: z.union([z.literal(0), z.literal(128)]), tag: z.string(), value: z.string() })
    .optional(),
  priority: z.int().min(0).max(65535).optional(),
  proxied: z.boolean().default(false),
  ttl: z.number(),
  comment: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
});
type Body = z.infer<typeof bodySchema>;

/** A name may have several authorities. */
const shown = ({ type, name, content }: Pick<DnsRecord, "type" | "name" | "content">): string =>
  type === "CAA" ? `${type} ${name} ${content}` : `${type} ${name}`;

export const recordRoutes = (account: Account): Routes => {
  const find = (zone: Zone, id: string | undefined): DnsRecord => {
    const record = zone.records.get(id ?? "");
    if (record === undefined) throw new ApiError(404, 81_044, "Record does not exist.");
    return record;
  };
  const one = "/client/v4/zones/:zone/dns_records/:id";
  return {
    "GET /client/v4/zones/:zone/dns_records": account.inZone("DNS", "Read", (zone, { query }) => {
      const wanted = (["name", "type", "content"] as const).map(
        (field) => [field, query.get(field) ?? query.get(`${field}.exact`)] as const,
      );
      const proxied = query.get("proxied");
      const found = [...zone.records.values()].filter(
        (record) =>
          wanted.every(([field, value]) => value === null || record[field] === value) &&
          (proxied === null || String(record.proxied) === proxied),
      );
      return page(found.map(recordBody), query, 100, 50_000);
    }),
    "POST /client/v4/zones/:zone/dns_records": account.inZone("DNS", "Edit", (zone, { body, tell }) => {
      const record = addRecord(zone, body);
      tell(`create ${shown(record)}`);
      return success(recordBody(record));
    }),
    [`GET ${one}`]: account.inZone("DNS", "Read", (zone, { params: [, id] }) =>
      success(recordBody(find(zone, id))),
    ),
    [`PUT ${one}`]: account.inZone("DNS", "Edit", (zone, { params: [, id], body, tell }) => {
      const record = find(zone, id);
      change(zone, record, body);
      tell(`change ${shown(record)}`);
      return success(recordBody(record));
    }),
    [`PATCH ${one}`]: account.inZone("DNS", "Edit", (zone, { params: [, id], body, tell }) => {
      const record = find(zone, id);
      change(zone, record, { ...asBody(record), ...(body as Record<string, unknown>) });
      tell(`change ${shown(record)}`);
      return success(recordBody(record));
    }),
    [`DELETE ${one}`]: account.inZone("DNS", "Edit", (zone, { params: [, id], tell }) => {
      const record = find(zone, id);
      zone.records.delete(record.id);
      tell(`delete ${shown(record)}`);
      return success({ id: record.id });
    }),
  };
};

/** A record as the API or somebody in the dashboard makes it. */
export function addRecord(zone: Zone, body: unknown): DnsRecord {
  const at = now();
  const record = { id: newId(), createdOn: at, ...checked(zone, body, undefined) };
  zone.records.set(record.id, record);
  return record;
}

function change(zone: Zone, record: DnsRecord, body: unknown): void {
  const changed = checked(zone, body, record.id);
  if (changed.type !== record.type) throw invalid(1004, "DNS Validation Error: the type can't be changed");
  Object.assign(record, changed);
}

function checked(zone: Zone, body: unknown, own: string | undefined): Omit<DnsRecord, "id" | "createdOn"> {
  const asked = parse(bodySchema, body);
  const name = fullName(zone, asked.name);
  const content = contentOf(asked);
  const { type, proxied, ttl, comment = null } = asked;
  if (proxied && !proxiable.includes(type)) throw invalid(9004, "This record type cannot be proxied.");
  if (proxied && isPrivate(content))
    throw invalid(9003, `Target ${content} is not allowed for a proxied record.`);
  if (ttl !== 1 && !(ttl >= 60 && ttl <= 86_400))
    throw invalid(9021, "TTL must be between 60 and 86400 seconds, or 1 for Automatic.");
  // The real one takes it and answers 1, which is a change at each refresh.
  if (proxied && ttl !== 1) throw invalid(9021, "TTL must be 1 for a proxied record.");
  refuseComment(zone, comment, asked.tags ?? []);
  refuseNeighbours(zone, { name, type, content }, own);
  const { data, priority } = asked;
  return { name, type, content, data, priority, proxied, ttl, comment, modifiedOn: now() };
}

function fullName(zone: Zone, given: string): string {
  const name = given.toLowerCase().replace(/\.$/, "");
  if (name === "@") return zone.name;
  return name === zone.name || name.endsWith(`.${zone.name}`) ? name : `${name}.${zone.name}`;
}

function contentOf({ type, content, data, priority }: Body): string {
  const wrong = (words: string): ApiError =>
    invalid(1004, "DNS Validation Error", { error_chain: [{ code: 9005, message: words }] });
  if (type === "CAA") {
    // Its text is read-only: the API makes it of the parts.
    if (content !== undefined || data === undefined) throw wrong("CAA records take data, not content.");
    if (!["issue", "issuewild", "iodef"].includes(data.tag)) throw wrong("Invalid CAA tag.");
    return `${data.flags} ${data.tag} "${data.value}"`;
  }
  if (content === undefined || content === "") throw wrong("content is required");
  if (type === "A" && !isIPv4(content)) throw wrong("Content for A record must be a valid IPv4 address.");
  if (type === "AAAA" && !isIPv6(content))
    throw wrong("Content for AAAA record must be a valid IPv6 address.");
  // The real one takes it bare as well, and the dashboard warns of it.
  if (type === "TXT" && !/^"(?:[^"\\]|\\.){0,255}"(?: "(?:[^"\\]|\\.){0,255}")*$/.test(content))
    throw wrong("The content field of TXT records must be in quotation marks.");
  if (type === "MX" && priority === undefined) throw wrong("priority is required");
  return ["CNAME", "MX", "NS"].includes(type) ? content.toLowerCase().replace(/\.$/, "") : content;
}

function refuseComment(zone: Zone, comment: string | null, tags: readonly string[]): void {
  const longest = zone.plan === "free" ? 100 : 500;
  if ((comment ?? "").length > longest)
    throw invalid(9313, `DNS record comment exceeds the maximum length of ${longest} characters.`);
  if (zone.plan === "free" && tags.length > 0)
    throw invalid(9300, `DNS record has ${tags.length} tags, exceeding the quota of 0.`);
}

function refuseNeighbours(
  zone: Zone,
  { name, type, content }: Pick<DnsRecord, "name" | "type" | "content">,
  own: string | undefined,
): void {
  const there = [...zone.records.values()].filter((other) => other.name === name && other.id !== own);
  if (there.some((other) => other.type === type && other.content === content))
    throw invalid(81_058, "An identical record already exists.");
  if (type === "CNAME" && there.some((other) => proxiable.includes(other.type)))
    throw invalid(81_053, "An A, AAAA, or CNAME record with that host already exists.");
  if (proxiable.includes(type) && there.some((other) => other.type === "CNAME"))
    throw invalid(81_054, "A CNAME record with that host already exists.");
  const delegated = there.some((other) => other.type === "NS");
  if (delegated && type !== "NS") throw invalid(81_055, "NS records with that host already exist.");
}

const privateNetworks = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const)
  privateNetworks.addSubnet(network, bits);

const isPrivate = (content: string): boolean => isIPv4(content) && privateNetworks.check(content);

/** What a PUT would have said to make it as it is. */
const asBody = ({
  name,
  type,
  content,
  data,
  priority,
  proxied,
  ttl,
  comment,
}: DnsRecord): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries({
      ...{ name, type, data, priority, proxied, ttl, comment },
      ...(data === undefined ? { content } : {}),
    }).filter(([, value]) => value !== undefined),
  );

const recordBody = (record: DnsRecord): Record<string, unknown> => ({
  ...{ id: record.id, name: record.name, type: record.type, content: record.content },
  ...(record.data === undefined ? {} : { data: record.data }),
  ...(record.priority === undefined ? {} : { priority: record.priority }),
  ...{ proxiable: proxiable.includes(record.type), proxied: record.proxied, ttl: record.ttl },
  ...{ settings: {}, meta: {}, comment: record.comment, tags: [] },
  ...{ created_on: record.createdOn, modified_on: record.modifiedOn },
  ...(record.comment === null ? {} : { comment_modified_on: record.modifiedOn }),
});
