/** XML of XMPP: read by xmldom, written with everything escaped. */
import { DOMParser, type Element, type Node, onErrorStopParsing } from "@xmldom/xmldom";

/** One element of a stream, as text that is ready to be sent. */
export type Xml = string & { readonly xml: unique symbol };

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** An element with attributes (undefined ones are left out) and children; a string child is text. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly (Xml | { readonly text: string })[]
): Xml {
  const given = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escaped(value)}"`],
  );
  const inner = children.map((child) => (typeof child === "string" ? child : escaped(child.text))).join("");
  return `<${name}${given.join("")}>${inner}</${name}>` as Xml;
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => escapes[letter] ?? letter);

/** The element that a websocket message of XMPP is (RFC 7395: each message is one); undefined: it isn't XML. */
export function parseXml(text: string): Element | undefined {
  try {
    const { documentElement } = new DOMParser({ onError: onErrorStopParsing }).parseFromString(
      text,
      "text/xml",
    );
    return documentElement ?? undefined;
  } catch {
    return undefined;
  }
}

/** Children that are elements, by name and namespace; `*` is any. */
export function childrenOf(parent: Element, name: string, namespace = "*"): Element[] {
  const found: Element[] = [];
  for (const child of parent.childNodes) {
    if (!isElement(child)) continue;
    const named = name === "*" || child.localName === name;
    if (named && (namespace === "*" || child.namespaceURI === namespace)) found.push(child);
  }
  return found;
}

const isElement = (node: Node): node is Element => node.nodeType === node.ELEMENT_NODE;

/** The first such child. */
export function childOf(parent: Element, name: string, namespace = "*"): Element | undefined {
  return childrenOf(parent, name, namespace)[0];
}

const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

/** What a stanza or SASL refused with: the condition (RFC 6120 sections 6.5 and 8.3.3) and its text, if any. */
export function conditionOf(refusal: Element): { readonly condition: string; readonly text?: string } {
  const parts = childrenOf(refusal, "*").filter(
    ({ namespaceURI }) => namespaceURI === STANZAS || namespaceURI === refusal.namespaceURI,
  );
  const condition = parts.find(({ localName }) => localName !== "text")?.localName ?? "undefined-condition";
  const text = parts.find(({ localName }) => localName === "text")?.textContent ?? undefined;
  return { condition, ...(text === undefined ? {} : { text }) };
}
