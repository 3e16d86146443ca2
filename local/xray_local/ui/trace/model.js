// @ts-check
/**
 * A trace as the page shows it, from the documents as X-Ray returns them: every segment and subsegment as a span with
 * ends that can be drawn, hung below what called it. No DOM.
 */
import { status } from "../format.js";
import { exceptions, importTime, label, sort } from "./labels.js";

/** @typedef {import("./labels.js").Node} Node */
/** @typedef {{Id: string, Duration?: number, LimitExceeded?: boolean, Segments: Node[], Notices?: string[]}} Answer */
/** @typedef {"segment" | "aws" | "remote" | "import" | "local"} Kind */
/** @typedef {"fault" | "throttle" | "error" | "open" | "ok"} Status */
/**
 * @typedef {object} Trace
 * @property {string} id
 * @property {Span[]} roots what nothing in the trace has called, by time
 * @property {Span[]} segments as they are shown: callers before what they call
 * @property {Span[]} inferred
 * @property {Map<string, Span>} spans
 * @property {number} start
 * @property {number} end
 * @property {boolean} limitExceeded
 * @property {string[]} notices
 */

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

// A clock's reading in a document has microseconds; what differs by less is the same moment.
const SAME_MOMENT_S = 0.001;

/** @param {Answer} answer @returns {Trace} */
export function build(answer) {
  /** @type {Map<string, Span>} */
  const spans = new Map();
  const tops = (answer.Segments ?? []).map((node) => take(node, null, spans));
  const inferred = tops.filter((span) => span.inferred);
  const segments = tops.filter((span) => !span.inferred).sort(byTime);
  for (const span of inferred) span.parent = spans.get(String(span.node.parent_id)) ?? null;
  const roots = hang(segments, spans);
  const [start, end] = extent(spans.values());
  for (const root of roots) {
    adoptInitialization(root);
    settle(root, end);
  }
  for (const span of inferred) Object.assign(span, { end: span.parent?.end ?? span.end, deadline: span.parent?.deadline ?? null });
  return {
    id: answer.Id,
    roots,
    segments: [...walk(roots)].filter((span) => span.segment),
    inferred: inferred.sort(byTime),
    spans,
    start,
    end,
    limitExceeded: answer.LimitExceeded === true,
    notices: answer.Notices ?? [],
  };
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

/** The spans and everything below, callers first. @param {Span[]} spans @returns {Generator<Span>} */
export function* walk(spans) {
  const rest = [...spans].reverse();
  while (rest.length) {
    const span = /** @type {Span} */ (rest.pop());
    yield span;
    for (let place = span.children.length - 1; place >= 0; place -= 1) rest.push(span.children[place]);
  }
}

/**
 * The layer can tell of a cold start with the first invocation only, so its subsegment comes below Lambda's Invocation.
 * Where it lies in the time of Lambda's Initialization, it is shown there. @param {Span} root
 */
function adoptInitialization(root) {
  const found = [...walk([root])].filter((span) => span.node.name === "Initialization" && span.parent?.segment);
  for (const initialization of found) {
    const phases = initialization.parent?.children ?? [];
    for (const phase of phases.filter((one) => one.node.name === "Invocation")) {
      const moved = phase.children.filter((child) => isInitialization(child) && child.end <= phase.start + SAME_MOMENT_S);
      phase.children = phase.children.filter((child) => !moved.includes(child));
      for (const child of moved) child.parent = initialization;
      initialization.children.push(...moved);
    }
  }
}

/** Whether the layer opened up a cold start in it. @param {Span} span */
export const isInitialization = (span) =>
  !span.segment && (span.node.annotations?.initialization_type !== undefined || (String(span.node.name).endsWith(" init") && span.children.some((child) => child.kind === "import" || child.node.name === "runtime start")));

/** Whether it is no work but what the layer said when the function's time was nearly over. @param {Span} span */
export const isDeadline = (span) => span.node.name === "Deadline" && span.status === "fault" && span.kind === "local" && span.parent !== null;

/** Ends for what is open, the order of children, and the extent of everything below. @param {Span} root @param {number} latest */
function settle(root, latest) {
  const order = [...walk([root])];
  for (const span of order) {
    const told = span.children.find(isDeadline);
    if (told) for (const below of walk(span.children)) if (below.open) below.deadline = told;
    if (told && span.open) span.deadline = told;
    if (!span.open) continue;
    const above = span.parent && span.parent.end > span.start ? span.parent.end : latest;
    span.end = Math.max(span.start, above);
  }
  for (const span of order.reverse()) {
    span.children.sort(byTime);
    span.first = span.children.reduce((least, child) => Math.min(least, child.first), span.start);
    span.last = span.children.reduce((most, child) => Math.max(most, child.last), span.end);
  }
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
    for (const link of Array.isArray(span.node.links) ? span.node.links : []) {
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
