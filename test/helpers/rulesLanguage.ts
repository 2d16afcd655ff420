/**
 * A reader of Cloudflare's rules language, as far as rules of ours go, written from its description and not from what
 * writes them: tells whether a request matches.
 */

export interface Request {
  "http.host": string;
  "http.request.uri.path": string;
  "ip.src.country": string;
  "ip.src": string;
  "cf.client.bot": boolean;
}

type Token = { text: string } | { word: string };

/** Texts in quotes, with \" and \\ in them; all else is words and single signs. */
function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let rest = source;
  while (rest.trim() !== "") {
    rest = rest.trimStart();
    const quoted = /^"((?:[^"\\]|\\["\\])*)"/.exec(rest);
    const other = /^(?:[(){},]|[^\s(){},"]+)/.exec(rest);
    const [whole = "", inner] = quoted ?? other ?? [];
    if (whole === "") throw new Error(`can't read on at ${rest}`);
    tokens.push(inner === undefined ? { word: whole } : { text: inner.replace(/\\(["\\])/g, "$1") });
    rest = rest.slice(whole.length);
  }
  return tokens;
}

const numberOf = (address: string): number =>
  address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

function isIn(address: string, network: string): boolean {
  const [base = "", prefix = "32"] = network.split("/");
  const size = 2 ** (32 - Number(prefix));
  return Math.floor(numberOf(address) / size) === Math.floor(numberOf(base) / size);
}

/** Whether an expression matches; throws where Cloudflare would refuse it. */
export function matches(source: string, request: Request): boolean {
  const tokens = tokensOf(source);
  let at = 0;
  const peek = (): string => {
    const token = tokens[at];
    return token === undefined || "text" in token ? "" : token.word;
  };
  const next = (): Token => {
    const token = tokens[at++];
    if (token === undefined) throw new Error(`ends too early: ${source}`);
    return token;
  };
  const expect = (word: string): void => {
    const token = next();
    if (!("word" in token) || token.word !== word) throw new Error(`no ${word} where it belongs: ${source}`);
  };
  const text = (): string => {
    const token = next();
    if (!("text" in token)) throw new Error(`a text without quotes, ${token.word}: ${source}`);
    return token.text;
  };

  // "or" binds least, then "and", then "not".
  const any = (): boolean => {
    let result = all();
    while (peek() === "or") {
      next();
      const right = all();
      result = result || right;
    }
    return result;
  };
  const all = (): boolean => {
    let result = one();
    while (peek() === "and") {
      next();
      const right = one();
      result = result && right;
    }
    return result;
  };
  const one = (): boolean => {
    const word = peek();
    next();
    if (word === "not") return !one();
    if (word === "(") {
      const result = any();
      expect(")");
      return result;
    }
    if (word === "starts_with") {
      expect("(");
      const field = peek() as keyof Request;
      next();
      expect(",");
      const start = text();
      expect(")");
      return String(request[field]).startsWith(start);
    }
    if (!(word in request)) throw new Error(`no such field, ${word}: ${source}`);
    const value = request[word as keyof Request];
    if (typeof value === "boolean") return value;
    expect("in");
    return inList(word, value);
  };
  const inList = (field: string, value: string): boolean => {
    expect("{");
    const items: string[] = [];
    while (peek() !== "}") {
      const token = next();
      if ("text" in token !== (field !== "ip.src"))
        throw new Error(`${field} in a list of the wrong kind: ${source}`);
      items.push("text" in token ? token.text : token.word);
    }
    expect("}");
    if (items.length === 0) throw new Error(`an empty list: ${source}`);
    return field === "ip.src" ? items.some((network) => isIn(value, network)) : items.includes(value);
  };

  const result = any();
  if (at < tokens.length) throw new Error(`more behind the end: ${source}`);
  return result;
}
