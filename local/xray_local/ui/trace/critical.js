// @ts-check
/**
 * The critical path: what one would have to shorten to make the trace shorter. Walked backwards from the end: whatever
 * ended last is what was waited for; before it began, again what ended last. No DOM.
 */

import { isDeadline } from "./model.js";

/** @typedef {import("./model.js").Span} Span */
/** @typedef {import("./model.js").Trace} Trace */
/** @typedef {{span: Span | null, start: number, end: number}} Step `span` did something of its own in that time; null: nothing in the trace did */

/** Steps that follow each other without gap or overlap, from the trace's first moment to its last. @param {Trace} trace @returns {Step[]} */
export function criticalPath(trace) {
  if (!trace.roots.length) return [];
  /** @type {Step[]} */
  const steps = [];
  // Going backwards, each frame is a span of which the time before `until` is not explained yet.
  /** @type {{span: Span | null, start: number, rest: Span[], until: number}[]} */
  const stack = [{ span: null, start: trace.start, rest: byEnd(trace.roots), until: trace.end }];
  while (stack.length) {
    const frame = stack[stack.length - 1];
    const next = nextBelow(frame);
    const from = next ? Math.min(next.last, frame.until) : frame.start;
    own(steps, frame.span, from, frame.until);
    if (next) {
      stack.push({ span: next, start: next.first, rest: byEnd(next.children), until: from });
      frame.until = Math.min(frame.until, next.first);
    } else stack.pop();
  }
  return steps.reverse();
}

/** The one that ended last before the frame's time; those that began later were not waited for. @param {{start: number, rest: Span[], until: number}} frame */
function nextBelow(frame) {
  while (frame.rest.length) {
    const next = /** @type {Span} */ (frame.rest.pop());
    if (next.first < frame.until) return next;
  }
  return undefined;
}

/** @param {Span[]} spans */
const byEnd = (spans) => spans.filter((span) => !isDeadline(span)).sort((one, other) => one.last - other.last || one.first - other.first);

/** Note a span's own time; what lies outside of it, between calls that outlive it, is nobody's. @param {Step[]} steps @param {Span | null} span @param {number} start @param {number} end */
function own(steps, span, start, end) {
  const from = span ? Math.min(Math.max(start, span.start), end) : end;
  const to = span ? Math.max(Math.min(end, span.end), start) : end;
  if (span && from < to) {
    note(steps, null, to, end);
    note(steps, span, from, to);
    note(steps, null, start, from);
  } else note(steps, null, start, end);
}

/** @param {Step[]} steps backwards @param {Span | null} span @param {number} start @param {number} end */
function note(steps, span, start, end) {
  if (end <= start) return;
  const later = steps[steps.length - 1];
  if (later && later.span === span && later.start === end) later.start = start;
  else steps.push({ span, start, end });
}

/** The spans on the path, in the order in which they did something. @param {Step[]} steps @returns {Span[]} */
export function stops(steps) {
  return [...new Set(steps.flatMap((step) => (step.span ? [step.span] : [])))];
}

/** The ids of those spans and of what called them. @param {Step[]} steps @returns {Set<string>} */
export function onPath(steps) {
  /** @type {Set<string>} */
  const found = new Set();
  for (const { span } of steps) for (let at = span; at && !found.has(at.id); at = at.parent) found.add(at.id);
  return found;
}
