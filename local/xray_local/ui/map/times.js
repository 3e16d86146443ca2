// @ts-check
/** X-Ray's histograms: how often which time was measured, in seconds, ascending. No DOM. */

/** @typedef {{Value: number, Count: number}} Count */

/** @param {Count[]} counts */
export const total = (counts) => counts.reduce((sum, { Count }) => sum + Count, 0);

/** How many lie within, both ends included. @param {Count[]} counts @param {{from: number, to: number}} range */
export const within = (counts, range) => total(counts.filter(({ Value }) => Value >= range.from && Value <= range.to));

/** The smallest value that at least this share does not exceed. @param {Count[]} counts ascending @param {number} share 0 to 1 @returns {number | null} */
export function percentile(counts, share) {
  const wanted = total(counts) * share;
  let seen = 0;
  for (const { Value, Count } of counts) {
    seen += Count;
    if (seen >= wanted) return Value;
  }
  return null;
}
