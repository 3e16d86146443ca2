// @ts-check
/**
 * Columns that would be far longer than the others are broken into several, side by side and staggered, so that a map of
 * one client, fifteen functions and thirty tables fills the screen instead of a strip of it. No DOM.
 */

/**
 * @typedef {{along: number, across: number, whole: number, wanted: number}} Room what a node and the gap after it take, along
 * and across the flow; columns of up to `whole` nodes stay in one piece, others are broken until the map is `wanted` times as
 * long as it is broad
 */

/**
 * How many nodes stand below each other at most. @param {number[]} lengths of the columns @param {Room} room @returns {number}
 */
export function mostRows(lengths, room) {
  const longest = Math.max(0, ...lengths);
  for (let rows = longest; rows > room.whole; rows -= 1) {
    const along = lengths.reduce((sum, length) => sum + Math.ceil(length / rows), 0) * room.along;
    if (along >= room.wanted * rows * room.across) return rows;
  }
  return Math.min(longest, room.whole);
}

/**
 * For each column, into how many it is broken and how far it is moved by what the columns before it take more.
 * @param {number[]} lengths @param {Room} room @returns {{parts: number, moved: number}[]}
 */
export function broken(lengths, room) {
  const rows = mostRows(lengths, room);
  let moved = 0;
  return lengths.map((length) => {
    const own = { parts: Math.max(1, Math.ceil(length / Math.max(1, rows))), moved };
    moved += (own.parts - 1) * room.along;
    return own;
  });
}
