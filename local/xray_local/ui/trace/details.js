// @ts-check
/** What there is to know about the selected row. */
import { html, useEffect, useMemo, useRef } from "../base.js";
import { STATUS, count, duration } from "../format.js";
import { Annotations, Exceptions, Overview, RawNode, Resources, Sql, Values } from "./facts.js";
import { exceptions, mapping } from "./labels.js";

/** @typedef {import("./model.js").Span} Span */
/** @typedef {import("./model.js").Trace} Trace */
/** @typedef {import("./rows.js").Row} Row */
/** @typedef {{name: string, text: string, number: number, show: (props: {span: Span, trace: Trace, shared?: boolean}) => unknown}} Tab */

/** @param {Record<string, unknown>} object */
const size = (object) => Object.keys(object).length;

/** The tabs that have something to show. @param {Span} span @returns {Tab[]} */
function tabs(span) {
  const { node } = span;
  const metadata = mapping(node, "metadata");
  const found = exceptions(span.deadline?.node ?? node);
  /** @type {Tab[]} */
  const all = [
    { name: "overview", text: "Overview", number: 1, show: Overview },
    { name: "resources", text: "Resources", number: size(mapping(node, "aws")), show: Resources },
    { name: "annotations", text: "Annotations", number: size(mapping(node, "annotations")), show: Annotations },
    { name: "metadata", text: "Metadata", number: size(metadata), show: () => html`<${Values} value=${metadata} />` },
    { name: "exceptions", text: "Exceptions", number: found.length || (node.cause ? 1 : 0), show: Exceptions },
    { name: "sql", text: "SQL", number: size(mapping(node, "sql")), show: Sql },
    { name: "raw", text: "Raw", number: 1, show: RawNode },
  ];
  return all.filter((tab) => tab.number > 0);
}

/**
 * @param {object} props
 * @param {Row} props.row
 * @param {Trace} props.trace
 * @param {string} props.tab
 * @param {(tab: string) => void} props.onTab
 * @param {() => void} props.onClose
 * @param {(id: string) => void} props.onSelect
 * @param {(() => void) | null} props.onColdStart where the row is a cold start that can be opened
 * @param {boolean} [props.shared]
 */
export function Details(props) {
  const { row, onClose } = props;
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  return html`<aside class="details" aria-label="Details">
    <div class="line"><h2 ref=${heading} tabindex="-1" id="details-title" title=${row.label}>${row.label.trim() || "(no name)"}</h2>
      <button type="button" class="plain close" aria-label="Close the details" onClick=${onClose}>×</button></div>
    ${row.kind === "span" && row.span ? html`<${OfSpan} ...${props} span=${row.span} />` : html`<${OfOthers} ...${props} />`}
  </aside>`;
}

/** @param {any} props */
function OfSpan({ span, trace, tab, onTab, onColdStart, shared }) {
  const all = useMemo(() => tabs(span), [span]);
  const chosen = all.find((one) => one.name === tab) ?? all[0];
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const keyed = useRef(false);
  useEffect(() => {
    if (keyed.current) list.current?.querySelector('[aria-selected="true"]')?.focus();
    keyed.current = false;
  }, [chosen.name]);
  const turn = (/** @type {KeyboardEvent} */ event) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!by) return;
    event.preventDefault();
    keyed.current = true;
    onTab(all[(all.indexOf(chosen) + by + all.length) % all.length].name);
  };
  return html`
    <p class="under"><span class=${`status ${span.status}`}><span class="sign" aria-hidden="true">${STATUS[span.status].sign}</span>${STATUS[span.status].text}</span>
      ${onColdStart && html` <button type="button" class="small" onClick=${onColdStart}>Open the cold start</button>`}</p>
    <div role="tablist" aria-label="About it" class="tabs" ref=${list} onKeyDown=${turn}>
      ${all.map((one) => html`<button key=${one.name} type="button" role="tab" id=${`tab-${one.name}`} aria-selected=${String(one === chosen)} aria-controls="tab-panel"
        tabindex=${one === chosen ? 0 : -1} onClick=${() => onTab(one.name)}>${one.text}${["overview", "raw", "sql"].includes(one.name) ? "" : html` <span class="number">${one.number}</span>`}</button>`)}
    </div>
    <div role="tabpanel" id="tab-panel" aria-labelledby=${`tab-${chosen.name}`} tabindex="0" class="panel">
      <${chosen.show} key=${`${span.id} ${chosen.name}`} span=${span} trace=${trace} shared=${shared} /></div>`;
}

/** A gap, repeats, the services that were called. @param {{row: Row, trace: Trace, onSelect: (id: string) => void}} props */
function OfOthers({ row, trace, onSelect }) {
  if (row.kind === "gap") {
    const share = (row.seconds ?? 0) / (trace.end - trace.start || 1);
    return html`<p>${row.detail[0].toUpperCase() + row.detail.slice(1)}.</p>
      <dl class="pairs"><dt>Time</dt><dd>${duration(row.seconds)}, ${Math.round(share * 100)} % of the trace</dd>
      ${row.pieces.length > 1 && html`<dt>In</dt><dd>${row.pieces.length} pieces</dd>`}</dl>`;
  }
  const times = row.spans.map((span) => span.end - span.start).sort((one, other) => one - other);
  const sum = times.reduce((total, one) => total + one, 0);
  const slowest = row.spans.reduce((most, span) => (span.end - span.start > most.end - most.start ? span : most), row.spans[0]);
  const bad = row.spans.filter((span) => !["ok", "open"].includes(span.status));
  return html`
    ${row.kind === "repeat" && row.span === null && row.above !== "called" && html`<p>${advice(row, sum)}</p>`}
    <dl class="pairs"><dt>Calls</dt><dd>${count(row.spans.length)}</dd>
      <dt>All together</dt><dd>${duration(sum)}</dd>
      <dt>Half take at most</dt><dd>${duration(times[Math.floor((times.length - 1) / 2)])}</dd>
      <dt>Slowest</dt><dd><button type="button" class="small" onClick=${() => onSelect(slowest.id)}>${duration(times.at(-1))}</button></dd>
      ${bad.length > 0 && html`<dt>Went wrong</dt><dd>${count(bad.length)} <button type="button" class="small" onClick=${() => onSelect(bad[0].id)}>Show the first</button></dd>`}</dl>`;
}

/** Whether they waited for each other. @param {Row} row @param {number} sum */
function advice(row, sum) {
  const apart = (row.seconds ?? 0) > sum * 0.9;
  return apart ? `One after the other, ${duration(sum)} in all: a batch, or several at a time, would be quicker.` : `Several at a time: ${duration(row.seconds)} in all.`;
}
