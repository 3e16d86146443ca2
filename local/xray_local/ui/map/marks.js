// @ts-check
/** A node and an edge as they are drawn. */
import { html } from "../base.js";
import { STATUS, duration } from "../format.js";
import { arc, curves, cuts, loop, middle, pathData } from "./curves.js";
import { OUTCOMES, average, shares } from "./graph.js";
import { ICONS, kindOf, shortName, shortened } from "./kinds.js";
import { often } from "./words.js";

/** @typedef {import("./layout.js").Point} Point */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./graph.js").Node} Node */
/** @typedef {import("./graph.js").Edge} Edge */

const RING = { wide: 5, dense: 4 };
// Letters of these sizes that fit beside each other in the room of a node.
const FITS = { wide: { name: 20, type: 23 }, dense: { name: 14, type: 22 } };

// How wide letters of these texts are on average, in the widest of common fonts. A name of wider ones lies over its arrow's beginning.
const NAME_LETTER = 9.6;
const TYPE_LETTER = 7;

/** @param {{kind: import("./kinds.js").Kind, at?: Point, size: number}} props */
export function Icon({ kind, at = { x: 0, y: 0 }, size }) {
  const scale = size / 24;
  return html`<path class="icon" d=${ICONS[kind]} transform=${`translate(${at.x - size / 2} ${at.y - size / 2}) scale(${scale})`}/>`;
}

/** The share of each outcome around a circle. @param {{counts: import("./graph.js").Counts, radius: number, width: number}} props */
function Ring({ counts, radius, width }) {
  const parts = shares(counts);
  const places = cuts(parts.map(({ share }) => share));
  const at = { x: 0, y: 0 };
  if (!parts.length) return html`<path class="ring none" d=${arc(at, radius, { from: 0, to: 360 })} stroke-width=${width / 2} />`;
  // What went wrong is drawn last, so that it lies above what did not however small it is.
  return parts
    .map(({ outcome }, place) => html`<path key=${outcome} class=${`ring ${outcome}`} d=${arc(at, radius, places[place])} stroke-width=${width} />`)
    .reverse();
}

// Between a circle and an arrow that goes back past it.
const CLEAR = 12;

// The corners that the arrows and the icon leave free, in degrees from the top.
const CORNERS = [45, 135, 225];

/** A sign for each outcome but ok, the gravest at the upper right. @param {{node: Node, radius: number}} props */
function Signs({ node, radius }) {
  // A function that Lambda calls later has faults that Lambda's own side has not; merged, they are seen all the same.
  const all = [node, ...(node.parts ?? [])];
  return OUTCOMES.filter((outcome) => outcome !== "ok" && all.some(({ counts }) => counts[outcome] > 0))
    .map((outcome, place) => {
      const turn = (CORNERS[place] * Math.PI) / 180;
      return html`<g key=${outcome} class=${`sign ${outcome}`} transform=${`translate(${(radius * Math.sin(turn)).toFixed(1)} ${(-radius * Math.cos(turn)).toFixed(1)})`}>
        <circle r="8.5" /><text y="4.5">${STATUS[outcome].sign}</text>
      </g>`;
    });
}

/** @param {{node: Node, radius: number, icons: boolean, seconds: number}} props */
function Inside({ node, radius, icons, seconds }) {
  if (icons || !node.counts.total) return html`<${Icon} kind=${kindOf(node)} size=${radius * 0.9} />`;
  const off = radius * 0.7 + 3;
  const below = often(node.counts.total, seconds);
  return html`<text class="value" y=${below ? -1 : 5}>${duration(average(node.counts))}</text>
    ${below && html`<text class="rate" y="14">${below}</text>`}
    <g class="kind" transform=${`translate(${-off} ${-off})`}><circle r="12" /><${Icon} kind=${kindOf(node)} size=${14} /></g>`;
}

/** What stands beside a small circle. @param {Node} node @param {number} seconds */
const besides = (node, seconds) => ({
  name: shortened(shortName(node.name), FITS.dense.name),
  below: node.counts.total ? [duration(average(node.counts)), often(node.counts.total, seconds)].filter(Boolean).join(" · ") : shortened(node.type, FITS.dense.type),
});

/** @param {{node: Node, look: import("./layout.js").Look, radius: number, seconds: number}} props */
function Label({ node, look, radius, seconds }) {
  if (look.dense) {
    const { name, below } = besides(node, seconds);
    const x = look.centre.x + 6;
    return html`<text class="name beside" x=${x} y="-1">${name}</text><text class="type beside" x=${x} y="15">${below}</text>`;
  }
  return html`<text class="name" y=${radius + 18}>${shortened(shortName(node.name), FITS.wide.name)}</text>
    <text class="type" y=${radius + 33}>${shortened(node.type, FITS.wide.type)}</text>`;
}

/**
 * @param {{node: Node, at: Point, radius: number, layout: Layout, icons: boolean, seconds: number, dim?: boolean}} props
 * The circle, what is in it and the texts; whoever draws it puts a focusable group around.
 */
export function NodeMark({ node, at, radius, layout, icons, seconds, dim = false }) {
  const { look } = layout;
  const width = look.dense ? RING.dense : RING.wide;
  return html`<g class=${`mark ${look.dense ? "dense" : ""} ${dim ? "dim" : ""}`} style=${{ transform: `translate(${at.x}px, ${at.y}px)` }}>
    ${node.folded && html`<circle class="disc behind" cx="5" cy="-4" r=${radius} />`}
    <circle class="halo" r=${radius + 5} />
    <circle class="disc" r=${radius} />
    <${Ring} counts=${node.client ? { ...node.counts, total: 0, ok: 0, error: 0, fault: 0, throttle: 0 } : node.counts} radius=${radius - width / 2} width=${width} />
    <${Inside} node=${node} radius=${radius} icons=${icons || look.dense || node.client} seconds=${seconds} />
    ${!node.client && html`<${Signs} node=${node} radius=${radius} />`}
    <${Label} node=${node} look=${look} radius=${radius} seconds=${seconds} />
  </g>`;
}

/**
 * Where arrows leave and arrive: beside a small circle stands its text, and an arrow leaves where that ends.
 * @param {Node} node @param {Point} at @param {number} radius @param {Layout} layout @param {number} seconds
 */
function ports(node, at, radius, { look, direction }, seconds) {
  if (direction === "TB") return { out: { x: at.x, y: at.y + radius + (look.dense ? 2 : 38) }, into: { x: at.x, y: at.y - radius - 9 } };
  const { name, below } = besides(node, seconds);
  const text = look.centre.x + 14 + Math.max(name.length * NAME_LETTER, below.length * TYPE_LETTER);
  // Rates change with every trace, and arrows that twitch with them would be seen.
  const right = !look.dense ? radius + 2 : seconds ? look.box.width - look.centre.x - 14 : text;
  return { out: { x: at.x + right, y: at.y }, into: { x: at.x - radius - 9, y: at.y } };
}

/**
 * @param {Edge} edge @param {{from: Node, to: Node}} ends @param {Layout} layout
 * @param {(node: Node) => number} radiusOf @param {number} seconds
 */
export function wayOf(edge, { from, to }, layout, radiusOf, seconds) {
  const points = layout.edges.get(edge.key) ?? [];
  if (edge.from === edge.to) return loop(points[0], radiusOf(from));
  const start = ports(from, points[0], radiusOf(from), layout, seconds).out;
  const end = ports(to, points[points.length - 1], radiusOf(to), layout, seconds).into;
  return curves([start, ...points.slice(1, -1), end], layout.direction, layout.look.circle / 2 + CLEAR);
}

/** @param {{edge: Edge, way: import("./curves.js").Cubic[], width: number, dim?: boolean, marker: string}} props */
export function EdgeMark({ edge, way, width, dim = false, marker }) {
  const d = pathData(way);
  const worst = shares(edge.counts)[0]?.outcome;
  const at = middle(way);
  return html`<g class=${`mark ${dim ? "dim" : ""}`}>
    <path class="reach" d=${d} />
    <path class=${`line ${edge.link ? "link" : ""}`} d=${d} stroke-width=${width} marker-end=${`url(#${marker})`} />
    ${worst && worst !== "ok" && html`<g class=${`sign ${worst}`} transform=${`translate(${at.x.toFixed(1)} ${at.y.toFixed(1)})`}><circle r="7" /><text y="4">${STATUS[worst].sign}</text></g>`}
  </g>`;
}

/** The arrow heads that lines end with. @param {{name: string, size?: number}} props */
export const Markers = ({ name, size = 9 }) => html`<defs>
  ${["", "-chosen"].map(
    (kind) => html`<marker key=${kind} id=${`${name}${kind}`} class=${`head${kind}`} viewBox="0 0 10 10" refX="3" refY="5" markerWidth=${size} markerHeight=${size} markerUnits="userSpaceOnUse" orient="auto">
      <path d="M0 0.5L10 5L0 9.5z" />
    </marker>`,
  )}
</defs>`;
