// @ts-check
/** Time that no subsegment accounts for, and what it was spent on as far as that is known. No DOM. */
import { isDeadline, isInitialization, sortedBy } from "./model.js";

/** @typedef {import("./model.js").Span} Span */
/** @typedef {import("./model.js").Trace} Trace */
/** @typedef {[number, number]} Piece start and end, seconds since the epoch */
/** @typedef {"before" | "between" | "after"} Where among what is known of the span */
/** @typedef {{key: string, span: Span, name: string, does: string, pieces: Piece[], total: number}} Gap */

// Shorter than this share of the trace and than a millisecond a gap is not worth a row.
const WORTH_A_ROW = 0.01;
const LEAST_S = 0.001;

/** @type {Record<string, [string, string]>} name and explanation */
const NAMES = {
  placement: ["Placement", "Lambda finds a machine, and fetches the code and the layers"],
  way: ["Before the function", "Lambda hands the event to a waiting environment"],
  back: ["After the function", "Lambda hands the answer back"],
  environment: ["Environment start", "before Python runs: the sandbox, the runtime, extensions"],
  ready: ["Until ready", "from the end of the module's loading to Lambda's end of the phase"],
  module: ["Other loading", "the module's own code, and imports too short to be shown"],
  event: ["Runtime before", "Python receives and reads the event"],
  answer: ["Runtime after", "Python writes and sends the answer"],
  own: ["Own code", "time in no recorded call"],
  untold: ["Not recorded", "Lambda told nothing of this time"],
};

/** What a gap of that name is; "" for other names. @param {string} name */
export const explained = (name) => Object.values(NAMES).find(([own]) => own === name)?.[1] ?? "";

const FUNCTION = "AWS::Lambda::Function";

/** Whether the layer recorded the handler, so that what is beside it is the runtime's. @param {Span} span Lambda's Invocation */
const hasHandler = (span) => span.children.some((child) => child.node.annotations?.cold_start !== undefined && !isInitialization(child));

/** What a span does where none of its subsegments is at work. @param {Span} span @param {Where} where @returns {[string, string]} */
export function ownTime(span, where) {
  const { name, origin } = span.node;
  const lambda = origin === "AWS::Lambda" || (/^Attempt #\d+$/.test(name) && span.home.node.origin === "AWS::Lambda");
  if (lambda) {
    const cold = span.children.some((child) => child.children.some((phase) => phase.node.name === "Initialization"));
    return where === "after" ? NAMES.back : cold ? NAMES.placement : NAMES.way;
  }
  if (origin === FUNCTION) return NAMES.untold;
  if (name === "Initialization" && span.parent?.segment) return where === "before" ? NAMES.environment : NAMES.ready;
  if (isInitialization(span)) return NAMES.module;
  if (name === "Invocation" && span.parent?.node.origin === FUNCTION && hasHandler(span)) return where === "before" ? NAMES.event : NAMES.answer;
  return NAMES.own;
}

/** A span's time without its subsegments', in pieces. @param {Span} span @returns {Piece[]} */
export function uncovered(span) {
  /** @type {Piece[]} */
  const pieces = [];
  let at = span.start;
  for (const child of sortedBy(span.children, byFirst)) {
    if (isDeadline(child)) continue;
    const until = Math.min(child.first, span.end);
    if (until > at) pieces.push([at, until]);
    at = Math.max(at, child.last);
    if (at >= span.end) break;
  }
  if (at < span.end) pieces.push([at, span.end]);
  return pieces;
}

/** @param {Span} one @param {Span} other */
const byFirst = (one, other) => one.first - other.first;

/** Where a moment lies among a span's subsegments. @param {Span} span @param {number} at @returns {Where} */
export function whereIn(span, at) {
  if (at < span.firstBelow) return "before";
  return at >= span.lastBelow ? "after" : "between";
}

/** The gaps of a span that are worth a row, in the order of time. Spans without anything below explain themselves. @param {Span} span @param {Trace} trace @returns {Gap[]} */
export function gaps(span, trace) {
  if (!span.children.length || span.kind === "import" || span.kind === "aws" || span.kind === "remote") return [];
  const least = Math.max(LEAST_S, (trace.end - trace.start) * WORTH_A_ROW);
  /** @type {Map<string, Gap>} */
  const found = new Map();
  for (const piece of uncovered(span)) {
    const [name, does] = ownTime(span, whereIn(span, piece[0]));
    const gap = found.get(name) ?? { key: `${span.id}/${name}`, span, name, does, pieces: [], total: 0 };
    gap.pieces.push(piece);
    gap.total += piece[1] - piece[0];
    found.set(name, gap);
  }
  return [...found.values()].filter((gap) => gap.total >= least);
}
