// @ts-check
/** What there is to know about the selected node or edge, and the way to its traces. */
import { html, useEffect, useMemo, useRef } from "../base.js";
import { fromHistogram, parseRange, rangeText } from "../buckets.js";
import { and } from "../expressions.js";
import { STATUS, count, duration, percent } from "../format.js";
import { Histogram } from "../histogram.js";
import { change, frozen, href } from "../url.js";
import { ofEdge, ofNode, outcomesOf } from "./clause.js";
import { OUTCOMES, average, shares } from "./graph.js";
import { WORDS, kindOf, shortName } from "./kinds.js";
import { Icon } from "./marks.js";
import { percentile, total, within } from "./times.js";
import { ends, rate } from "./words.js";

/** @typedef {import("./graph.js").Node} Node */
/** @typedef {import("./graph.js").Edge} Edge */
/** @typedef {import("./graph.js").Graph} Graph */
/** @typedef {{range: {start: number, end: number}, params: Record<string, string>, graph: Graph, onChoose: (what: {node?: string, edge?: string}) => void}} Around */

/** @param {{name: string, value: string}} props */
const Figure = ({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

/** @param {{counts: import("./graph.js").Counts, times: import("./times.js").Count[], seconds: number, what: string}} props */
const Figures = ({ counts, times, seconds, what }) => html`<dl class="figures">
  <${Figure} name="Average" value=${duration(average(counts))} />
  ${[0.5, 0.95, 0.99].map((share) => html`<${Figure} key=${share} name=${share === 0.5 ? "Median" : `${share * 100} % within`} value=${duration(percentile(times, share))} />`)}
  <${Figure} name=${what} value=${count(counts.total)} />
  <${Figure} name="A minute" value=${rate(counts.total, seconds)} />
</dl>`;

/** Boxes to tick; none is all. @param {{counts: import("./graph.js").Counts, chosen: import("./graph.js").Outcome[]}} props */
function Outcomes({ counts, chosen }) {
  /** @param {import("./graph.js").Outcome} outcome */
  const tick = (outcome) => {
    const wanted = chosen.includes(outcome) ? chosen.filter((one) => one !== outcome) : [...chosen, outcome];
    change({ status: wanted.join(",") }, true);
  };
  return html`<fieldset class="outcomes">
    <legend>Response status</legend>
    ${[...OUTCOMES].reverse().map(
      (outcome) => html`<label key=${outcome} class=${counts[outcome] ? "" : "quiet"}>
        <input type="checkbox" checked=${chosen.includes(outcome)} onChange=${() => tick(outcome)} disabled=${!counts[outcome] && !chosen.includes(outcome)} />
        <span class=${`status ${outcome}`}><span class="sign" aria-hidden="true">${STATUS[outcome].sign}</span>${STATUS[outcome].text}</span>
        <span class="numbers">${count(counts[outcome])}</span><span class="numbers quiet">${percent(counts.total ? counts[outcome] / counts.total : 0)}</span>
      </label>`,
    )}
  </fieldset>`;
}

/** @param {{clause: string, narrowed: boolean, around: Around}} props */
function ViewTraces({ clause, narrowed, around }) {
  // The moment is fixed: what is listed is what the map showed, not what has come since.
  const to = href(["traces"], { filter: and(around.params.filter ?? "", clause), timeRange: frozen(around.range) });
  return html`<a class="button primary" href=${to}>${narrowed ? "View filtered traces" : "View traces"}</a>`;
}

/** Statistics, times and status of a node or edge. @param {{counts: import("./graph.js").Counts, times: import("./times.js").Count[], what: string, told: string, around: Around}} props */
function Measured({ counts, times, what, told, around }) {
  const bars = useMemo(() => fromHistogram(times), [times]);
  const range = parseRange(around.params.responsetime);
  if (!counts.total) return html`<p class="quiet">Nothing was measured here in this time.</p>`;
  return html`
    <${Figures} counts=${counts} times=${times} seconds=${around.range.end - around.range.start} what=${what} />
    <h3>Response time</h3>
    <p class="quiet note">${told}</p>
    <${Histogram} buckets=${bars} range=${range} label="Response time" onRange=${(/** @type {import("../buckets.js").Range | null} */ wanted) => change({ responsetime: rangeText(wanted) }, true)} />
    <p class="chosen-range quiet" role="status">
      ${range
        ? html`<span>${duration(range.from)} – ${duration(range.to)}: ${count(within(times, range))} of ${count(total(times))}</span>
            <button class="plain" onClick=${() => change({ responsetime: "" }, true)}>Clear</button>`
        : "Drag over the bars to select a range."}
    </p>
    <${Outcomes} counts=${counts} chosen=${outcomesOf(around.params.status)} />
  `;
}

/** How many went wrong, with the gravest sign. @param {{counts: import("./graph.js").Counts}} props */
function Bad({ counts }) {
  const bad = counts.total - counts.ok;
  const outcome = shares(counts)[0]?.outcome ?? "ok";
  return bad > 0 && html` · <span class=${`status ${outcome}`}><span class="sign" aria-hidden="true">${STATUS[outcome].sign}</span>${count(bad)} not OK</span>`;
}

/** @param {{title: string, edges: Edge[], end: "from" | "to", around: Around}} props */
function Calls({ title, edges, end, around }) {
  if (!edges.length) return null;
  const names = new Map(around.graph.nodes.map((node) => [node.key, node]));
  return html`<h3>${title}</h3>
    <ul class="calls">
      ${edges.map((edge) => {
        const other = names.get(edge[end]);
        return html`<li key=${edge.key}>
          <button class="plain" onClick=${() => around.onChoose({ edge: edge.key })}>
            <span class="name" title=${other?.name}>${shortName(other?.name ?? "")}</span>
            <span class="quiet">${edge.link ? "linked traces" : `${count(edge.counts.total)} · ${duration(average(edge.counts))}`}<${Bad} counts=${edge.counts} /></span>
          </button>
        </li>`;
      })}
    </ul>`;
}

/** The nodes that this one stands for. @param {{title: string, nodes: Node[], seconds: number, onChoose?: (key: string) => void}} props */
const Members = ({ title, nodes, seconds, onChoose }) => html`<h3>${title}</h3>
  <ul class="calls">
    ${nodes.map((node) => {
      const text = html`<span class="name" title=${node.name}>${onChoose ? shortName(node.name) : node.type}</span><span class="quiet">${duration(average(node.counts))} · ${rate(node.counts.total, seconds)} a minute<${Bad} counts=${node.counts} /></span>`;
      return html`<li key=${node.key}>${onChoose ? html`<button class="plain" onClick=${() => onChoose(node.key)}>${text}</button>` : html`<div>${text}</div>`}</li>`;
    })}
  </ul>`;

/** @param {{node: Node, around: Around}} props */
function OfNode({ node, around }) {
  const { params, graph, range } = around;
  const narrowing = { outcomes: outcomesOf(params.status), times: parseRange(params.responsetime) };
  const seconds = range.end - range.start;
  const focused = params.focus === node.key;
  return html`
    ${!node.folded && html`<div class="actions">
      <${ViewTraces} clause=${ofNode(node, narrowing)} narrowed=${Boolean(narrowing.outcomes.length || narrowing.times)} around=${around} />
      <button aria-pressed=${focused ? "true" : "false"} onClick=${() => change({ focus: focused ? "" : node.key }, true)}>Only connections</button>
    </div>`}
    ${node.folded && html`<${Members} title=${`${node.folded.length} shown as one`} nodes=${node.folded} seconds=${seconds} onChoose=${(/** @type {string} */ key) => around.onChoose({ node: key })} />`}
    <${Measured} counts=${node.counts} times=${node.times} what="Requests" told=${node.client ? "As callers from outside see it." : "Measured in the service itself."} around=${around} />
    ${node.parts && html`<${Members} title="Shown as one" nodes=${node.parts} seconds=${seconds} />`}
    <${Calls} title="Called by" edges=${graph.edges.filter((edge) => edge.to === node.key)} end="from" around=${around} />
    <${Calls} title="Calls" edges=${graph.edges.filter((edge) => edge.from === node.key)} end="to" around=${around} />
  `;
}

/** @param {{edge: Edge, around: Around}} props */
function OfEdge({ edge, around }) {
  const narrowing = { outcomes: outcomesOf(around.params.status), times: parseRange(around.params.responsetime) };
  const ages = useMemo(() => fromHistogram(edge.ages), [edge]);
  const [from, to] = [edge.from, edge.to].map((key) => around.graph.nodes.find((node) => node.key === key));
  return html`
    <div class="actions"><${ViewTraces} clause=${ofEdge(edge, narrowing)} narrowed=${!edge.link && Boolean(narrowing.outcomes.length || narrowing.times)} around=${around} /></div>
    ${edge.link
      ? html`<p>A message ends one trace and begins another; the two are linked.</p>
          <dl class="figures"><${Figure} name="Messages" value=${count(total(edge.ages))} /><${Figure} name="Median" value=${duration(percentile(edge.ages, 0.5))} /><${Figure} name="95 % within" value=${duration(percentile(edge.ages, 0.95))} /></dl>
          <h3>Age of received events</h3>
          <p class="quiet note">From sending until a function took the message up.</p>
          <${Histogram} buckets=${ages} range=${null} label="Age of received events" />`
      : html`<${Measured} counts=${edge.counts} times=${edge.times} what="Calls" told="Measured by the caller, with the network." around=${around} />`}
    <h3>Ends</h3>
    <ul class="calls">
      ${[from, to].map((node) => node && html`<li key=${node.key}><button class="plain" onClick=${() => around.onChoose({ node: node.key })}><span class="name" title=${node.name}>${shortName(node.name)}</span><span class="quiet">${node.type || WORDS[kindOf(node)]}</span></button></li>`)}
    </ul>
  `;
}

/** @param {{node?: Node, edge?: Edge, around: Around}} props */
export function Panel({ node, edge, around }) {
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  const key = node?.key ?? edge?.key;
  // Its beginning is read from the start, also after a long one was scrolled.
  useEffect(() => heading.current?.parentElement?.parentElement?.scrollTo?.(0, 0), [key]);
  const named = (/** @type {string | undefined} */ wanted) => around.graph.nodes.find((one) => one.key === wanted);
  const kind = kindOf(node ?? named(edge?.to) ?? { type: "" });
  const title = node ? node.name : ends(named(edge?.from), named(edge?.to));
  return html`<aside class="map-panel" aria-label=${title}>
    <div class="head">
      <svg width="28" height="28" viewBox="-14 -14 28 28" aria-hidden="true"><${Icon} kind=${kind} size=${22} /></svg>
      <div ref=${heading}>
        <h2>${title}</h2>
        <p class="quiet">${node ? node.type || WORDS[kind] : edge?.link ? "linked traces" : "calls"}</p>
      </div>
      <button class="plain" aria-label="Close" title="Close (Esc)" onClick=${() => around.onChoose({})}>×</button>
    </div>
    ${node ? html`<${OfNode} key=${key} node=${node} around=${around} />` : edge && html`<${OfEdge} key=${key} edge=${edge} around=${around} />`}
  </aside>`;
}
