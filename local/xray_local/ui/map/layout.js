// @ts-check
/**
 * Where nodes and edges of the map lie: dagre's layers, from left to right or from top to bottom. What was shown before keeps
 * its order, so that a map does not turn upside down when a trace brings a new node. No DOM.
 */
import { layout as dagre, Graph } from "../vendor/dagre.mjs";
import { broken } from "./columns.js";

/** @typedef {{x: number, y: number}} Point */
/** @typedef {"LR" | "TB"} Direction */
/** @typedef {{key: string, client?: boolean}} LaidNode */
/** @typedef {{key: string, from: string, to: string}} LaidEdge */
/** @typedef {{nodes: LaidNode[], edges: LaidEdge[]}} Shape */
/** @typedef {{x: number, y: number, width: number, height: number}} Box */
/** @typedef {{nodes: Map<string, Point>, edges: Map<string, Point[]>, box: Box, direction: Direction, look: Look, signature: string}} Layout */
/** @typedef {{dense: boolean, circle: number, box: {width: number, height: number}, centre: Point, gap: Record<Direction, number>}} Look the circle's diameter, all that belongs to a node, and where the circle's middle is in that */

// Beyond that many nodes the texts stand beside smaller circles: three times as many fit on a screen and can be read.
export const MANY_FOR_CIRCLES = 24;
// How much larger than others a node is at most where sizes tell something.
export const LARGEST = 1.3;
const BESIDE = { LR: 14, TB: 10 };
// Columns that are easier to read in one piece; a telephone is three nodes wide.
const WHOLE = { LR: 6, TB: 3 };
// Screens are wider than high. What flows downwards is for narrow ones, where a long page is better than a broad one.
const WANTED = { LR: 1.7, TB: Infinity };
const MARGIN = 16;
// Between arrows that pass a column, and between one and a node.
const PASSING = { dense: 6, wide: 16 };
// A little less tidy in exchange for speed: with 200 nodes the network simplex takes most of the time.
const MANY = 120;

const NOWHERE = 1e9;

/**
 * Room for a node.
 * @param {number} nodes @param {boolean} [sized] whether some are larger than others @param {boolean} [dense] also if there are few
 * @returns {Look}
 */
export function lookFor(nodes, sized = false, dense = nodes > MANY_FOR_CIRCLES) {
  const largest = sized ? LARGEST : 1;
  if (dense) {
    const room = 44 * largest + 4;
    return { dense: true, circle: 44, box: { width: room + 148, height: room }, centre: { x: room / 2, y: room / 2 }, gap: { LR: 40, TB: 40 } };
  }
  const room = 76 * largest;
  return { dense: false, circle: 76, box: { width: 148, height: room + 40 }, centre: { x: 74, y: room / 2 }, gap: { LR: 72, TB: 48 } };
}

/** Two shapes with the same signature have the same layout. @param {Shape} shape @param {Direction} direction @param {Look} look */
const signatureOf = (shape, direction, look) =>
  [direction, look.box.width, look.box.height, ...shape.nodes.map((node) => node.key).sort(), "", ...shape.edges.map((edge) => edge.key).sort()].join("\n");

/** @typedef {{direction: Direction, along: "x" | "y", across: "x" | "y", look: Look, room: import("./columns.js").Room}} How */

/** @param {Direction} direction @param {Look} look @returns {How} */
function how(direction, look) {
  const flat = direction === "LR";
  const { width, height } = look.box;
  // Parts of one column need no room for arrows to bend, only so much that texts do not touch.
  const room = { along: (flat ? width : height) + BESIDE.TB, across: (flat ? height : width) + BESIDE[direction], whole: WHOLE[direction], wanted: WANTED[direction] };
  return { direction, look, room, along: flat ? "x" : "y", across: flat ? "y" : "x" };
}

/**
 * @param {Shape} shape
 * @param {{earlier?: Layout, direction?: Direction, sized?: boolean, dense?: boolean}} [wanted]
 * @returns {Layout}
 */
export function layout(shape, { earlier, direction = "LR", sized = false, dense } = {}) {
  const look = lookFor(shape.nodes.length, sized, dense);
  const signature = signatureOf(shape, direction, look);
  if (earlier?.signature === signature) return earlier;
  const own = how(direction, look);
  const graph = prepared(shape, own);
  const known = earlier?.direction === direction ? earlier : undefined;
  /** @type {Map<string, Column>} */
  let columns = new Map();
  const customOrder = (/** @type {any} */ layers, /** @type {(graph: any, how: object) => void} */ order) => {
    order(layers, {});
    if (known) keepOrder(layers, known, own);
    columns = breakColumns(layers, own);
    // Dagre gives points to edges that pass a column only, and looks for one in all. This one is beside no column.
    for (const edge of layers.edges()) layers.edge(edge).points ??= [{ x: NOWHERE, y: 0 }];
  };
  dagre(graph, { customOrder });
  return taken(graph, shape, columns, own, signature);
}

/** The same order whatever order the server answers in. @param {{key: string}} one @param {{key: string}} other */
const byKey = (one, other) => (one.key < other.key ? -1 : 1);

/** @param {Shape} shape @param {How} own */
function prepared(shape, { direction, look }) {
  const graph = new Graph({ multigraph: true });
  const ranker = shape.nodes.length > MANY ? "tight-tree" : "network-simplex";
  // Dagre doubles the columns to have room for texts on edges, of which there are none: half a column's length and twice the
  // gap undo that, with half as many nodes to place.
  const ranksep = look.gap[direction] * 2;
  graph.setGraph({ rankdir: direction, ranksep, nodesep: BESIDE[direction], edgesep: look.dense ? PASSING.dense : PASSING.wide, ranker, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of [...shape.nodes].sort(byKey)) graph.setNode(node.key, { ...look.box });
  const clients = new Set(shape.nodes.filter((node) => node.client).map((node) => node.key));
  for (const edge of [...shape.edges].sort(byKey)) {
    // A client's calls weigh less, or the first column would pull everything to its middle.
    if (edge.from !== edge.to) graph.setEdge(edge.from, edge.to, { minlen: 0.5, weight: clients.has(edge.from) ? 1 : 2 }, edge.key);
  }
  return graph;
}

/** Dagre's columns, in order, each from its one end to the other. @param {any} layers */
function ranksOf(layers) {
  /** @type {Map<number, any[]>} */
  const ranks = new Map();
  for (const key of layers.nodes()) {
    const label = layers.node(key);
    ranks.set(label.rank, [...(ranks.get(label.rank) ?? []), { key, label }]);
  }
  const sorted = [...ranks].sort(([one], [other]) => one - other).map(([, entries]) => entries);
  for (const entries of sorted) entries.sort((one, other) => one.label.order - other.label.order);
  return sorted;
}

/**
 * Put each column in the order that its nodes had; what is new stays beside the neighbour that it was laid beside.
 * @param {any} layers dagre's graph with a rank and an order for each node; parts of long edges are nodes, too
 * @param {Layout} earlier @param {How} own
 */
function keepOrder(layers, earlier, { across }) {
  for (const rank of ranksOf(layers)) {
    let last = -Infinity;
    const was = new Map();
    for (const { key, label } of rank) {
      const place = earlier.nodes.get(key)?.[across] ?? (label.dummy === "edge" ? passed(label, earlier, across) : undefined);
      was.set(key, (last = place ?? last));
    }
    const placed = [...rank].sort((one, other) => was.get(one.key) - was.get(other.key) || one.label.order - other.label.order);
    placed.forEach(({ label }, order) => (label.order = order));
  }
}

/** Where an edge was between its ends. @param {any} label @param {Layout} earlier @param {"x" | "y"} across */
function passed({ edgeObj }, earlier, across) {
  const points = earlier.edges.get(edgeObj.name) ?? [];
  if (points.length > 2) return points[Math.floor(points.length / 2)][across];
  const [from, to] = [earlier.nodes.get(edgeObj.v), earlier.nodes.get(edgeObj.w)];
  return from && to && (from[across] + to[across]) / 2;
}

/** @typedef {{part: number, parts: number, moved: number}} Column */

/** Make nodes of long columns so thin that dagre puts them closer; their texts find room in another part of the column. @param {any} layers @param {How} own */
function breakColumns(layers, { room, direction }) {
  const ranks = ranksOf(layers);
  const real = ranks.map((rank) => rank.filter(({ label }) => !label.dummy));
  /** @type {Map<string, Column>} */
  const columns = new Map();
  broken(real.map((rank) => rank.length), room).forEach(({ parts, moved }, number) => {
    real[number].forEach(({ key, label }, place) => {
      columns.set(key, { part: place % parts, parts, moved });
      if (parts > 1) label[direction === "LR" ? "height" : "width"] = Math.max(1, room.across / parts - BESIDE[direction]);
    });
  });
  return columns;
}

/** @param {any} graph @param {Shape} shape @param {Map<string, Column>} columns @param {How} own @param {string} signature @returns {Layout} */
function taken(graph, shape, columns, own, signature) {
  const { along, room, direction, look } = own;
  // What dagre calls a place along the flow, and how far that is moved, column by column.
  const steps = [...new Map(shape.nodes.map(({ key }) => [graph.node(key)[along], columns.get(key)]))].sort(([one], [other]) => one - other);
  /** @type {Map<string, Point>} */
  const nodes = new Map();
  for (const { key } of shape.nodes) {
    const column = /** @type {Column} */ (columns.get(key));
    const point = { x: graph.node(key).x, y: graph.node(key).y };
    point[along] += column.moved + column.part * room.along;
    nodes.set(key, { x: point.x - look.box.width / 2 + look.centre.x, y: point.y - look.box.height / 2 + look.centre.y });
  }
  /** @type {Map<string, Point[]>} */
  const edges = new Map();
  for (const { key, from, to } of shape.edges) {
    const [start, end] = /** @type {Point[]} */ ([nodes.get(from), nodes.get(to)]);
    // The first and the last point are where dagre's boxes are left; arrows here begin and end at circles.
    const inner = from === to ? [] : graph.edge(from, to, key).points.slice(1, -1);
    edges.set(key, [start, ...inner.flatMap((/** @type {Point} */ point) => beside(point, steps, own)), end]);
  }
  return { nodes, edges, direction, look, signature, box: extent(nodes, edges, look) };
}

/** A point of an edge that passes a column: where the column begins, and where its last part ends. @param {Point} point @param {[number, Column | undefined][]} steps @param {How} own */
function beside(point, steps, { along, room }) {
  const step = steps.find(([place]) => Math.abs(place - point[along]) < 1);
  if (!step?.[1]) return [];
  const begin = point[along] + step[1].moved;
  const last = begin + (step[1].parts - 1) * room.along;
  return begin === last ? [{ ...point, [along]: begin }] : [{ ...point, [along]: begin }, { ...point, [along]: last }];
}

/** What has to be seen of it all. @param {Map<string, Point>} nodes @param {Map<string, Point[]>} edges @param {Look} look @returns {Box} */
function extent(nodes, edges, { box, centre }) {
  if (!nodes.size) return { x: 0, y: 0, width: 0, height: 0 };
  const corners = [...nodes.values()].flatMap(({ x, y }) => [
    { x: x - centre.x, y: y - centre.y },
    { x: x - centre.x + box.width, y: y - centre.y + box.height },
  ]);
  const all = [...corners, ...[...edges.values()].flat()];
  const [xs, ys] = [all.map(({ x }) => x), all.map(({ y }) => y)];
  const [left, top] = [Math.min(...xs) - MARGIN, Math.min(...ys) - MARGIN];
  return { x: left, y: top, width: Math.max(...xs) + MARGIN - left, height: Math.max(...ys) + MARGIN - top };
}
