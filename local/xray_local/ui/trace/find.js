// @ts-check
/** Find inside a trace, since a virtual list leaves the browser's own search nothing to search in. No DOM. */

import { isDeadline } from "./model.js";

/** @typedef {import("./model.js").Span} Span */
/** @typedef {import("./model.js").Trace} Trace */

/** @type {WeakMap<Span, string>} */
const texts = new WeakMap();

/** All that a span says, in small letters. @param {Span} span */
function textOf(span) {
  let text = texts.get(span);
  if (text === undefined) {
    const { subsegments: _below, trace_id: _trace, ...own } = span.node;
    text = `${span.label}\n${values(own)}`.toLowerCase();
    texts.set(span, text);
  }
  return text;
}

/** Keys and values of a document. @param {unknown} value @returns {string} */
function values(value) {
  if (value === null || typeof value !== "object") return String(value);
  if (Array.isArray(value)) return value.map(values).join("\n");
  return Object.entries(value).map(([key, one]) => `${key} ${values(one)}`).join("\n");
}

/** The ids of the spans that say all the words, in the order of the timeline. @param {Trace} trace @param {string} words @returns {string[]} */
export function found(trace, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return [];
  const says = (/** @type {Span} */ span) => wanted.every((word) => textOf(span).includes(word));
  // What X-Ray infers says what its call says: the call is enough.
  return inOrder(trace).filter((span) => says(span) && !(span.inferred && span.parent && says(span.parent))).map((span) => span.id);
}

/** The spans as the timeline shows them: segment by segment, then inferred ones. @param {Trace} trace @returns {Span[]} */
export const inOrder = (trace) => [...recorded(trace), ...trace.inferred];

/** Those that were sent. @param {Trace} trace @returns {Span[]} */
function recorded(trace) {
  const order = [];
  for (const segment of trace.segments) {
    const rest = [segment];
    while (rest.length) {
      const span = /** @type {Span} */ (rest.pop());
      order.push(span);
      for (let place = span.children.length - 1; place >= 0; place -= 1) if (!span.children[place].segment) rest.push(span.children[place]);
    }
  }
  return order;
}

/** The next of some ids after one, around the end; `by` is 1 or -1. @param {string[]} order all ids @param {ReadonlySet<string>} wanted @param {string} from @param {1 | -1} by @returns {string | undefined} */
export function next(order, wanted, from, by) {
  if (!wanted.size) return undefined;
  const known = order.indexOf(from);
  const at = known < 0 && by < 0 ? order.length : known;
  for (let step = 1; step <= order.length; step += 1) {
    const id = order[(at + by * step + order.length * 2) % order.length];
    if (wanted.has(id)) return id;
  }
  return undefined;
}

/** The spans in which something went wrong and nothing below says so: where to look. @param {Trace} trace @returns {string[]} */
export function wrong(trace) {
  const bad = recorded(trace).filter((span) => (["fault", "error", "throttle"].includes(span.status) || (span.open && span.deadline !== null)) && !isDeadline(span));
  /** @type {Set<Span>} */
  const told = new Set();
  for (const span of bad) for (let at = span.parent; at && !told.has(at); at = at.parent) told.add(at);
  return bad.filter((span) => !told.has(span)).map((span) => span.id);
}
