// @ts-check
/** The lines of the map as SVG path data: rings of shares, and arrows that leave and arrive along the flow. No DOM. */

/** @typedef {import("./layout.js").Point} Point */
/** @typedef {import("./layout.js").Direction} Direction */
/** @typedef {[Point, Point, Point, Point]} Cubic start, two controls, end */

/** @param {number} value */
const short = (value) => Number(value.toFixed(1));
/** @param {Point} point */
const text = (point) => `${short(point.x)} ${short(point.y)}`;

/** How far an arrow that leads back goes beyond its ends. */
const BEND = 36;

/**
 * Curves through all points; each leaves and arrives along the flow.
 * @param {Point[]} points @param {Direction} direction @param {number} [clear] how far from a node's middle an arrow passes it @returns {Cubic[]}
 */
export function curves(points, direction, clear = BEND) {
  const along = direction === "LR" ? "x" : "y";
  const across = direction === "LR" ? "y" : "x";
  if (points[points.length - 1][along] <= points[0][along]) return back(points, along, across, clear);
  return points.slice(1).map((end, place) => between(points[place], end, along, across));
}

/** @param {"x" | "y"} along @param {number} one @param {"x" | "y"} across @param {number} other */
const at = (along, one, across, other) => /** @type {Point} */ ({ [along]: one, [across]: other });

/** Leaves and arrives along the flow, or against it. @param {Point} start @param {Point} end @param {"x" | "y"} along @param {"x" | "y"} across @returns {Cubic} */
function between(start, end, along, across) {
  const bend = (end[along] - start[along]) / 2;
  return [start, at(along, start[along] + bend, across, start[across]), at(along, end[along] - bend, across, end[across]), end];
}

/**
 * To an earlier column: out and around, along the ways that the layout has kept free beside what lies between, and in from
 * the front. Between neighbours there is none: then beside both.
 * @param {Point[]} points @param {"x" | "y"} along @param {"x" | "y"} across @param {number} clear @returns {Cubic[]}
 */
function back(points, along, across, clear) {
  const [start, end] = [points[0], points[points.length - 1]];
  const inner = points.slice(1, -1);
  const beside = Math.max(start[across], end[across]) + clear * 2;
  /** @param {Point} node @param {Point | undefined} next */
  const past = (node, next) => {
    const lane = next ? next[across] : beside;
    return at(along, node[along], across, lane <= node[across] ? Math.min(lane, node[across] - clear) : Math.max(lane, node[across] + clear));
  };
  const [out, into] = [past(start, inner[0]), past(end, inner.at(-1))];
  const way = [out, ...inner, into];
  return [
    [start, at(along, start[along] + BEND, across, start[across]), at(along, start[along] + BEND, across, out[across]), out],
    ...way.slice(1).map((point, place) => between(way[place], point, along, across)),
    [into, at(along, end[along] - BEND, across, into[across]), at(along, end[along] - BEND, across, end[across]), end],
  ];
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
