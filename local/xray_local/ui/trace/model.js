// @ts-check
/**
 * A trace as the page shows it, from the documents as X-Ray returns them: every segment and subsegment as a span with
 * ends that can be drawn, hung below what called it. No DOM.
 */
import { status } from "../format.js";
import { parts, written } from "./answer.js";
import { exceptions, importTime, label, sort } from "./labels.js";

/** @typedef {import("./labels.js").Node} Node */
/** @typedef {import("./answer.js").Answer} Answer */
/** @typedef {"segment" | "aws" | "remote" | "import" | "local"} Kind */
/** @typedef {"fault" | "throttle" | "error" | "open" | "ok"} Status */

/** One segment or subsegment. A class, since a trace may have 10,000: texts are made when they are asked for, once. */
export class Span {
  /** @param {string} id of the document; `#2` and so on is added where one comes twice @param {Node} node @param {Span | null} parent */
  constructor(id, node, parent) {
    const start = Number(node.start_time) || 0;
    this.id = id;
    this.node = node;
    this.segment = parent === null;
    /** X-Ray's picture of the other side of a call. */
    this.inferred = parent === null && node.inferred === true;
    /** What called it; of a segment it is in another segment, or nowhere. */
    this.parent = parent;
    /** Its segment. @type {Span} */
    this.home = parent?.home ?? this;
    /** Subsegments, and segments that were called from here, by time. @type {Span[]} */
    this.children = [];
    /** Seconds since the epoch. */
    this.start = start;
    /** Its end is not known. */
    this.open = !Number.isFinite(node.end_time);
    /** Where its bar ends: of what is open the deadline, or the last that is known. @type {number} */
    this.end = this.open ? start : Math.max(start, node.end_time);
    /** What the layer said shortly before the function's time ran out, of something open then. @type {Span | null} */
    this.deadline = null;
    /** Of it and everything below, the earliest start and the latest end. */
    this.first = start;
    this.last = start;
    /** Of its children, and what is below them; without any, nothing is before or after. */
    this.firstBelow = Infinity;
    this.lastBelow = -Infinity;
    this.kind = kind(node, parent === null);
    /** @type {Status} */
    this.status = status(this.open ? { ...node, in_progress: true } : node);
    this.told = "";
    this.sorted = "";
  }

  get label() {
    return (this.told ||= label(this.node));
  }

  /** What is called: the same for calls that are repeats. */
  get sort() {
    return (this.sorted ||= sort(this.node));
  }
}

/** What came of one trace. */
export class Trace {
  /** @type {Span[]} those that came whole */
  #called;
  /** @type {import("./answer.js").Inferred[]} those that are made when they are asked for: only who looks for them needs them */
  #named;
  /** @type {Span[] | null} */
  #inferred = null;

  /** @param {Answer} answer @param {{roots: Span[], segments: Span[], called: Span[], named: import("./answer.js").Inferred[], spans: Map<string, Span>, extent: [number, number]}} made */
  constructor(answer, { roots, segments, called, named, spans, extent: [start, end] }) {
    this.id = answer.Id;
    /** What nothing in the trace has called, by time. */
    this.roots = roots;
    /** As they are shown: callers before what they call. */
    this.segments = segments;
    /** Segments and subsegments by id; `span` also finds what X-Ray infers. */
    this.spans = spans;
    this.start = start;
    this.end = end;
    this.limitExceeded = answer.LimitExceeded === true;
    this.notices = answer.Notices ?? [];
    this.#called = called;
    this.#named = named;
  }

  /** How many segments X-Ray infers. */
  get inferredCount() {
    return this.#called.length + this.#named.length;
  }

  /** Segments that X-Ray infers from their calls, by time. @returns {Span[]} */
  get inferred() {
    return (this.#inferred ??= [...this.#called, ...this.#named.map((one) => this.#made(one))].sort(byTime));
  }

  /** @param {string} id @returns {Span | undefined} */
  span(id) {
    if (!this.spans.has(id) && !this.#inferred && this.#named.some((one) => one[0] === id)) return this.inferred.find((one) => one.id === id);
    return this.spans.get(id);
  }

  /** @param {import("./answer.js").Inferred} inferred */
  #made(inferred) {
    const call = /** @type {Span} */ (this.spans.get(inferred[1]));
    const span = take(written(inferred, call.node, this.id), null, this.spans);
    bind(span, call);
    return span;
  }
}

// A clock's reading in a document has microseconds; what differs by less is the same moment.
const SAME_MOMENT_S = 0.001;

/** @param {Answer} answer @returns {Trace} */
export function build(answer) {
  const { sent, inferred: named } = parts(answer);
  /** @type {Map<string, Span>} */
  const spans = new Map();
  const tops = sent.map((node) => take(node, null, spans));
  const called = tops.filter((span) => span.inferred);
  const segments = tops.filter((span) => !span.inferred).sort(byTime);
  for (const span of called) span.parent = spans.get(String(span.node.parent_id)) ?? null;
  const roots = hang(segments, spans);
  const range = extent(spans.values());
  let order = walk(roots);
  if (adoptInitializations(order)) order = walk(roots);
  settle(order, range[1]);
  for (const span of called) bind(span, span.parent);
  return new Trace(answer, { roots, segments: order.filter((span) => span.segment), called, named, spans, extent: range });
}

/** It ends with its call, if that is here. @param {Span} inferred @param {Span | null} call */
function bind(inferred, call) {
  inferred.parent = call;
  inferred.end = call?.end ?? inferred.end;
  inferred.deadline = call?.deadline ?? null;
}

/** The first and the last moment that documents tell. @param {Iterable<Span>} spans @returns {[number, number]} */
function extent(spans) {
  let [first, last] = [Infinity, -Infinity];
  for (const { start, end } of spans) {
    if (start < first) first = start;
    if (end > last) last = end;
  }
  return first <= last ? [first, last] : [0, 0];
}

/** @param {Span} one @param {Span} other */
const byTime = (one, other) => one.start - other.start || one.end - other.end;

/** A span and those inside its document. @param {Node} node @param {Span | null} parent @param {Map<string, Span>} spans @returns {Span} */
function take(node, parent, spans) {
  let id = String(node.id);
  for (let copy = 2; spans.has(id); copy += 1) id = `${node.id}#${copy}`;
  const span = new Span(id, node, parent);
  spans.set(id, span);
  if (Array.isArray(node.subsegments)) for (const child of node.subsegments) span.children.push(take(child, span, spans));
  return span;
}

/** @param {Node} node @param {boolean} segment @returns {Kind} */
function kind(node, segment) {
  if (segment) return "segment";
  if (node.namespace === "aws" || node.namespace === "remote") return node.namespace;
  return importTime(node, "total_ms") === null ? "local" : "import";
}

/** Put segments below the subsegments that called them; two that call each other begin the tree where time does. @param {Span[]} segments @param {Map<string, Span>} spans */
function hang(segments, spans) {
  const roots = [];
  // The last first: when it is the turn of the one that began, what it called is below it already.
  for (const segment of [...segments].reverse()) {
    const caller = spans.get(String(segment.node.parent_id));
    if (!caller || caller.inferred || isAbove(segment, caller)) roots.push(segment);
    else {
      segment.parent = caller;
      caller.children.push(segment);
    }
  }
  return roots.reverse();
}

/** Whether a span called another one, through whatever. @param {Span} span @param {Span} other */
function isAbove(span, other) {
  for (const at of upwards(other)) if (at === span) return true;
  return false;
}

/** A span, what called it, and so on. @param {Span | null} span */
export function* upwards(span) {
  for (let at = span; at; at = at.parent) yield at;
}

/** The spans and everything below, callers first. @param {Span[]} spans @returns {Span[]} */
export function walk(spans) {
  /** @type {Span[]} */
  const found = [];
  const rest = [...spans].reverse();
  while (rest.length) {
    const span = /** @type {Span} */ (rest.pop());
    found.push(span);
    for (let place = span.children.length - 1; place >= 0; place -= 1) rest.push(span.children[place]);
  }
  return found;
}

/**
 * The layer can tell of a cold start with the first invocation only, so its subsegment comes below Lambda's Invocation.
 * Where it lies in the time of Lambda's Initialization, it is shown there. @param {Span[]} order @returns {boolean} whether anything was moved
 */
function adoptInitializations(order) {
  let any = false;
  for (const initialization of order.filter((span) => span.node.name === "Initialization" && span.parent?.segment)) {
    const phases = initialization.parent?.children ?? [];
    for (const phase of phases.filter((one) => one.node.name === "Invocation")) {
      const moved = phase.children.filter((child) => isInitialization(child) && child.end <= phase.start + SAME_MOMENT_S);
      if (!moved.length) continue;
      phase.children = phase.children.filter((child) => !moved.includes(child));
      for (const child of moved) child.parent = initialization;
      initialization.children.push(...moved);
      any = true;
    }
  }
  return any;
}

/** Whether the layer opened up a cold start in it. @param {Span} span */
export const isInitialization = (span) =>
  !span.segment && (span.node.annotations?.initialization_type !== undefined || (String(span.node.name).endsWith(" init") && span.children.some((child) => child.kind === "import" || child.node.name === "runtime start")));

/** Whether it is no work but what the layer said when the function's time was nearly over. @param {Span} span */
export const isDeadline = (span) => span.node.name === "Deadline" && span.status === "fault" && span.kind === "local" && span.parent !== null;

/** Ends for what is open, the order of children, and the extent of everything below. @param {Span[]} order callers first @param {number} latest */
function settle(order, latest) {
  for (const span of order) {
    const told = span.children.length ? span.children.find(isDeadline) : undefined;
    if (told) for (const below of walk(span.children)) if (below.open) below.deadline = told;
    if (told && span.open) span.deadline = told;
    if (!span.open) continue;
    const above = span.parent && span.parent.end > span.start ? span.parent.end : latest;
    span.end = Math.max(span.start, above);
  }
  for (let place = order.length - 1; place >= 0; place -= 1) {
    const span = order[place];
    span.children = sortedBy(span.children, byTime);
    for (const child of span.children) {
      if (child.first < span.firstBelow) span.firstBelow = child.first;
      if (child.last > span.lastBelow) span.lastBelow = child.last;
    }
    span.first = Math.min(span.start, span.firstBelow);
    span.last = Math.max(span.end, span.lastBelow);
  }
}

/** Sorted; most lists are already, and are given back as they are. @template T @param {T[]} list @param {(one: T, other: T) => number} compare @returns {T[]} */
export function sortedBy(list, compare) {
  for (let place = 1; place < list.length; place += 1) if (compare(list[place - 1], list[place]) > 0) return [...list].sort(compare);
  return list;
}

/** How long it took; a module's import can be interrupted, so its own sum counts. @param {Span} span @returns {number | null} null: not known */
export function took(span) {
  const total = importTime(span.node, "total_ms");
  if (total !== null) return total;
  return span.open ? null : span.end - span.start;
}

/** The status code of its answer. @param {Span} span @returns {number | undefined} */
export function code(span) {
  const found = span.node.http?.response?.status;
  return typeof found === "number" ? found : undefined;
}

/** Whether Lambda stopped the function of this segment because its time ran out. @param {Span} segment */
export const timedOut = (segment) => exceptions(segment.node).some((one) => one.type === "Sandbox.Timedout" || /^(.* )?Task timed out after /.test(String(one.message ?? "")));

/** @typedef {{trace: string, direction: "before" | "after" | "linked", names: string[]}} Link */

/** Traces whose messages this one took up, and that took up messages of this one. @param {Trace} trace @returns {Link[]} */
export function links(trace) {
  /** @type {Map<string, Link>} */
  const found = new Map();
  for (const span of trace.spans.values()) {
    if (!Array.isArray(span.node.links)) continue;
    for (const link of span.node.links) {
      if (!link?.trace_id || link.trace_id === trace.id) continue;
      const told = link.attributes ?? {};
      const reference = told["aws.xray.reserved.reference_type"];
      const direction = reference === "parent" ? "before" : reference === "child" ? "after" : "linked";
      const names = [told["aws.xray.reserved.names"] ?? []].flat().map(String);
      const key = `${link.trace_id} ${direction}`;
      const known = found.get(key);
      found.set(key, { trace: String(link.trace_id), direction, names: [...new Set([...(known?.names ?? []), ...names])] });
    }
  }
  return [...found.values()];
}
