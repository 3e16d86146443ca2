// @ts-check
/** The map as two tables, of nodes and of calls: the same for the keyboard, for screen readers, and for who likes numbers. */
import { html, useMemo, useState } from "../base.js";
import { STATUS, count, duration, percent } from "../format.js";
import { OUTCOMES, average } from "./graph.js";
import { WORDS, kindOf, shortName } from "./kinds.js";
import { Icon } from "./marks.js";
import { percentile } from "./times.js";
import { ends, rate } from "./words.js";

/** @typedef {import("./graph.js").Node} Node */
/** @typedef {import("./graph.js").Edge} Edge */
/** @typedef {import("./graph.js").Outcome} Outcome */
/** @typedef {{key: string, title: string, number?: boolean, value: (row: any) => number | string, show?: (row: any) => unknown}} Column */

/** @param {{counts: import("./graph.js").Counts}} row @param {Outcome} outcome */
const share = (row, outcome) => (row.counts.total ? row.counts[outcome] / row.counts.total : 0);

/** @param {Outcome} outcome @returns {Column} */
const outcomeColumn = (outcome) => ({
  key: outcome,
  // Without the status codes: nine columns have to fit on a small screen.
  title: STATUS[outcome].text.split(" ")[0],
  number: true,
  value: (row) => share(row, outcome),
  show: (row) => (row.counts[outcome] ? html`<span class=${`status ${outcome}`}><span class="sign" aria-hidden="true">${STATUS[outcome].sign}</span>${percent(share(row, outcome))}</span>` : "–"),
});

/** @param {number} seconds @returns {Column[]} */
const measured = (seconds) => [
  { key: "requests", title: "Requests", number: true, value: (row) => row.counts.total, show: (row) => (row.counts.total ? count(row.counts.total) : "–") },
  { key: "rate", title: "A minute", number: true, value: (row) => row.counts.total, show: (row) => (row.counts.total ? rate(row.counts.total, seconds) : "–") },
  { key: "average", title: "Average", number: true, value: (row) => average(row.counts) ?? -1, show: (row) => duration(average(row.counts)) },
  { key: "p95", title: "95 % within", number: true, value: (row) => percentile(row.times, 0.95) ?? -1, show: (row) => duration(percentile(row.times, 0.95)) },
  ...[...OUTCOMES].reverse().map(outcomeColumn),
];

/** @param {{caption: string, columns: Column[], rows: any[], first: string, chosen: string | null, lit: Set<string> | null}} props */
function Sortable({ caption, columns, rows, first, chosen, lit }) {
  const [order, setOrder] = useState({ key: first, down: first !== columns[0].key });
  const column = columns.find((one) => one.key === order.key) ?? columns[0];
  const sorted = useMemo(() => {
    const sign = order.down ? -1 : 1;
    return [...rows].sort((one, other) => {
      const [a, b] = [column.value(one), column.value(other)];
      return sign * (typeof a === "string" ? a.localeCompare(String(b)) : a - Number(b));
    });
  }, [rows, order]);
  return html`<table>
    <caption>${caption}</caption>
    <thead>
      <tr>
        ${columns.map((one) => html`<th key=${one.key} scope="col" class=${one.number ? "number" : ""} aria-sort=${one.key === order.key ? (order.down ? "descending" : "ascending") : undefined}>
          <button class="plain" onClick=${() => setOrder({ key: one.key, down: one.key === order.key ? !order.down : Boolean(one.number) })}>
            ${one.title}${one.key === order.key && html`<span aria-hidden="true" class="arrow">${order.down ? "↓" : "↑"}</span>`}
          </button>
        </th>`)}
      </tr>
    </thead>
    <tbody>
      ${sorted.map((/** @type {any} */ row) => html`<tr key=${row.key} class=${`${row.key === chosen ? "chosen" : ""} ${lit && !lit.has(row.key) ? "dim" : ""}`}>
        ${columns.map((one, place) => {
          const shown = one.show ? one.show(row) : one.value(row);
          return place === 0 ? html`<th key=${one.key} scope="row">${shown}</th>` : html`<td key=${one.key} class=${one.number ? "number" : ""}>${shown}</td>`;
        })}
      </tr>`)}
    </tbody>
  </table>`;
}

/**
 * @param {{graph: import("./graph.js").Graph, seconds: number, chosen: string | null, lit: Set<string> | null, onChoose: (what: {node?: string, edge?: string}) => void}} props
 */
export function Tables({ graph, seconds, chosen, lit, onChoose }) {
  const names = useMemo(() => new Map(graph.nodes.map((node) => [node.key, node])), [graph]);
  /** @param {string} key @param {string} kind @param {unknown} text */
  const button = (key, kind, text) => html`<button class="plain open" aria-pressed=${key === chosen ? "true" : "false"} onClick=${() => onChoose({ [kind]: key === chosen ? "" : key })}>${text}</button>`;
  const [nodeColumns, edgeColumns] = useMemo(() => {
    const icon = (/** @type {Node} */ node) => html`<svg width="18" height="18" viewBox="-9 -9 18 18" aria-hidden="true"><${Icon} kind=${kindOf(node)} size=${16} /></svg>`;
    /** @type {Column} */
    const name = { key: "name", title: "Name", value: (node) => node.name, show: (node) => button(node.key, "node", html`${icon(node)}<span title=${node.name}>${shortName(node.name)}</span>`) };
    /** @type {Column} */
    const type = { key: "type", title: "Type", value: (node) => node.type, show: (node) => html`<span class="quiet">${node.type || WORDS[kindOf(node)]}</span>` };
    const text = (/** @type {Edge} */ edge) => ends(names.get(edge.from), names.get(edge.to));
    /** @type {Column} */
    const call = { key: "call", title: "From → to", value: text, show: (edge) => button(edge.key, "edge", html`<span>${text(edge)}</span>${edge.link ? html`<span class="quiet"> (linked traces)</span>` : ""}`) };
    return [[name, type, ...measured(seconds)], [call, ...measured(seconds)]];
  }, [names, seconds, chosen]);
  return html`<div class="map-tables" tabindex="0" role="region" aria-label="Service map as a list">
    <${Sortable} caption="Nodes" columns=${nodeColumns} rows=${graph.nodes} first="requests" chosen=${chosen} lit=${lit} />
    <${Sortable} caption="Calls" columns=${edgeColumns} rows=${graph.edges} first="requests" chosen=${chosen} lit=${lit} />
  </div>`;
}
