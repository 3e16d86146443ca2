// @ts-check
/** The lines of the map as SVG path data: rings of shares, and arrows that leave and arrive along the flow. No DOM. */

/** @typedef {import("./layout.js").Point} Point */
/** @typedef {import("./layout.js").Direction} Direction */
/** @typedef {[Point, Point, Point, Point]} Cubic start, two controls, end */

/** @param {number} value */
const short = (value) => Number(value.toFixed(1));
/** @param {Point} point */
const text = (point) => `${short(point.x)} ${short(point.y)}`;

/** Points that arrows bend at have at least this much of line on both sides. */
const BEND = 36;

/**
 * Curves through all points; each leaves and arrives along the flow.
 * @param {Point[]} points @param {Direction} direction @returns {Cubic[]}
 */
export function curves(points, direction) {
  const along = direction === "LR" ? "x" : "y";
  const across = direction === "LR" ? "y" : "x";
  return points.slice(1).map((end, place) => {
    const start = points[place];
    const gap = end[along] - start[along];
    const bend = gap > 0 ? gap / 2 : Math.max(BEND, -gap / 2);
    // Back to an earlier column: around what lies between, not through it.
    const aside = gap > 0 ? 0 : BEND * 3;
    return [
      start,
      /** @type {Point} */ ({ [along]: start[along] + bend, [across]: start[across] + aside }),
      /** @type {Point} */ ({ [along]: end[along] - bend, [across]: end[across] + aside }),
      end,
    ];
  });
}

/** An arrow from a node to itself, over its top. @param {Point} at @param {number} radius @returns {Cubic[]} */
export function loop(at, radius) {
  const side = radius * 0.6;
  const top = at.y - radius * 0.8;
  const high = at.y - radius * 2.2;
  return [[{ x: at.x + side, y: top }, { x: at.x + side * 2.2, y: high }, { x: at.x - side * 2.2, y: high }, { x: at.x - side, y: top - 4 }]];
}

/** @param {Cubic[]} cubics */
export const pathData = (cubics) => `M${text(cubics[0][0])}${cubics.map(([, one, two, end]) => `C${text(one)} ${text(two)} ${text(end)}`).join("")}`;

/** The middle of the way. @param {Cubic[]} cubics @returns {Point} */
export function middle(cubics) {
  const [a, b, c, d] = cubics[Math.floor(cubics.length / 2)];
  if (cubics.length % 2 === 0) return a;
  return { x: (a.x + 3 * b.x + 3 * c.x + d.x) / 8, y: (a.y + 3 * b.y + 3 * c.y + d.y) / 8 };
}

/** Where a ring is cut, in degrees from the top, with a gap between two shares. @param {number[]} shares adding up to 1 @param {number} [gap] @returns {{from: number, to: number}[]} */
export function cuts(shares, gap = 3) {
  let at = 0;
  return shares.map((share) => {
    const from = at * 360;
    at += share;
    const inset = shares.length > 1 ? gap / 2 : 0;
    // However small a share is: what went wrong once among a thousand has to be seen.
    return { from: from + inset, to: Math.max(from + inset + 4, at * 360 - inset) };
  });
}

/** @param {Point} at @param {number} radius @param {{from: number, to: number}} cut degrees from the top, clockwise */
export function arc(at, radius, { from, to }) {
  if (to - from >= 359.9) return `M${text({ x: at.x, y: at.y - radius })}a${radius} ${radius} 0 1 1 0 ${2 * radius}a${radius} ${radius} 0 1 1 0 ${-2 * radius}`;
  /** @param {number} degrees */
  const on = (degrees) => text({ x: at.x + radius * Math.sin((degrees * Math.PI) / 180), y: at.y - radius * Math.cos((degrees * Math.PI) / 180) });
  return `M${on(from)}A${radius} ${radius} 0 ${to - from > 180 ? 1 : 0} 1 ${on(to)}`;
}
