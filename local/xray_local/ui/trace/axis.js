// @ts-check
/** The time axis: marks at round values, and the part of the trace that is shown. Times are seconds since the trace's start. No DOM. */
import { duration } from "../format.js";

/** @typedef {{from: number, to: number}} Range */

// A range this short still shows single microseconds, which is what documents have.
const SHORTEST_S = 0.00002;
const ROUND = [1, 2, 5, 10];
// Round steps of what is counted in minutes and hours; days are counted by tens again.
const LONG_S = [30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200];
const DAY_S = 86400;
// From there on marks are said in minutes, hours, days.
const LONG_FROM_S = 600;

/** @param {number} rough @returns {number} the next round one */
function roundStep(rough) {
  const long = rough > 20 && LONG_S.find((step) => step >= rough);
  if (long) return long;
  const unit = rough > 20 ? DAY_S : 1;
  const power = 10 ** Math.floor(Math.log10(rough / unit));
  return unit * power * (ROUND.find((one) => one * power * unit >= rough * 0.999999) ?? 10);
}

/** Round moments within a range, at most `most` of them. @param {Range} range @param {number} most @returns {number[]} */
export function marks({ from, to }, most) {
  const rough = (to - from) / Math.max(1, most);
  if (!(rough > 0)) return [0];
  const step = roundStep(rough);
  const first = Math.ceil((from - step * 1e-9) / step);
  const last = Math.floor((to + step * 1e-9) / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

/** A moment for the axis, in one unit for all of its marks. @param {number} at @param {Range} range */
export function mark(at, { from, to }) {
  if (to - from >= LONG_FROM_S) return at ? duration(at) : "0 s";
  const longest = Math.max(Math.abs(from), Math.abs(to));
  const [unit, factor] = longest >= 1 ? ["s", 1] : longest >= 0.001 ? ["ms", 1e3] : ["µs", 1e6];
  return `${Number((at * factor).toFixed(factor === 1 ? 6 : 3))} ${unit}`;
}

/** The range within the trace, neither empty nor beyond its ends. @param {Range} range @param {number} length of the trace @returns {Range} */
export function within({ from, to }, length) {
  const wide = Math.min(length, Math.max(Math.abs(to - from), SHORTEST_S));
  const start = Math.min(Math.max(0, Math.min(from, to)), Math.max(0, length - wide));
  return { from: start, to: start + wide };
}

/** Wider (factor > 1) or narrower around its middle, or around a moment. @param {Range} range @param {number} factor @param {number} length @param {number} [around] */
export function zoomed({ from, to }, factor, length, around = (from + to) / 2) {
  return within({ from: around - (around - from) * factor, to: around + (to - around) * factor }, length);
}

/** "0.1~0.25" as in the address. @param {string | undefined} text @param {number} length @returns {Range} */
export function parseRange(text, length) {
  const [from, to] = (text ?? "").split("~").map(Number);
  const valid = Number.isFinite(from) && Number.isFinite(to) && to > from && to > 0 && from < length;
  return valid ? within({ from, to }, length) : { from: 0, to: length };
}

/** Empty for the whole trace. @param {Range} range @param {number} length */
export function rangeText({ from, to }, length) {
  if (from <= 0 && to >= length) return "";
  return `${Number(from.toFixed(6))}~${Number(to.toFixed(6))}`;
}

/**
 * Bars as one path: x runs from 0 to `width` over the range; y and height as given. Bars shorter than `least` are drawn
 * that long, and those that fall on the same place as the one before are left out.
 * @param {Iterable<[number, number]>} pieces start and end @param {Range} range
 * @param {{width: number, y: number, height: number, least: number}} box
 */
export function bars(pieces, { from, to }, { width, y, height, least }) {
  const scale = width / (to - from || 1);
  let path = "";
  let drawn = -Infinity;
  for (const [start, end] of pieces) {
    if (end < from || start > to) continue;
    const left = Math.max(0, (start - from) * scale);
    const right = Math.min(width, Math.max((end - from) * scale, left + least));
    if (right <= drawn) continue;
    const at = Math.min(left, width - least);
    path += `M${at.toFixed(2)} ${y}h${Math.max(right - at, least).toFixed(2)}v${height}H${at.toFixed(2)}z`;
    drawn = right;
  }
  return path;
}
