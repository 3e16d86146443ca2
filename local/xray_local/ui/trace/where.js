// @ts-check
/** Where the time went: the critical path, added up by what it was spent on. The sums make up the trace's duration. No DOM. */
import { criticalPath } from "./critical.js";
import { ownTime, whereIn } from "./gaps.js";
import { isInitialization, upwards } from "./model.js";

/** @typedef {import("./model.js").Span} Span */
/** @typedef {import("./model.js").Trace} Trace */
/** @typedef {"start" | "init" | "own" | "aws" | "remote" | "lambda" | "other"} Kind which colour it has */
/** @typedef {{name: string, kind: Kind, seconds: number, count: number}} Share `count`: of the calls, 0 for what is no call */

/** Between the parts of a trace, as before a second attempt. */
export const WAITING = "Waiting";

/** @type {Record<string, [string, Kind]>} subsegments of Lambda that have nothing below */
const PHASES = {
  Overhead: ["Overhead: extensions and clean-up", "lambda"],
  "Dwell Time": ["Waiting in Lambda's queue", "lambda"],
  Initialization: ["Initialization", "init"],
  Invocation: ["Own code", "own"],
};

/** @param {Trace} trace @returns {Share[]} in the order in which they come first */
export function whereTimeWent(trace) {
  /** @type {Map<string, Share & {spans: Set<string>}>} */
  const found = new Map();
  const told = named();
  for (const { span, start, end } of criticalPath(trace)) {
    const [name, kind] = span ? told(span, whereIn(span, start)) : /** @type {[string, Kind]} */ ([WAITING, "other"]);
    const share = found.get(name) ?? { name, kind, seconds: 0, count: 0, spans: new Set() };
    share.seconds += end - start;
    if (span && (kind === "aws" || kind === "remote")) share.spans.add(span.id);
    found.set(name, share);
  }
  return [...found.values()].map(({ spans, ...share }) => ({ ...share, count: spans.size }));
}

/** `nameOf` that remembers: a span that makes 1,000 calls is on the path 1,000 times. @returns {typeof nameOf} */
function named() {
  /** @type {Map<Span, Partial<Record<import("./gaps.js").Where, [string, Kind]>>>} */
  const known = new Map();
  return (span, where) => {
    let names = known.get(span);
    if (!names) known.set(span, (names = {}));
    return (names[where] ??= nameOf(span, where));
  };
}

/** @param {Span} span @param {import("./gaps.js").Where} where among what is below it @returns {[string, Kind]} */
function nameOf(span, where) {
  for (let at = span; at && !at.segment; at = /** @type {Span} */ (at.parent)) {
    if (at.kind === "aws" || at.kind === "remote") return [at.node.name, at.kind];
  }
  if (span.kind === "import" || inInitialization(span)) return ["Imports and module code", "init"];
  if (!span.segment && !span.children.length && span.parent?.segment && span.node.name in PHASES) return PHASES[span.node.name];
  const [name] = ownTime(span, where);
  return [name, KINDS[name] ?? "other"];
}

/** @param {Span} span */
function inInitialization(span) {
  for (const at of upwards(span)) if (isInitialization(at)) return true;
  return false;
}

/** @type {Record<string, Kind>} */
const KINDS = {
  Placement: "start",
  "Before the function": "lambda",
  "After the function": "lambda",
  "Environment start": "init",
  "Until ready": "init",
  "Runtime before": "lambda",
  "Runtime after": "lambda",
  "Own code": "own",
};
