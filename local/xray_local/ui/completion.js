// @ts-check
/**
 * What can be typed next in a filter expression, at the caret: keywords with what they mean, services, annotation keys
 * and the values that were seen. It looks at the words before the caret only, and never has to be right: an expression
 * that is checked by the server may hold more than is proposed here. No DOM.
 */
import { annotationKey, nodeId, quote, tokens } from "./expressions.js";

/** @typedef {{Keywords: {Name: string, Does: string}[], Services: {Name: string, Type: string}[], Annotations: Record<string, unknown[]>}} Seen */
/** @typedef {{insert: string, label: string, does: string, kind: string, back?: number}} Item `back`: how far before its end the caret goes */
/** @typedef {{from: number, to: number, items: Item[]}} Completion */

export const MOST_ITEMS = 60;

const FLAGS = new Set(["ok", "error", "throttle", "fault", "partial", "inferred", "root", "first", "last", "remote"]);
const NUMBERS = new Set(["responsetime", "duration", "http.status", "index", "coverage"]);
/** Keywords that stand in front of a bracket, with what completes them and how far back the caret then goes. */
const BRACKETS = /** @type {Record<string, [string, number]>} */ ({
  service: ["service()", 1],
  edge: ["edge(, )", 3],
  annotation: ["annotation.", 0],
  "rootcause.json": ["rootcause.json = #[]", 1],
});
// Elements of a root cause, and where they stand (grammar.lark, root_cause).
const INSIDE_CAUSE = /** @type {Record<string, string[]>} */ ({
  service: ["first", "last", "inferred", "index", "name", "type", "account.id"],
  entity: ["first", "last", "remote", "index", "name"],
  exception: ["first", "last", "index", "name", "message"],
});
const INSIDE_DOES = /** @type {Record<string, string>} */ ({
  first: "the first of the path",
  last: "the last of the path",
  remote: "a call of another service",
  index: "place in the path, from 0",
  coverage: "share of the response time that it took",
  message: "message of the exception",
});
// Of whole traces only: nothing of the kind inside of service() { } (grammar.lark, node_term).
const TOP_ONLY = /^(service|edge|group\.|rootcause\.)/;

const EQUAL = [["=", "is"], ["!=", "is not"]];
const ORDER = [["<", "less than"], ["<=", "at most"], [">", "more than"], [">=", "at least"]];
const TEXTUAL = [["CONTAINS", "has within"], ["BEGINSWITH", "begins with"], ["ENDSWITH", "ends with"]];
const JOIN = [["AND", "both"], ["OR", "one of both"]];
const OPERATOR = /^(=|!=|<|<=|>|>=|contains|beginswith|endswith)$/i;
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/** @param {string[][]} rows @returns {Item[]} */
const operators = (rows) => rows.map(([text, does]) => ({ insert: `${text} `, label: text, does, kind: "operator" }));

/** @param {string} word */
const kindOf = (word) =>
  word.startsWith("annotation") ? "annotation" : FLAGS.has(word) ? "flag" : NUMBERS.has(word) ? "number" : "text";

/**
 * Where the caret stands: the brackets around it, innermost last, each with the word before it.
 * @param {import("./expressions.js").Token[]} before
 */
function around(before) {
  /** @type {{sign: string, word: string}[]} */
  const open = [];
  /** What the last closed bracket belonged to: `service(...)` before `{`. */
  let closed = "";
  before.forEach((token, place) => {
    if (token.kind !== "sign") return;
    const last = before[place - 1];
    if ("({[".includes(token.text)) {
      const word = last?.kind === "word" ? last.text.toLowerCase() : token.text === "{" ? closed : "";
      open.push({ sign: token.text, word });
    } else if (")}]".includes(token.text)) closed = open.pop()?.word ?? "";
  });
  return { open, closed };
}

/** @param {Seen} seen @param {string} name */
const meaning = (seen, name) => INSIDE_DOES[name] ?? seen.Keywords.find((one) => one.Name === name)?.Does ?? "";

/** A keyword, with what has to follow it. @param {string} name @param {string} does @returns {Item} */
function keyword(name, does) {
  const [insert, back] = BRACKETS[name] ?? (/^rootcause\./.test(name) ? [`${name} {  }`, 2] : [`${name} `, 0]);
  return { insert, label: name, does, kind: "keyword", back };
}

/** @param {Seen} seen @returns {Item[]} */
const annotations = (seen) =>
  Object.entries(seen.Annotations).map(([key, values]) => ({
    insert: `${annotationKey(key)} `, label: annotationKey(key), kind: "annotation",
    does: `seen: ${values.slice(0, 3).map(String).join(", ")}${values.length > 3 ? ", …" : ""}`,
  }));

/** The nodes of the map, each name alone and with its type. @param {Seen} seen @returns {Item[]} */
function nodes(seen) {
  const names = [...new Set(seen.Services.map((one) => one.Name))];
  return [
    ...names.map((name) => ({ insert: quote(name), label: quote(name), does: "", kind: "service" })),
    ...seen.Services.filter((one) => one.Type).map((one) => ({ insert: nodeId(one), label: nodeId(one), does: one.Type, kind: "service" })),
  ];
}

/** Where a condition may begin. @param {Seen} seen @param {{sign: string, word: string}[]} open @returns {Item[]} */
function conditions(seen, open) {
  const inside = open.findLast((one) => one.sign === "{")?.word ?? "";
  const cause = /^rootcause\.(\w+)\.(\w+)$/.exec(inside);
  if (cause) {
    const names = INSIDE_CAUSE[cause[2]] ?? [];
    const more = cause[1] === "responsetime" && cause[2] === "entity" ? ["coverage"] : [];
    return [...names, ...more].map((name) => keyword(name, meaning(seen, name)));
  }
  const known = seen.Keywords.filter(({ Name }) => !(inside && TOP_ONLY.test(Name)));
  const words = known.map(({ Name, Does }) => keyword(Name, Does));
  const services = inside
    ? []
    : seen.Services.map((one) => ({ insert: `service(${nodeId(one)}) `, label: `service(${nodeId(one)})`, does: one.Type, kind: "service" }));
  return [...words, ...annotations(seen), ...services];
}

/** Values of a keyword behind an operator. @param {Seen} seen @param {string} word @param {string} [operator] @returns {Item[]} */
function values(seen, word, operator = "=") {
  /** @param {unknown[]} list @returns {Item[]} */
  const items = (list) =>
    list.filter((value) => suits(operator, value)).map((value) => {
      const text = typeof value === "string" ? quote(value) : String(value);
      return { insert: `${text} `, label: text, does: "", kind: "value" };
    });
  const known = valuesOf(seen, word);
  if (known) return items(known);
  if (word === "type") return items([...new Set(seen.Services.map((one) => one.Type).filter(Boolean))]);
  if (word === "name") return items([...new Set(seen.Services.map((one) => one.Name))]);
  if (word === "http.method") return items(METHODS);
  return FLAGS.has(word) ? items([true, false]) : [];
}

/** The values seen of an annotation, if the word is its key. @param {Seen} seen @param {string} word @returns {unknown[] | undefined} */
const valuesOf = (seen, word) => Object.entries(seen.Annotations).find(([key]) => annotationKey(key) === word)?.[1];

/** What can be asked of an annotation with such values. @param {unknown[]} known */
function comparisons(known) {
  const kinds = new Set(known.map((value) => typeof value));
  const ordered = !known.length || kinds.has("number") ? ORDER : [];
  return [...EQUAL, ...ordered, ...(!known.length || kinds.has("string") ? TEXTUAL : [])];
}

/** What follows a word that is complete. @param {Seen} seen @param {string} word as it is typed @returns {Item[]} */
function following(seen, word) {
  const kind = kindOf(word.toLowerCase());
  if (kind === "flag") return operators([...JOIN, ["= false", "it is not so"]]);
  if (kind === "number") return operators([...ORDER, ...EQUAL]);
  if (kind === "annotation") return operators(comparisons(valuesOf(seen, word) ?? []));
  return operators(/^group\./i.test(word) ? EQUAL : [...EQUAL, ...TEXTUAL]);
}

/** Whether a value may stand behind an operator. @param {string} operator @param {unknown} value */
function suits(operator, value) {
  if (/^[<>]/.test(operator)) return typeof value === "number";
  return !/^[a-z]/i.test(operator) || typeof value === "string";
}

/** @param {string} sign @returns {Item} */
const brace = (sign) => ({ insert: `${sign}  } `, label: "{ }", does: "a condition that holds there", kind: "operator", back: 3 });

/** Everything that may stand at the caret, whatever has been typed of it. @param {Seen} seen @param {import("./expressions.js").Token[]} before @returns {Item[]} */
function possible(seen, before) {
  const last = before.at(-1);
  const { open, closed } = around(before);
  const within = open.at(-1);
  const word = last?.text.toLowerCase() ?? "";
  const named = before.at(-2)?.text ?? "";
  if (within?.sign === "(" && within.word === "id") {
    if (word === ":") return values(seen, named.toLowerCase());
    return word === "(" || word === "," ? ["name", "type", "account.id"].map((name) => ({ insert: `${name}: `, label: name, does: meaning(seen, name), kind: "keyword" })) : [];
  }
  if (within?.sign === "(" && /^(service|edge)$/.test(within.word)) return word === "(" || word === "," ? nodes(seen) : [];
  if (within?.sign === "[") return [];
  if (!last || /^(and|or)$/.test(word) || "({!".includes(word)) return conditions(seen, open);
  if (OPERATOR.test(word)) return values(seen, /^annotation/i.test(named) ? named : named.toLowerCase(), word);
  if (word === ")" && /^(service|edge)$/.test(closed)) return [...operators(JOIN), brace("{")];
  const valued = OPERATOR.test(named);
  if (last.kind === "text" || valued || ")}".includes(word)) return operators(JOIN);
  return following(seen, last.text);
}

/** Signs in front of which a word may begin without a space. */
const STARTS = /[\s(){},:!=<>]/;

/** Where the word at the caret begins; within quotes it is the whole text. @param {string} text @param {number} caret */
function start(text, caret) {
  const last = tokens(text.slice(0, caret)).at(-1);
  if (!last) return caret;
  const closed = last.kind === "text" && last.text.length > 1 && last.text.endsWith('"');
  const touches = last.at + last.text.length === caret;
  if (last.kind === "text") return closed ? caret : last.at;
  return touches && !STARTS.test(last.text[0]) ? last.at : caret;
}

/** How well an item fits what was typed: 0 begins with it, 1 a part of it does, 2 has it within; -1 does not. @param {Item} item @param {string} typed */
function fit(item, typed) {
  const label = item.label.toLowerCase();
  if (label.startsWith(typed) || label.replace(/^"/, "").startsWith(typed.replace(/^"/, ""))) return 0;
  const bare = typed.replace(/^"/, "");
  if (!bare) return 0;
  if (label.split(/[."\s(]+/).some((part) => part.startsWith(bare))) return 1;
  return label.includes(bare) ? 2 : -1;
}

/** What the page proposes at a caret. @param {string} text @param {number} caret @param {Seen} seen @returns {Completion} */
export function complete(text, caret, seen) {
  const from = start(text, caret);
  const typed = text.slice(from, caret).toLowerCase();
  const fitting = possible(seen, tokens(text.slice(0, from)))
    .map((item) => ({ item, rank: fit(item, typed) }))
    .filter(({ rank }) => rank >= 0);
  fitting.sort((one, other) => one.rank - other.rank);
  // What is typed already in full needs no proposal.
  const items = fitting.map(({ item }) => item).filter((item) => item.insert.trim() !== text.slice(from, caret)).slice(0, MOST_ITEMS);
  return { from, to: caret, items };
}

/** The text with an item in place, and where the caret goes. @param {string} text @param {Completion} completion @param {Item} item */
export function inserted(text, completion, item) {
  const after = text.slice(completion.to);
  // A quote that stands there already is not written twice.
  const tail = item.insert.trimEnd().endsWith('"') && after.startsWith('"') ? after.slice(1) : after;
  const own = tail.startsWith(" ") ? item.insert.trimEnd() : item.insert;
  // From one end of an edge to the other, and out of the brackets of what is complete.
  const over = item.kind === "service" ? (/^(, |\))/.exec(tail)?.[0].length ?? 0) : 0;
  return { text: text.slice(0, completion.from) + own + tail, caret: completion.from + own.length + over - (item.back ?? 0) };
}
