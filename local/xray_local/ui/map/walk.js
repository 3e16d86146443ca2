// @ts-check
/** From node to node with the arrow keys. No DOM. */

/** @typedef {import("./layout.js").Point} Point */

const TOWARDS = /** @type {Record<string, {x: number, y: number}>} */ ({
  ArrowLeft: { x: -1, y: 0 }, ArrowRight: { x: 1, y: 0 }, ArrowUp: { x: 0, y: -1 }, ArrowDown: { x: 0, y: 1 },
});

/**
 * The nearest node in the direction of a key; what lies aside counts as further away.
 * @param {Map<string, Point>} places @param {string} from @param {string} key @returns {string | null}
 */
export function neighbour(places, from, key) {
  const towards = TOWARDS[key];
  const start = places.get(from);
  if (!towards || !start) return null;
  let best = null;
  let least = Infinity;
  for (const [name, place] of places) {
    const [dx, dy] = [place.x - start.x, place.y - start.y];
    const ahead = dx * towards.x + dy * towards.y;
    const aside = Math.abs(dx * towards.y) + Math.abs(dy * towards.x);
    if (name === from || ahead <= 0 || ahead < aside * 0.5) continue;
    const far = ahead + aside * 2;
    if (far < least) [best, least] = [name, far];
  }
  return best;
}

/** Whether a key is one of those. @param {string} key */
export const walks = (key) => key in TOWARDS;
