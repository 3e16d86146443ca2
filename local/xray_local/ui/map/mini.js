// @ts-check
/** The map of one trace, small and without moving: what it passed, in which order, how quick and how well. */
import { html, useEffect, useMemo, useState } from "../base.js";
import * as api from "../api.js";
import { listen } from "../live.js";
import { fromServices } from "./graph.js";
import { throttled } from "./load.js";
import { layout } from "./layout.js";
import { EdgeMark, Markers, NodeMark, wayOf } from "./marks.js";
import { edgeSentence, nodeSentence } from "./words.js";

/** @typedef {import("./graph.js").Graph} Graph */

const SHOWN = 0.85;
// Smaller than that nobody reads it: then it scrolls.
const LEAST = 0.62;

/** @param {string} traceId @returns {{graph: Graph | null, error: string}} */
function useTraceGraph(traceId) {
  const [state, put] = useState(/** @type {{graph: Graph | null, error: string}} */ ({ graph: null, error: "" }));
  useEffect(() => {
    let gone = false;
    const fetching = throttled(() =>
      api.graph({ traces: traceId }).then(
        ({ Services }) => gone || put({ graph: fromServices(Services), error: "" }),
        (error) => gone || put({ graph: null, error: error.message }),
      ),
    );
    fetching.soon();
    const unlisten = listen((news) => news.traces?.includes(traceId) && fetching.soon());
    return () => {
      gone = true;
      fetching.end();
      unlisten();
    };
  }, [traceId]);
  return state;
}

/**
 * @param {{traceId: string, onNode?: (id: import("./graph.js").Id) => void, upright?: boolean}} props
 * `onNode` is called with the name and type of a node that is chosen; without it nodes are only looked at.
 */
export function MiniMap({ traceId, onNode, upright = false }) {
  const { graph, error } = useTraceGraph(traceId);
  const laid = useMemo(() => graph && layout(graph, { direction: upright ? "TB" : "LR", dense: true }), [graph, upright]);
  if (error) return html`<p class="quiet" role="status">${error}</p>`;
  if (!graph || !laid) return html`<div class="mini-map" aria-busy="true"></div>`;
  if (!graph.nodes.length) return null;
  const nodes = new Map(graph.nodes.map((node) => [node.key, node]));
  const radius = laid.look.circle / 2;
  // An arrow from a node to itself goes over its top.
  const over = graph.edges.some((edge) => edge.from === edge.to) ? radius : 0;
  const [x, y, width, height] = [laid.box.x, laid.box.y - over, laid.box.width, laid.box.height + over];
  /** @param {import("./graph.js").Node} node */
  const chosen = (node) => {
    if (!onNode || node.client) return { role: "img" };
    const choose = () => onNode(node.id);
    return {
      role: "button", tabindex: "0", onClick: choose,
      onKeyDown: (/** @type {KeyboardEvent} */ event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), choose()),
    };
  };
  return html`<div class="mini-map" tabindex="0" role="group" aria-label="Its services; the arrow keys scroll">
    <svg role="group" aria-label="Services of this trace" viewBox=${`${x} ${y} ${width} ${height}`} width=${Math.round(width * SHOWN)} height=${Math.round(height * SHOWN)} style=${{ minWidth: `${Math.round(width * LEAST)}px` }}>
      <${Markers} name="mini-arrow" />
      ${graph.edges.map((edge) => {
        const [from, to] = /** @type {import("./graph.js").Node[]} */ ([nodes.get(edge.from), nodes.get(edge.to)]);
        return html`<g key=${edge.key} role="img" aria-label=${edgeSentence(edge, from, to)}><${EdgeMark} edge=${edge} way=${wayOf(edge, { from, to }, laid, () => radius, 0)} width=${1.5} marker="mini-arrow" /></g>`;
      })}
      ${graph.nodes.map((node) => html`<g key=${node.key} class="node" aria-label=${nodeSentence(node, 0)} ...${chosen(node)}>
        <title>${nodeSentence(node, 0)}</title>
        <${NodeMark} node=${node} at=${laid.nodes.get(node.key)} radius=${radius} layout=${laid} icons=${false} seconds=${0} />
      </g>`)}
    </svg>
  </div>`;
}
