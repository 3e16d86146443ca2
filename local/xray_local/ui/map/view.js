// @ts-check
/** The service map: what calls what, how quick and how well, in a time and for a filter. */
import { html, useMemo } from "../base.js";
import { Empty } from "../empty.js";
import { FilterBox } from "../filter.js";
import { STATUS, count } from "../format.js";
import { useComing, useKeys } from "../keys.js";
import { change, parse } from "../url.js";
import { Canvas } from "./canvas.js";
import { OUTCOMES, fold, holder } from "./graph.js";
import { useGraph } from "./load.js";
import { Panel } from "./panel.js";
import { litOf, looked, withHolders } from "./shown.js";
import { Tables } from "./table.js";

/** @typedef {import("./graph.js").Graph} Graph */
/** @typedef {Record<string, string>} Params */

/** @param {{params: Params, onShow: (list: boolean) => void}} props */
function Choices({ params, onShow }) {
  const list = params.show === "list";
  return html`<div class="choices">
    <div class="pair" role="group" aria-label="Show as">
      <button aria-pressed=${list ? "false" : "true"} onClick=${() => onShow(false)}>Map</button>
      <button aria-pressed=${list ? "true" : "false"} onClick=${() => onShow(true)}>List</button>
    </div>
    ${!list &&
    html`<div class="pair" role="group" aria-label="Inside the circles">
        <button aria-pressed=${params.inside === "icons" ? "false" : "true"} onClick=${() => change({ inside: "" }, true)}>Metrics</button>
        <button aria-pressed=${params.inside === "icons" ? "true" : "false"} onClick=${() => change({ inside: "icons" }, true)}>Icons</button>
      </div>
      <label>Size <select value=${params.size ?? ""} onChange=${(/** @type {Event} */ event) => change({ size: /** @type {HTMLSelectElement} */ (event.target).value }, true)}>
        <option value="">all equal</option>
        <option value="traffic">by traffic</option>
        <option value="health">by health</option>
      </select></label>`}
    <label><input type="checkbox" checked=${params.merge === "1"} onChange=${() => change({ merge: params.merge === "1" ? "" : "1" }, true)} /> Merge Lambda pairs</label>
  </div>`;
}

/** @param {{graph: Graph}} props */
const Legend = ({ graph }) => html`<ul class="map-legend" aria-label="Legend">
  ${[...OUTCOMES].reverse().map((outcome) => html`<li key=${outcome} class=${`status ${outcome}`}><span class="sign" aria-hidden="true">${STATUS[outcome].sign}</span>${STATUS[outcome].text}</li>`)}
  ${graph.edges.some((edge) => edge.link) && html`<li><svg width="26" height="8" aria-hidden="true"><path class="line link" d="M1 4H25" stroke-width="1.5" /></svg> Linked traces</li>`}
  <li class="quiet">${count(graph.nodes.length)} ${graph.nodes.length === 1 ? "node" : "nodes"}</li>
</ul>`;

/** @param {{loaded: import("./load.js").Loaded, params: Params, choose: (what: {node?: string, edge?: string}) => void}} props */
function Body({ loaded, params, choose }) {
  const merge = params.merge === "1";
  const { graph, found } = useMemo(() => looked(loaded, merge), [loaded, merge]);
  const drawn = useMemo(() => fold(graph), [graph]);
  const lit = useMemo(() => litOf(graph, found, params.focus), [graph, found, params.focus]);
  const node = params.node ? holder({ nodes: [...drawn.nodes, ...graph.nodes], edges: [] }, params.node) : undefined;
  const exact = (params.node && holder(graph, params.node)) || node;
  const edge = [...graph.edges, ...drawn.edges].find((one) => one.key === params.edge);
  const seconds = loaded.range.end - loaded.range.start;
  const shownLit = useMemo(() => lit && withHolders(drawn, lit), [drawn, lit]);
  const around = { range: loaded.range, params, graph: exact?.folded || (edge && !graph.edges.includes(edge)) ? drawn : graph, onChoose: choose };
  const open = exact || edge;
  return html`<div class=${`map-body ${open ? "open" : ""}`}>
    <div class="map-main">
      ${params.show === "list"
        ? html`<${Tables} graph=${graph} seconds=${seconds} chosen=${exact?.key ?? edge?.key ?? null} lit=${lit} onChoose=${choose} />`
        : html`<${Canvas} graph=${drawn} look=${{ icons: params.inside === "icons", size: params.size || undefined, seconds, lit: shownLit, chosen: node?.key ?? edge?.key ?? null }} onChoose=${choose}><${Legend} graph=${graph} /></${Canvas}>`}
      ${found?.size === 0 && html`<p class="map-note" role="status">No trace of this time matches the filter.</p>`}
    </div>
    ${open && html`<${Panel} node=${exact} edge=${exact ? undefined : edge} around=${around} />`}
  </div>`;
}

/** @param {{params: Params}} props */
export function MapView({ params }) {
  const { loaded, error, again } = useGraph(params.timeRange, params.filter ?? "");
  /** @param {{node?: string, edge?: string}} what */
  const choose = ({ node = "", edge = "" }) => {
    const before = parse(location.hash).params;
    if (node === (before.node ?? "") && edge === (before.edge ?? "")) return;
    change({ node, edge, responsetime: "", status: "" }, !node && !edge);
  };
  const show = (/** @type {boolean} */ list) => change({ show: list ? "list" : "" }, true);
  // Two keys in quick succession: the second one comes before this is drawn anew.
  const now = () => parse(location.hash).params;
  useKeys("Service map: what is shown", [
    { keys: "l", does: "List or map", run: () => show(now().show !== "list") },
    { keys: "f", does: "Only the connections of the selected node", run: () => now().node && change({ focus: now().focus ? "" : now().node }, true) },
    { keys: "Escape", does: "Close the details, then show all again", run: () => (now().node || now().edge ? choose({}) : change({ focus: "" }, true)) },
  ]);
  useComing(!loaded && !error);
  const range = loaded?.range ?? { start: 0, end: 0 };
  return html`<section class="map" aria-labelledby="map-title">
    <h1 id="map-title" class="visually-hidden">Service map</h1>
    <div class="map-bar">
      <${FilterBox} value=${params.filter ?? ""} range=${range} label="Filter the map" onRun=${(/** @type {string} */ filter) => change({ filter })} />
      <div class="map-line">
        <${Choices} params=${params} onShow=${show} />
        ${params.focus && html`<button class="plain" onClick=${() => change({ focus: "" }, true)}>Show all again</button>`}
      </div>
    </div>
    ${error && html`<p class="notice" role="alert">${error.message} <button onClick=${again}>Try again</button></p>`}
    ${!loaded && !error && html`<p class="quiet pad" role="status">Loading…</p>`}
    ${loaded && (loaded.services.length ? html`<${Body} loaded=${loaded} params=${params} choose=${choose} />` : html`<${Nothing} any=${loaded.traces > 0} />`)}
  </section>`;
}

/** @param {{any: boolean}} props */
const Nothing = ({ any }) =>
  any ? html`<${Empty} title="No traces in this time"><p><button onClick=${() => change({ timeRange: "P7D" })}>Look at the last seven days</button></p></${Empty}>` : html`<${Empty} />`;
