// @ts-check
/** Filter expressions as texts: clauses made of names and values, put together and taken apart. No DOM. */

/** A value as X-Ray's language writes it: quotes and backslashes are escaped. @param {string} text */
export const quote = (text) => `"${text.replace(/[\\"]/g, "\\$&")}"`;

/** @param {unknown} value */
const literal = (value) => (typeof value === "string" ? quote(value) : String(value));

/** Keys of these characters follow a dot; others stand in brackets (grammar.lark, ANNOTATION). */
const PLAIN_KEY = /^[\w:@/-]+(\.[\w:@/-]+)*$/;

/** `annotation.key = value` @param {string} key @param {unknown} value */
export const annotation = (key, value) => `${annotationKey(key)} = ${literal(value)}`;

/** @param {string} key */
export const annotationKey = (key) => (PLAIN_KEY.test(key) ? `annotation.${key}` : `annotation[${quote(key)}]`);

/** `http.url = "..."`, `http.status = 500` @param {string} keyword @param {unknown} value @param {string} [operator] */
export const compare = (keyword, value, operator = "=") => `${keyword} ${operator} ${literal(value)}`;

/** A node of the map: `id(name: "orders", type: "AWS::DynamoDB::Table")`. @param {{Name: string, Type?: string | null}} node */
export const nodeId = (node) => `id(name: ${quote(node.Name)}${node.Type ? `, type: ${quote(node.Type)}` : ""})`;

/** Traces that pass a node, and where given, for which a condition holds there. @param {{Name: string, Type?: string | null}} node @param {string} [inside] */
export const service = (node, inside = "") => `service(${nodeId(node)})${inside ? ` { ${inside} }` : ""}`;

/** Traces that pass an arrow. @param {{Name: string, Type?: string | null}} from @param {{Name: string, Type?: string | null}} to @param {string} [inside] */
export const edge = (from, to, inside = "") => `edge(${nodeId(from)}, ${nodeId(to)})${inside ? ` { ${inside} }` : ""}`;

/** `responsetime >= 0.1 AND responsetime <= 0.5`; seconds. @param {{from: number, to: number}} range @param {string} [keyword] */
export const between = (range, keyword = "responsetime") => `${keyword} >= ${range.from} AND ${keyword} <= ${range.to}`;

/** @typedef {{kind: "word" | "text" | "sign", text: string, at: number}} Token */

/** The words, quoted texts and signs of an expression; a text that is not closed goes to the end, a colon at a word's end is a sign. @param {string} expression @returns {Token[]} */
export function tokens(expression) {
  /** @type {Token[]} */
  const found = [];
  const pattern = /\s*(?:("(?:[^"\\]|\\.)*"?)|(annotation\s*\[[^\]"]*(?:"[^"]*"?)?\s*\]?|[\w.@/+-]+(?::+[\w.@/+-]+)*)|([<>!]=|.))/gsu;
  for (const match of expression.matchAll(pattern)) {
    const [whole, text, word, sign] = match;
    const kind = text !== undefined ? "text" : word !== undefined ? "word" : "sign";
    const own = text ?? word ?? sign;
    if (own.trim()) found.push({ kind, text: own, at: match.index + whole.length - own.length });
  }
  return found;
}

const OPENS = "({[";
const CLOSES = ")}]";

/** The places of a word (AND, OR) outside of all brackets. @param {string} expression @param {string} word */
function outside(expression, word) {
  let depth = 0;
  return tokens(expression).filter((token) => {
    if (token.kind === "sign" && OPENS.includes(token.text)) depth += 1;
    if (token.kind === "sign" && CLOSES.includes(token.text)) depth -= 1;
    return depth === 0 && token.kind === "word" && token.text.toUpperCase() === word;
  });
}

/** The parts that AND joins at the top; an OR at the top makes one part of everything. @param {string} expression @returns {string[]} */
export function parts(expression) {
  const text = expression.trim();
  if (!text) return [];
  if (outside(text, "OR").length) return [text];
  let from = 0;
  const found = outside(text, "AND").map((token) => {
    const part = text.slice(from, token.at).trim();
    from = token.at + token.text.length;
    return part;
  });
  return [...found, text.slice(from).trim()].filter(Boolean);
}

/** Two texts for the same, however they are spaced. @param {string} one @param {string} other */
const same = (one, other) => tokens(one).map((token) => token.text).join(" ") === tokens(other).map((token) => token.text).join(" ");

/** Whether the expression asks for all parts of a clause. @param {string} expression @param {string} clause */
export const asks = (expression, clause) => parts(clause).every((wanted) => parts(expression).some((part) => same(part, wanted)));

/** Both at once. @param {string} expression @param {string} clause */
export function and(expression, clause) {
  if (!expression.trim()) return clause;
  if (!clause.trim() || asks(expression, clause)) return expression;
  return [expression, clause].map((text) => (outside(text, "OR").length ? `(${text.trim()})` : text.trim())).join(" AND ");
}

/** The expression without a clause that it asks for. @param {string} expression @param {string} clause */
export const without = (expression, clause) =>
  parts(expression).filter((part) => !parts(clause).some((unwanted) => same(part, unwanted))).join(" AND ");

/** Ask for a clause, or no longer. @param {string} expression @param {string} clause */
export const toggled = (expression, clause) => (asks(expression, clause) ? without(expression, clause) : and(expression, clause));

/**
 * The trace id that a pasted text names: X-Ray's form, W3C's 32 digits, a traceparent, or an X-Amzn-Trace-Id header.
 * @param {string} text @returns {string | null} in X-Ray's form
 */
export function traceId(text) {
  const own = /^(?:.*\broot=)?(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;.*)?$/i.exec(text.trim());
  if (own) return own[1].toLowerCase();
  const w3c = /^(?:00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}|([0-9a-f]{32}))$/i.exec(text.trim());
  const digits = (w3c?.[1] ?? w3c?.[2])?.toLowerCase();
  return digits ? `1-${digits.slice(0, 8)}-${digits.slice(8)}` : null;
}

/** When the trace began by its id, in seconds; NaN for what is no id. @param {string} id */
export const idTime = (id) => parseInt(/^1-([0-9a-f]{8})-/.exec(id)?.[1] ?? "", 16);
