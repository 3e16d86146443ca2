// @ts-check
/** Distributions of times: which bars there are, and where a range among them begins and ends. No DOM. */

/** @typedef {{Value: number, Count: number}} Bucket of the API's histograms: how often a time was seen; seconds */
/** @typedef {{from: number, to: number, count: number}} Bar from inclusive, to exclusive but for the last one; seconds */

// Times that differ by more than that are told apart on a logarithmic axis only.
const LINEAR_UP_TO = 20;
// Where a logarithmic axis begins at the latest.
const SMALLEST = 0.0001;
// X-Ray rounds to milliseconds: narrower bars would be empty in between.
const FINEST = 0.001;

/** The value that a share of a sorted list lies below. @param {Float64Array} sorted @param {number} share */
const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

/** Two digits that mean something, rounded down or up, so that ends of ranges can be read and written. @param {number} value @param {(value: number) => number} round */
function readable(value, round) {
  if (value === 0) return 0;
  const step = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 1);
  return Number((round(Number((value / step).toPrecision(9))) * step).toPrecision(2));
}

/**
 * Bars over values. Each end is a number of few digits; equal ends fall together, so there may be fewer than wanted.
 * @param {number[]} values seconds @param {number} [wanted] @returns {Bar[]}
 */
export function fromValues(values, wanted = 40) {
  const sorted = Float64Array.from(values).sort();
  if (!sorted.length) return [];
  const ends = edges(Math.max(sorted[0], 0), sorted[sorted.length - 1], quantile(sorted, 0.02), quantile(sorted, 0.98), wanted);
  // A logarithmic axis cannot begin at 0; what is shorter than its beginning is in the first bar all the same.
  if (sorted[0] < ends[0]) ends[0] = readable(Math.max(sorted[0], 0), Math.floor);
  const bars = ends.slice(1).map((to, place) => ({ from: ends[place], to, count: 0 }));
  let at = 0;
  for (const value of sorted) {
    while (at < bars.length - 1 && value >= bars[at].to) at += 1;
    bars[at].count += 1;
  }
  return bars;
}

/** @param {number} least @param {number} most @param {number} low @param {number} high @param {number} wanted */
function edges(least, most, low, high, wanted) {
  const logarithmic = high / Math.max(low, SMALLEST) > LINEAR_UP_TO;
  const first = readable(Math.max(least, logarithmic ? SMALLEST : 0), Math.floor);
  const last = Math.max(readable(most, Math.ceil), Number((first + FINEST).toPrecision(6)));
  const length = logarithmic ? wanted : Math.max(1, Math.min(wanted, Math.round((last - first) / FINEST)));
  const ends = Array.from({ length: length + 1 }, (_none, place) => {
    const share = place / length;
    return logarithmic ? first * (last / first) ** share : first + (last - first) * share;
  });
  const precision = logarithmic ? 2 : 3;
  const rounded = ends.map((end) => Number(end.toPrecision(precision)));
  return [...new Set([first, ...rounded.slice(1, -1).filter((end) => end > first && end < last), last])];
}

/**
 * Bars over a histogram of the API ({Value, Count} in any order).
 * @param {Bucket[]} histogram @param {number} [wanted] @returns {Bar[]}
 */
export function fromHistogram(histogram, wanted = 40) {
  const values = histogram.map((one) => one.Value);
  const bars = fromValues(values, wanted).map((bar) => ({ ...bar, count: 0 }));
  for (const { Value, Count } of histogram) {
    const found = bars.find((bar, place) => Value < bar.to || place === bars.length - 1);
    if (found) found.count += Count;
  }
  return bars;
}

/** Histograms of the API as one, by value. @param {Bucket[][]} lists @returns {Bucket[]} */
export function merged(lists) {
  /** @type {Map<number, number>} */
  const counted = new Map();
  for (const { Value, Count } of lists.flat()) counted.set(Value, (counted.get(Value) ?? 0) + Count);
  return [...counted].map(([Value, Count]) => ({ Value, Count })).sort((one, other) => one.Value - other.Value);
}

/** @typedef {{from: number, to: number}} Range seconds; both ends belong to it */

/** "0.1~0.5" as a range; null for anything else. @param {string | undefined} text @returns {Range | null} */
export function parseRange(text) {
  const [from, to] = (text ?? "").split("~").map((part) => (part.trim() === "" ? NaN : Number(part)));
  return from >= 0 && from <= to ? { from, to } : null;
}

/** @param {Range | null} range */
export const rangeText = (range) => (range ? `${range.from}~${range.to}` : "");

/** The range that the bars between two places cover. @param {Bar[]} bars @param {number} one @param {number} other @returns {Range} */
export const covered = (bars, one, other) => ({ from: bars[Math.min(one, other)].from, to: bars[Math.max(one, other)].to });

/** The first and last bar that a range touches. @param {Bar[]} bars @param {Range} range @returns {[number, number]} */
export function places(bars, range) {
  const first = bars.findIndex((bar) => bar.to > range.from);
  const last = bars.findLastIndex((bar) => bar.from < range.to);
  const most = bars.length - 1;
  const start = first < 0 ? most : first;
  return [start, Math.max(start, last < 0 ? 0 : last)];
}

/** Which bars have their beginning written below them: about as many as wanted, evenly spread. @param {Bar[]} bars @param {number} [wanted] @returns {number[]} */
export function ticks(bars, wanted = 5) {
  const step = Math.max(1, Math.round(bars.length / wanted));
  return bars.map((_bar, place) => place).filter((place) => place % step === 0 && place <= bars.length - step / 2);
}
