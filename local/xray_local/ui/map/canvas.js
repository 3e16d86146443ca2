// @ts-check
/** The map as a picture: nodes and edges under a lens, one stop for the Tab key, arrow keys from node to node. */
import { html, useLayoutEffect, useMemo, useRef, useState } from "../base.js";
import { STATUS, duration, percent } from "../format.js";
import { useKeys } from "../keys.js";
import { middle } from "./curves.js";
import { average, shares, weight } from "./graph.js";
import { LARGEST, layout } from "./layout.js";
import { EdgeMark, Markers, NodeMark, wayOf } from "./marks.js";
import { STEP, useLens, useSize } from "./pan.js";
import { percentile } from "./times.js";
import { neighbour, walks } from "./walk.js";
import { edgeSentence, ends, many, nodeSentence, rate } from "./words.js";

/** @typedef {import("./graph.js").Node} Node */
/** @typedef {import("./graph.js").Edge} Edge */
/** @typedef {import("./graph.js").Graph} Graph */
/** @typedef {{icons: boolean, size: string | undefined, seconds: number, lit: Set<string> | null, chosen: string | null}} Look `lit` are the keys that are not greyed */

// Narrower than that, or in these proportions, a map that flows downwards uses the screen better.
const NARROW = 620;
const UPRIGHT = 0.85;
const THINNEST = 1.5;
const THICKER = 3.5;
const HEAD = { equal: 9, sized: 13 };

/** Where everything lies; what was there before stays in its order. @param {Graph} graph @param {"LR" | "TB"} direction @param {boolean} sized */
export function useLayout(graph, direction, sized) {
  const earlier = useRef(/** @type {import("./layout.js").Layout | undefined} */ (undefined));
  return useMemo(() => (earlier.current = layout(graph, { earlier: earlier.current, direction, sized })), [graph, direction, sized]);
}

/** @param {Graph} graph @param {import("./layout.js").Layout} laid @param {string | undefined} size @returns {{radius: (node: Node) => number, thickness: (edge: Edge) => number}} */
export function useSizes(graph, laid, size) {
  return useMemo(() => {
    const nodes = Math.max(1, ...graph.nodes.filter((node) => !node.client).map((node) => weight(node.counts, size)));
    const edges = Math.max(1, ...graph.edges.map((edge) => weight(edge.counts, size)));
    const base = laid.look.circle / 2;
    // By area: twice the requests, twice the ink.
    const radius = (/** @type {Node} */ node) => (size && !node.client ? base * (0.75 + (LARGEST - 0.75) * Math.sqrt(weight(node.counts, size) / nodes)) : base);
    const thickness = (/** @type {Edge} */ edge) => THINNEST + (size ? THICKER * Math.sqrt(weight(edge.counts, size) / edges) : 0);
    return { radius, thickness };
  }, [graph, laid, size]);
}

/** What stands beside the pointer. @param {{title: string, type: string, lines: string[], counts: import("./graph.js").Counts, at: {x: number, y: number}, below: boolean}} props */
function Tip({ title, type, lines, counts, at, below }) {
  return html`<div class=${`map-tip ${below ? "below" : ""}`} aria-hidden="true" style=${{ left: `${at.x}px`, top: `${at.y}px` }}>
    <strong>${title}</strong>${type && html`<span class="quiet">${type}</span>`}
    ${lines.map((line) => html`<span key=${line}>${line}</span>`)}
    ${shares(counts).map(({ outcome, share }) => html`<span key=${outcome} class=${`status ${outcome}`}><span class="sign">${STATUS[outcome].sign}</span>${STATUS[outcome].text} ${percent(share)}</span>`)}
  </div>`;
}

/** @param {Node} node @param {number} seconds */
const nodeLines = (node, seconds) =>
  node.counts.total ? [`average ${duration(average(node.counts))}, 95 % within ${duration(percentile(node.times, 0.95))}`, `${many(node.counts.total, "request")}, ${rate(node.counts.total, seconds)} a minute`] : [];

/** @param {Edge} edge */
const edgeLines = (edge) =>
  edge.link
    ? ["Linked traces", edge.ages.length ? `messages waited ${duration(percentile(edge.ages, 0.5))} (median)` : ""].filter(Boolean)
    : [`average ${duration(average(edge.counts))}, 95 % within ${duration(percentile(edge.times, 0.95))}`, many(edge.counts.total, "call")];

/** @param {{zoom: (factor: number) => void, fit: () => void}} props */
const Buttons = ({ zoom, fit }) => html`<div class="map-buttons" role="group" aria-label="Size of the map">
  <button onClick=${() => zoom(STEP)} aria-label="Larger" title="Larger (+)">+</button>
  <button onClick=${() => zoom(1 / STEP)} aria-label="Smaller" title="Smaller (-)">−</button>
  <button onClick=${fit} title="Fit the whole map (0)">Fit</button>
</div>`;

/** @typedef {{graph: Graph, look: Look, laid: import("./layout.js").Layout, nodes: Map<string, Node>, choose: (what: {node?: string, edge?: string}) => void, setHover: (key: string | null) => void}} Drawn */

/** @param {Look} look @param {string} key */
const dimmed = (look, key) => Boolean(look.lit && !look.lit.has(key));

/** @param {Drawn & {ways: {edge: Edge, way: import("./curves.js").Cubic[]}[], thickness: (edge: Edge) => number}} props */
const Edges = ({ look, nodes, choose, setHover, ways, thickness }) =>
  ways.map(({ edge, way }) => {
    const chosen = look.chosen === edge.key;
    const [from, to] = [edge.from, edge.to].map((key) => nodes.get(key));
    return html`<g
      key=${edge.key} class=${`edge ${chosen ? "chosen" : ""}`} role="button" tabindex="-1" aria-pressed=${chosen ? "true" : "false"}
      aria-label=${edgeSentence(edge, from, to)} onClick=${() => choose({ edge: edge.key })}
      onPointerEnter=${() => setHover(edge.key)} onPointerLeave=${() => setHover(null)}
    ><${EdgeMark} edge=${edge} way=${way} width=${thickness(edge)} dim=${dimmed(look, edge.key)} marker=${chosen ? "arrow-chosen" : "arrow"} /></g>`;
  });

/** @param {Drawn & {radius: (node: Node) => number, stop: string | undefined, setStop: (key: string) => void, walk: (from: string, key: string) => void}} props */
function Nodes({ graph, look, laid, choose, setHover, radius, stop, setStop, walk }) {
  /** @param {KeyboardEvent} event @param {string} key */
  const onKey = (event, key) => {
    if (event.key === "Enter" || event.key === " ") choose({ node: key });
    else if (walks(event.key)) walk(key, event.key);
    else return;
    event.preventDefault();
  };
  return graph.nodes.map((node) => {
    const chosen = look.chosen === node.key;
    return html`<g
      key=${node.key} data-node=${node.key} class=${`node ${chosen ? "chosen" : ""}`} role="button" tabindex=${node.key === stop ? "0" : "-1"}
      aria-pressed=${chosen ? "true" : "false"} aria-label=${nodeSentence(node, look.seconds)} onClick=${() => choose({ node: node.key })}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => onKey(event, node.key)} onFocus=${() => setStop(node.key)}
      onPointerEnter=${() => setHover(node.key)} onPointerLeave=${() => setHover(null)}
    ><${NodeMark} node=${node} at=${laid.nodes.get(node.key)} radius=${radius(node)} layout=${laid} icons=${look.icons} seconds=${look.seconds} dim=${dimmed(look, node.key)} /></g>`;
  });
}

/** The layout in the direction that suits the frame, and the lens over it. @param {Graph} graph @param {Look} look @param {{current: HTMLElement | null}} frame */
function useView(graph, look, frame) {
  const size = useSize(frame);
  const upright = size.height > 0 && (size.width < NARROW || size.width / size.height < UPRIGHT);
  const laid = useLayout(graph, upright ? "TB" : "LR", Boolean(look.size));
  const lens = useLens(frame, size, laid.box, laid.direction);
  /** @param {string} key */
  const reveal = (key) => {
    const at = laid.nodes.get(key);
    const { box, centre } = laid.look;
    if (at) lens.reveal({ x: at.x - centre.x - 8, y: at.y - centre.y - 8, width: box.width + 16, height: box.height + 16 });
  };
  // Also when the details open and leave less room.
  useLayoutEffect(() => reveal(look.chosen ?? ""), [look.chosen, laid.direction, size.width, size.height]);
  return { laid, lens, reveal };
}

/**
 * One stop for the Tab key: where the keys are, else what is chosen, else the client.
 * @param {Graph} graph @param {Map<string, Node>} nodes @param {Look} look @param {ReturnType<typeof useView>} view @param {{current: HTMLElement | null}} frame
 */
function useWalk(graph, nodes, look, view, frame) {
  const [last, setStop] = useState("");
  const first = (graph.nodes.find((node) => node.client) ?? graph.nodes[0])?.key;
  const stop = [last, look.chosen ?? ""].find((key) => nodes.has(key)) ?? first;
  /** @param {string} from @param {string} key */
  const walk = (from, key) => {
    const next = neighbour(view.laid.nodes, from, key);
    if (!next) return;
    view.reveal(next);
    const drawn = /** @type {NodeListOf<SVGElement>} */ (/** @type {unknown} */ (frame.current?.querySelectorAll("[data-node]") ?? []));
    for (const one of drawn) if (one.dataset.node === next) one.focus({ preventScroll: true });
  };
  return { stop, setStop, walk };
}

/** @param {{graph: Graph, look: Look, onChoose: (what: {node?: string, edge?: string}) => void, children?: unknown}} props `children` stand below, beside the buttons */
export function Canvas({ graph, look, onChoose, children }) {
  const frame = useRef(/** @type {HTMLElement | null} */ (null));
  const view = useView(graph, look, frame);
  const { laid, lens } = view;
  const { radius, thickness } = useSizes(graph, laid, look.size);
  const [hover, setHover] = useState(/** @type {string | null} */ (null));
  const nodes = useMemo(() => new Map(graph.nodes.map((node) => [node.key, node])), [graph]);
  const walking = useWalk(graph, nodes, look, view, frame);
  useKeys("Picture of the map", [
    { keys: "+", does: "Larger", run: () => lens.zoom(STEP) },
    { keys: "-", does: "Smaller", run: () => lens.zoom(1 / STEP) },
    { keys: "0", does: "Fit the whole map", run: lens.fit },
  ]);
  const ways = useMemo(
    () => graph.edges.map((edge) => ({ edge, way: wayOf(edge, { from: /** @type {Node} */ (nodes.get(edge.from)), to: /** @type {Node} */ (nodes.get(edge.to)) }, laid, radius, look.seconds) })),
    [graph, laid, radius],
  );
  /** @param {{node?: string, edge?: string}} what */
  const choose = (what) => lens.dragged.current || onChoose(what);
  /** @param {MouseEvent} event */
  const onClick = (event) => /** @type {Element} */ (event.target).tagName === "svg" && choose({});
  const drawn = { graph, look, laid, nodes, choose, setHover };
  return html`<div class="map-frame" ref=${frame} ...${lens.handlers} onClick=${onClick}>
      <svg role="group" aria-label="Service map: arrow keys go from node to node, Enter selects" width="100%" height="100%">
        <${Markers} name="arrow" size=${look.size ? HEAD.sized : HEAD.equal} />
        ${lens.lens &&
        html`<g transform=${`translate(${lens.lens.x.toFixed(1)} ${lens.lens.y.toFixed(1)}) scale(${lens.lens.scale.toFixed(4)})`}>
          <${Edges} ...${drawn} ways=${ways} thickness=${thickness} /><${Nodes} ...${drawn} radius=${radius} ...${walking} />
        </g>`}
      </svg>
      <${Hover} hover=${hover} nodes=${nodes} ways=${ways} laid=${laid} lens=${lens} seconds=${look.seconds} radius=${radius} />
    </div>
    <div class="map-foot">${children}<${Buttons} zoom=${lens.zoom} fit=${lens.fit} /></div>`;
}

/** The tip of what the pointer is on. @param {any} props */
function Hover({ hover, nodes, ways, laid, lens, seconds, radius }) {
  if (!hover || !lens.lens || lens.dragged.current) return null;
  const { x, y, scale } = lens.lens;
  /** @param {{x: number, y: number}} at @param {number} above */
  const placed = (at, above) => {
    const top = y + (at.y - above) * scale - 6;
    const below = top < 150;
    const left = Math.max(120, Math.min(lens.size.width - 120, x + at.x * scale));
    return { below, at: { x: left, y: below ? y + (at.y + above) * scale + 8 : top } };
  };
  const node = nodes.get(hover);
  if (node) return html`<${Tip} title=${node.name} type=${node.type} lines=${nodeLines(node, seconds)} counts=${node.counts} ...${placed(laid.nodes.get(hover), radius(node) + 6)} />`;
  const found = ways.find((/** @type {{edge: Edge}} */ { edge }) => edge.key === hover);
  if (!found) return null;
  const [from, to] = [nodes.get(found.edge.from), nodes.get(found.edge.to)];
  return html`<${Tip} title=${ends(from, to)} type="" lines=${edgeLines(found.edge)} counts=${found.edge.counts} ...${placed(middle(found.way), 6)} />`;
}
