// @ts-check
/** The rows of the timeline: which are there, in which order, and what stands for many. No DOM. */
import { status } from "../format.js";
import { gaps } from "./gaps.js";
import { exception } from "./labels.js";
import { isInitialization, took, walk } from "./model.js";

/** @typedef {import("./model.js").Span} Span */
/** @typedef {import("./model.js").Trace} Trace */
/** @typedef {import("./gaps.js").Piece} Piece */
/**
 * @typedef {object} Row
 * @property {string} key stays the same while the trace grows
 * @property {"span" | "gap" | "repeat" | "called"} kind called: the heading of what X-Ray shows of services without segments
 * @property {number} depth
 * @property {string} label
 * @property {string} detail
 * @property {Span | null} span of a gap the one that it belongs to
 * @property {Span[]} spans of a repeat
 * @property {Piece[]} pieces
 * @property {number | null} seconds
 * @property {import("./model.js").Status} status
 * @property {boolean | null} open whether what is below is shown; null: nothing is below
 * @property {string} above the key of the row that it is folded into
 */
/** @typedef {{folds: ReadonlyMap<string, boolean>, gaps: boolean, only?: ReadonlySet<string>}} Choice `only`: ids of spans that are shown, and nothing else */

// As many calls of one kind below one parent are a loop, and are shown as one row.
export const REPEATS = 5;
// An initialization with more imports than that is closed at first: the flame chart shows it better.
const IMPORTS_SHOWN = 6;
export const CALLED = "called";
/** @type {Span[]} */
const NONE = [];

/** @param {Trace} trace @param {Choice} choice @returns {Row[]} */
export function rows(trace, choice) {
  /** @type {Row[]} */
  const made = [];
  for (const segment of trace.segments) add(made, segment, 0, "", trace, choice);
  if (trace.inferredCount && !choice.only) addCalled(made, trace, choice);
  return made;
}

/** Whether a row is unfolded. @param {Choice} choice @param {string} key @param {boolean} at_first */
const isOpen = (choice, key, at_first) => choice.folds.get(key) ?? at_first;

/** @param {Row[]} made @param {Span} span @param {number} depth @param {string} above @param {Trace} trace @param {Choice} choice */
function add(made, span, depth, above, trace, choice) {
  if (choice.only && !choice.only.has(span.id)) return;
  const below = span.children.length ? span.children.filter((child) => !child.segment && (!choice.only || choice.only.has(child.id))) : NONE;
  const own = choice.gaps && !choice.only ? gaps(span, trace) : [];
  const many = isInitialization(span) && walk(span.children).length > IMPORTS_SHOWN;
  const open = below.length || own.length ? isOpen(choice, span.id, !many || Boolean(choice.only)) : null;
  const row = new SpanRow(span, depth, above);
  row.open = open;
  made.push(row);
  if (open) addBelow(made, span, { below, own, depth: depth + 1, trace, choice });
}

/** The row of a span. Of 5,000 some 40 are drawn, so what is drawn of it is made when it is asked for. @implements {Row} */
class SpanRow {
  /** @param {Span} span @param {number} depth @param {string} above */
  constructor(span, depth, above) {
    this.key = span.id;
    this.kind = /** @type {const} */ ("span");
    this.depth = depth;
    this.above = above;
    this.span = span;
    this.spans = NONE;
    /** @type {boolean | null} */
    this.open = null;
    this.status = span.status;
  }

  get label() {
    return this.span.label;
  }

  get detail() {
    return detailOf(this.span);
  }

  get seconds() {
    return took(this.span);
  }

  /** @returns {Piece[]} */
  get pieces() {
    return [[this.span.start, this.span.end]];
  }
}

/** What stands behind the label: where it runs, what went wrong, the statement of a query. @param {Span} span */
function detailOf(span) {
  const said = [span.segment ? (span.node.origin ?? "") : "", exception(span.node) || (span.node.sql?.sanitized_query ?? "")];
  return said.filter(Boolean).join("  ");
}

/** @param {Row[]} made @param {Span} span @param {{below: Span[], own: import("./gaps.js").Gap[], depth: number, trace: Trace, choice: Choice}} what */
function addBelow(made, span, { below, own, depth, trace, choice }) {
  const repeated = choice.only ? new Map() : repeats(below);
  const waiting = [...own];
  /** @param {number} until */
  const addGaps = (until) => {
    while (waiting.length && waiting[0].pieces[0][0] < until) made.push(gapRow(/** @type {import("./gaps.js").Gap} */ (waiting.shift()), depth));
  };
  for (const child of below) {
    addGaps(child.first);
    const group = repeated.get(child);
    if (!group) add(made, child, depth, span.id, trace, choice);
    else if (group[0] === child) addRepeat(made, group, { depth, above: span.id, trace, choice });
  }
  addGaps(Infinity);
}

/** @param {import("./gaps.js").Gap} gap @param {number} depth @returns {Row} */
const gapRow = (gap, depth) => ({
  key: gap.key, kind: "gap", depth, above: gap.span.id, span: gap.span, spans: [], open: null,
  label: gap.name, detail: gap.does, pieces: gap.pieces, seconds: gap.total, status: "ok",
});

/** Calls of one kind below one parent, by each of them. @param {Span[]} spans @returns {Map<Span, Span[]>} */
function repeats(spans) {
  /** @type {Map<string, Span[]>} */
  const groups = new Map();
  if (spans.length < REPEATS) return new Map();
  for (const span of spans) {
    if (span.kind === "import") continue;
    const name = span.sort;
    const group = groups.get(name);
    if (group) group.push(span);
    else groups.set(name, [span]);
  }
  /** @type {Map<Span, Span[]>} */
  const many = new Map();
  for (const group of groups.values()) if (group.length >= REPEATS) for (const span of group) many.set(span, group);
  return many;
}

/** @param {Row[]} made @param {Span[]} spans @param {{depth: number, above: string, trace: Trace, choice: Choice}} place */
function addRepeat(made, spans, { depth, above, trace, choice }) {
  const key = `${spans[0].id}×`;
  const open = isOpen(choice, key, false);
  made.push({
    key, kind: "repeat", depth, above, span: null, spans, open,
    label: `${spans[0].sort} × ${spans.length}`,
    detail: "",
    pieces: spans.map((span) => [span.start, span.end]),
    seconds: covered(spans),
    status: worst(spans),
  });
  if (open) for (const span of spans) add(made, span, depth + 1, key, trace, choice);
}

/** @param {Row[]} made @param {Trace} trace @param {Choice} choice */
function addCalled(made, trace, choice) {
  const open = isOpen(choice, CALLED, false);
  made.push(new CalledRow(trace, open));
  if (!open) return;
  for (const group of services(trace.inferred)) {
    if (group.length < 2) made.push(new SpanRow(group[0], 1, CALLED));
    else addService(made, group, choice);
  }
}

/** The heading of what X-Ray infers, which in a trace of many calls is far below what is seen first. @implements {Row} */
class CalledRow {
  /** @param {Trace} trace @param {boolean} open */
  constructor(trace, open) {
    this.key = CALLED;
    this.kind = /** @type {const} */ ("called");
    this.depth = 0;
    this.label = "Called services";
    this.detail = "as their callers saw them";
    this.span = null;
    this.seconds = null;
    this.open = open;
    this.above = "";
    this.trace = trace;
  }

  get spans() {
    return this.trace.inferred;
  }

  /** @returns {Piece[]} */
  get pieces() {
    return this.spans.map((span) => [span.start, span.end]);
  }

  get status() {
    return worst(this.spans);
  }
}

/** @param {Row[]} made @param {Span[]} group @param {Choice} choice */
function addService(made, group, choice) {
  const key = `${CALLED}/${group[0].id}`;
  const open = isOpen(choice, key, false);
  const { name, origin } = group[0].node;
  made.push({
    key, kind: "repeat", depth: 1, above: CALLED, span: null, spans: group, open,
    label: `${name} × ${group.length}`, detail: origin ?? "",
    pieces: group.map((span) => [span.start, span.end]), seconds: covered(group), status: worst(group),
  });
  if (open) for (const span of group) made.push(new SpanRow(span, 2, key));
}

/** The inferred segments of one service each, as the console groups them. @param {Span[]} inferred @returns {Span[][]} */
function services(inferred) {
  /** @type {Map<string, Span[]>} */
  const groups = new Map();
  for (const span of inferred) {
    const name = JSON.stringify([span.node.name, span.node.origin, span.node.aws?.resource_names]);
    const group = groups.get(name);
    if (group) group.push(span);
    else groups.set(name, [span]);
  }
  return [...groups.values()];
}

/** How long at least one of them was at work. @param {Span[]} spans in the order of their starts */
export function covered(spans) {
  let at = -Infinity;
  let sum = 0;
  for (const span of spans) {
    sum += Math.max(0, span.end - Math.max(at, span.start));
    at = Math.max(at, span.end);
  }
  return sum;
}

/** @param {Span[]} spans */
export const worst = (spans) =>
  status({
    fault: spans.some((span) => span.status === "fault"),
    throttle: spans.some((span) => span.status === "throttle"),
    error: spans.some((span) => span.status === "error"),
    in_progress: spans.some((span) => span.open),
  });

/** What has to be unfolded so that a span has a row. @param {Trace} trace @param {string} id @returns {string[]} */
export function leadingTo(trace, id) {
  const span = trace.span(id);
  if (!span) return [];
  if (span.inferred) {
    const group = services(trace.inferred).find((one) => one.includes(span)) ?? [];
    return group.length > 1 ? [CALLED, `${CALLED}/${group[0].id}`] : [CALLED];
  }
  const keys = [];
  for (let at = span; at.parent && !at.segment; at = at.parent) {
    const group = repeats(at.parent.children.filter((child) => !child.segment)).get(at);
    if (group) keys.push(`${group[0].id}×`);
    keys.push(at.parent.id);
  }
  return keys.reverse();
}
