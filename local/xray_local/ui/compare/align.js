// @ts-check
/** Two traces side by side: the same call is the one of the same name, at the same place in the tree, the same time in a row. No DOM. */
import { status } from "../format.js";
import { importTime } from "../trace/labels.js";
import { took } from "../trace/model.js";
import { REPEATS, worst } from "../trace/rows.js";
import { whereTimeWent } from "../trace/where.js";

/** @typedef {import("../trace/model.js").Span} Span */
/** @typedef {import("../trace/model.js").Trace} Trace */
/** @typedef {{spans: Span[], seconds: number | null, status: Span["status"]}} Side */
/** @typedef {{key: string, depth: number, label: string, detail: string, first: Side | null, second: Side | null, delta: number | null}} Pair */
/** @typedef {{name: string, kind: string, first: number, second: number, delta: number}} Share */

/** @param {Trace} first @param {Trace} second @returns {Pair[]} */
export function align(first, second) {
  /** @type {Pair[]} */
  const pairs = [];
  // Traces of differently named things can be compared, too: then what began them is the same thing.
  const alone = first.roots.length === 1 && second.roots.length === 1;
  const groups = alone ? [[first.roots, second.roots]] : grouped(first.roots, second.roots);
  for (const [ours, theirs] of groups) add(pairs, ours, theirs, "", 0);
  return pairs;
}

/** What two spans must have in common. @param {Span} span */
const identity = (span) => JSON.stringify([span.segment ? [span.node.name, span.node.origin] : span.sort, span.segment, importTime(span.node, "total_ms") !== null]);

/** @param {Span[]} spans @returns {Map<string, Span[]>} */
function byIdentity(spans) {
  /** @type {Map<string, Span[]>} */
  const found = new Map();
  for (const span of spans) {
    const key = identity(span);
    const known = found.get(key);
    if (known) known.push(span);
    else found.set(key, [span]);
  }
  return found;
}

/** The same things of both sides, in the first one's order; what only the second has stands before what comes after it there. @param {Span[]} first @param {Span[]} second @returns {[Span[], Span[]][]} */
function grouped(first, second) {
  const [ours, theirs] = [byIdentity(first), byIdentity(second)];
  /** @type {[Span[], Span[]][]} */
  const groups = [];
  const waiting = [...theirs.keys()];
  /** @param {number} count */
  const addTheirs = (count) => {
    for (const key of waiting.splice(0, count)) if (!ours.has(key)) groups.push([[], theirs.get(key) ?? []]);
  };
  for (const [key, spans] of ours) {
    addTheirs(waiting.indexOf(key) + 1);
    groups.push([spans, theirs.get(key) ?? []]);
  }
  addTheirs(waiting.length);
  return groups;
}

/** @param {Pair[]} pairs @param {Span[]} first @param {Span[]} second of one identity, in the order of time @param {string} above @param {number} depth */
function add(pairs, first, second, above, depth) {
  const one = first[0] ?? second[0];
  const key = `${above}/${identity(one)}`;
  const label = one.segment ? String(one.node.name) : one.sort;
  const detail = one.segment ? (one.node.origin ?? "") : "";
  const many = Math.max(first.length, second.length);
  if (many >= REPEATS) {
    pairs.push(pair({ key, depth, label, detail }, side(first), side(second)));
    return;
  }
  for (let place = 0; place < many; place += 1) {
    const [ours, theirs] = [first.slice(place, place + 1), second.slice(place, place + 1)];
    const own = many > 1 ? `${key}#${place}` : key;
    pairs.push(pair({ key: own, depth, label, detail }, side(ours), side(theirs)));
    for (const [left, right] of grouped(ours[0]?.children ?? [], theirs[0]?.children ?? [])) add(pairs, left, right, own, depth + 1);
  }
}

/** @param {Span[]} spans @returns {Side | null} */
function side(spans) {
  if (!spans.length) return null;
  const times = spans.map(took);
  const seconds = times.some((time) => time === null) ? null : times.reduce((sum, time) => Number(sum) + Number(time), 0);
  return { spans, seconds, status: spans.length === 1 ? spans[0].status : worst(spans) };
}

/** @param {{key: string, depth: number, label: string, detail: string}} head @param {Side | null} first @param {Side | null} second @returns {Pair} */
function pair(head, first, second) {
  const known = first?.seconds != null && second?.seconds != null;
  return { ...head, first, second, delta: known ? Number(second?.seconds) - Number(first?.seconds) : null };
}

/** Where the time went in both, the largest difference first. @param {Trace} first @param {Trace} second @returns {Share[]} */
export function shares(first, second) {
  /** @type {Map<string, Share>} */
  const found = new Map();
  for (const [trace, which] of /** @type {[Trace, "first" | "second"][]} */ ([[first, "first"], [second, "second"]])) {
    for (const { name, kind, seconds } of whereTimeWent(trace)) {
      const share = found.get(name) ?? { name, kind, first: 0, second: 0, delta: 0 };
      share[which] += seconds;
      found.set(name, share);
    }
  }
  const all = [...found.values()].map((share) => ({ ...share, delta: share.second - share.first }));
  return all.sort((one, other) => Math.abs(other.delta) - Math.abs(one.delta));
}

// Shorter differences than that are the noise of any machine.
const NOISE_S = 0.001;
const NOISE_SHARE = 0.1;

/** Whether a pair says something: only on one side, went otherwise, or another time. @param {Pair} found */
export function differs({ first, second, delta }) {
  if (!first || !second || first.status !== second.status || first.spans.length !== second.spans.length) return true;
  if (delta === null) return false;
  return Math.abs(delta) >= Math.max(NOISE_S, NOISE_SHARE * Math.max(first.seconds ?? 0, second.seconds ?? 0));
}

/** "2.1 times as long", "12 % shorter", "as long": the second against the first. @param {number} first @param {number} second */
export function ratio(first, second) {
  if (!(first > 0) || !(second > 0)) return "";
  const times = second / first;
  if (times > 0.995 && times < 1.005) return "as long";
  if (times >= 2) return `${Number(times.toPrecision(2))} times as long`;
  if (times <= 0.5) return `${Number((1 / times).toPrecision(2))} times as quick`;
  const share = Math.round(Math.abs(times - 1) * 100);
  return `${share} % ${times > 1 ? "longer" : "shorter"}`;
}

/** How a trace went as a whole. @param {Trace} trace */
export const outcome = (trace) => trace.roots[0]?.status ?? status({ in_progress: true });
