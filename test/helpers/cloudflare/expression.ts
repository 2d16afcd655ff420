/** Reads expressions in the rules language as the real API does before it takes a rule: grammar, types, lengths. */
import { isIP } from "node:net";
import { fields, functions, type Kind, ordering, ofStrings, symbols } from "./language";

/** What an expression uses: plans allow some of it. */
export interface Used {
  readonly fields: ReadonlySet<string>;
  readonly operators: ReadonlySet<string>;
}

export const maxLength = 4096;

interface Token {
  readonly type: "string" | "word" | "mark";
  readonly text: string;
  readonly at: number;
}

const tokens =
  /\s+|"(?:[^"\\]|\\(?:["\\]|x[0-9A-Fa-f]{2}))*"|r(#*)".*?"\1|&&|\|\||\^\^|[!=<>]=|[<>~!(){}[\],*]|\$?[A-Za-z0-9_.:/]+/gsy;

/** @throws Error with the parser's words, as the API says them. */
export function parseExpression(text: string): Used {
  if (text.trim() === "") throw new Error("the expression cannot be blank");
  if (text.length > maxLength) throw new Error(`the expression exceeded the maximum length of ${maxLength}`);
  return new Parser(tokenize(text)).whole();
}

function tokenize(text: string): Token[] {
  const found: Token[] = [];
  tokens.lastIndex = 0;
  while (tokens.lastIndex < text.length) {
    const at = tokens.lastIndex;
    const [token] = tokens.exec(text) ?? [];
    if (token === undefined) throw failure(at, `unrecognised input: ${text.slice(at, at + 20)}`);
    if (token.trim() === "") continue;
    const type = /^(r#*)?"/.test(token) ? "string" : /^[\w$]/.test(token) ? "word" : "mark";
    found.push({ type, text: token, at });
  }
  return found;
}

const failure = (at: number, words: string): Error =>
  new Error(`could not parse filter expression: Filter parsing error (1:${at + 1}): ${words}`);

class Parser {
  private readonly fields = new Set<string>();
  private readonly operators = new Set<string>();
  private next = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  whole(): Used {
    if (this.logical(["or", "xor", "and"]) !== "bool") throw this.wrong("expected a boolean");
    if (this.next < this.tokens.length) throw this.wrong("unrecognised input");
    return { fields: this.fields, operators: this.operators };
  }

  /** The operators bind the more the later they stand. */
  private logical([operator, ...tighter]: readonly string[]): Kind {
    if (operator === undefined) return this.negation();
    const left = this.logical(tighter);
    while (this.operator() === operator) {
      this.next += 1;
      const right = this.logical(tighter);
      if (left !== right || !left.startsWith("bool")) throw this.wrong(`${operator} takes booleans`);
    }
    return left;
  }

  private negation(): Kind {
    if (this.operator() === "not") {
      this.next += 1;
      const kind = this.negation();
      if (!kind.startsWith("bool")) throw this.wrong("not takes a boolean");
      return kind;
    }
    if (this.peek()?.text === "(") {
      this.next += 1;
      const kind = this.logical(["or", "xor", "and"]);
      this.take(")");
      return kind;
    }
    return this.comparison();
  }

  private comparison(): Kind {
    const left = this.value();
    const operator = this.operator();
    const gives = left === "strings" ? "bools" : "bool";
    if (operator === "strict") {
      this.next += 1;
      if (this.operator() !== "wildcard") throw this.wrong("expected wildcard");
    } else if (operator === undefined || !this.takes(left, operator)) {
      if (!left.startsWith("bool")) throw this.wrong("expected an operator");
      return left;
    }
    const name = this.operator() ?? "";
    this.operators.add(name);
    this.next += 1;
    const kind = left === "strings" ? "string" : left;
    if (name !== "in") this.literal(kind);
    else if (this.peek()?.text.startsWith("$") === true) this.next += 1;
    else this.list(kind);
    return gives;
  }

  private takes(kind: Kind, operator: string): boolean {
    if (["and", "or", "xor"].includes(operator) || kind.startsWith("bool")) return false;
    if (["eq", "ne", "in"].includes(operator)) return true;
    if (ordering.includes(operator)) return kind !== "ip";
    return ofStrings.includes(operator) && kind.startsWith("string");
  }

  private list(kind: Kind): void {
    this.take("{");
    if (this.peek()?.text === "}") throw this.wrong("the list is empty");
    while (this.peek()?.text !== "}") this.literal(kind, true);
    this.next += 1;
  }

  private literal(kind: Kind, inList = false): void {
    const token = this.peek();
    const fits = {
      string: () => token?.type === "string",
      number: () => /^\d+$/.test(token?.text ?? ""),
      ip: () => isAddress(token?.text ?? "", inList),
    }[kind as "string" | "number" | "ip"];
    if (token === undefined || !fits()) throw this.wrong(`expected a ${kind} literal`);
    this.next += 1;
  }

  /** A field, a call, or a text as an argument. */
  private value(): Kind {
    const token = this.peek();
    if (token === undefined) throw this.wrong("expected an expression");
    if (token.type === "string") {
      this.next += 1;
      return "string";
    }
    if (token.text === "true" || token.text === "false") {
      this.next += 1;
      return "bool";
    }
    if (Object.hasOwn(functions, token.text)) return this.call(token.text);
    const kind = fields[token.text];
    if (kind === undefined) throw this.wrong("unknown identifier");
    this.next += 1;
    this.fields.add(token.text);
    return token.text === "http.request.headers" ? this.header() : kind;
  }

  /** `["name"][0]` is one text, `["name"][*]` are all. */
  private header(): Kind {
    this.take("[");
    this.literal("string");
    this.take("]");
    this.take("[");
    const index = this.peek()?.text;
    if (index !== "*" && !/^\d+$/.test(index ?? "")) throw this.wrong("expected an index");
    this.next += 1;
    this.take("]");
    return index === "*" ? "strings" : "string";
  }

  private call(name: string): Kind {
    const { takes = [], gives = "bool" } = functions[name] ?? {};
    this.next += 1;
    this.take("(");
    const given = takes.map((kind, index) => {
      if (index > 0) this.take(",");
      const argument = kind === "bools" ? this.logical(["or", "xor", "and"]) : this.value();
      if (argument !== kind && !(kind === "string" && argument === "strings"))
        throw this.wrong(`${name} takes ${kind}, got ${argument}`);
      return argument;
    });
    this.take(")");
    return given[0] === "strings" && gives === "bool" ? "bools" : gives;
  }

  private peek(): Token | undefined {
    return this.tokens[this.next];
  }

  /** The operator that comes next, in its English form. */
  private operator(): string | undefined {
    const token = this.peek();
    return token === undefined || token.type === "string" ? undefined : (symbols[token.text] ?? token.text);
  }

  private take(mark: string): void {
    if (this.peek()?.text !== mark) throw this.wrong(`expected ${mark}`);
    this.next += 1;
  }

  private wrong(words: string): Error {
    const token = this.peek();
    return failure(
      token?.at ?? this.tokens.at(-1)?.at ?? 0,
      `${words}${token === undefined ? "" : ` at ${token.text}`}`,
    );
  }
}

/** Networks stand in lists only, without the bits of a host. */
function isAddress(text: string, inList: boolean): boolean {
  const [address = "", bits, ...more] = text.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  if (bits === undefined) return true;
  return inList && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}
