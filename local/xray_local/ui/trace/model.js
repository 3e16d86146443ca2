// @ts-check
/**
 * A trace as the page shows it, from the documents as X-Ray returns them: every segment and subsegment as a span with
 * ends that can be drawn, hung below what called it. No DOM.
 */
import { status } from "../format.js";
import { exceptions, importTime, label } from "./labels.js";

/** @typedef {import("./labels.js").Node} Node */
/** @typedef {{Id: string, Duration?: number, LimitExceeded?: boolean, Segments: Node[], Notices?: string[]}} Answer */
/**
 * @typedef {object} Span
 * @property {string} id of the document; `#2` and so on is added where one comes twice
 * @property {Node} node
 * @property {boolean} segment
 * @property {boolean} inferred X-Ray's picture of the other side of a call
 * @property {Span | null} parent what called it; of a segment it is in another segment, or nowhere
 * @property {Span[]} children subsegments, and segments that were called from here, by time
 * @property {Span} home its segment
 * @property {number} start seconds since the epoch
 * @property {number} end where its bar ends: of what is open the deadline, or the last that is known
 * @property {boolean} open its end is not known
 * @property {Span | null} deadline what the layer said shortly before the function's time ran out, of something open then
 * @property {number} first of it and everything below, the earliest start
 * @property {number} last of it and everything below, the latest end
 * @property {"segment" | "aws" | "remote" | "import" | "local"} kind
 * @property {"fault" | "throttle" | "error" | "open" | "ok"} status
 * @property {string} label
 */
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
  const known = [...spans.values()].flatMap((span) => [span.node.start_time, span.node.end_time]).filter(Number.isFinite);
  const end = known.reduce((one, other) => Math.max(one, other), -Infinity);
  for (const root of roots) {
    adoptInitialization(root);
    settle(root, end);
  }
  for (const span of inferred) Object.assign(span, { end: span.parent?.end ?? span.end, deadline: span.parent?.deadline ?? null });
  const start = known.reduce((one, other) => Math.min(one, other), Infinity);
  return {
    id: answer.Id,
    roots,
    segments: [...walk(roots)].filter((span) => span.segment),
    inferred: inferred.sort(byTime),
    spans,
    start: known.length ? start : 0,
    end: known.length ? end : 0,
    limitExceeded: answer.LimitExceeded === true,
    notices: answer.Notices ?? [],
  };
}

/** @param {Span} one @param {Span} other */
const byTime = (one, other) => one.start - other.start || one.end - other.end;

/** A span and those inside its document. @param {Node} node @param {Span | null} parent @param {Map<string, Span>} spans @returns {Span} */
function take(node, parent, spans) {
  let id = String(node.id);
  for (let copy = 2; spans.has(id); copy += 1) id = `${node.id}#${copy}`;
  const start = Number(node.start_time) || 0;
  const open = !Number.isFinite(node.end_time);
  let text = "";
  const span = /** @type {Span} */ ({
    id, node, parent, start, open,
    end: open ? start : Math.max(start, node.end_time),
    segment: parent === null,
    inferred: parent === null && node.inferred === true,
    deadline: null,
    first: start,
    last: start,
    kind: kind(node, parent === null),
    status: status(open ? { ...node, in_progress: true } : node),
    get label() {
      return (text ||= label(node));
    },
  });
  span.home = parent?.home ?? span;
  spans.set(id, span);
  const below = Array.isArray(node.subsegments) ? node.subsegments : [];
  span.children = below.map((child) => take(child, span, spans));
  return span;
}

/** @param {Node} node @param {boolean} segment @returns {Span["kind"]} */
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
    const circular = caller && [...upwards(caller)].some((span) => span === segment);
    if (!caller || caller.inferred || circular) roots.push(segment);
    else {
      segment.parent = caller;
      caller.children.push(segment);
    }
  }
  return roots.reverse();
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
  !span.segment && (span.node.annotations?.initialization_type !== undefined || (/ init$/.test(span.node.name) && span.children.some((child) => child.kind === "import" || child.node.name === "runtime start")));

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
