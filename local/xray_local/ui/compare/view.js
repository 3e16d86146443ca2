// @ts-check
/** Two traces beside each other: what took longer, what was there only once. */
import { html, useMemo, useRef } from "../base.js";
import { STATUS, age, duration } from "../format.js";
import { change, href } from "../url.js";
import { title } from "../trace/header.js";
import { useTrace } from "../trace/load.js";
import { useMedia, useShown } from "../trace/state.js";
import { align, differs, outcome, ratio, shares } from "./align.js";
import { Choice } from "./choose.js";

/** @typedef {import("../trace/model.js").Trace} Trace */
/** @typedef {import("./align.js").Pair} Pair */

// As in compare.css.
const ROW = 30;
const ROW_NARROW = 54;

/** @param {{first: string, second: string, params: Record<string, string>}} props */
export function CompareView({ first, second, params }) {
  const one = useTrace(first);
  const other = useTrace(second ?? "");
  const problem = one.problem || (second && other.problem);
  if (problem) return html`<div class="compare pad"><h1>These traces cannot be compared</h1><p role="alert">${problem}</p></div>`;
  if (!one.loaded || (second && !other.loaded)) return html`<p class="pad quiet" role="status">Loading…</p>`;
  if (!second || !other.loaded) return html`<div class="compare pad"><h1>Compare ${title(one.loaded.trace).text} with</h1><${Choice} trace=${one.loaded.trace} /></div>`;
  return html`<${Both} first=${one.loaded.trace} second=${other.loaded.trace} params=${params} />`;
}

/** @param {{first: Trace, second: Trace, params: Record<string, string>}} props */
function Both({ first, second, params }) {
  const all = useMemo(() => align(first, second), [first, second]);
  const only = params.only === "differences";
  const ranked = params.by === "difference";
  const pairs = useMemo(() => {
    const some = only ? all.filter(differs) : all;
    return ranked ? [...some].sort((one, other) => weight(other) - weight(one)) : some;
  }, [all, only, ranked]);
  const [one, other] = [first.end - first.start, second.end - second.start];
  return html`<div class="compare trace-page">
    <div class="line"><h1>Two traces compared</h1>
      <a class="button" href=${href(["compare", second.id, first.id], params)}>Swap</a></div>
    <div class="cards"><${Card} which="First" trace=${first} most=${Math.max(one, other)} /><${Card} which="Second" trace=${second} most=${Math.max(one, other)} /></div>
    <p class="verdict">${verdict(one, other)}</p>
    <${Summary} first=${first} second=${second} />
    <section aria-label="Call by call" class="pairs-of">
      <div class="line"><h2>Call by call</h2>
        <label><input type="checkbox" checked=${only} onChange=${() => change({ only: only ? "" : "differences" }, true)} /> Differences only</label>
        <label><input type="checkbox" checked=${ranked} onChange=${() => change({ by: ranked ? "" : "difference" }, true)} /> Largest difference first</label>
        <span class="quiet" role="status">${pairs.length} of ${all.length} rows</span></div>
      <${Pairs} pairs=${pairs} first=${first} second=${second} flat=${ranked} />
    </section>
  </div>`;
}

/** How much a pair matters; what is on one side only counts in full. @param {Pair} pair */
const weight = ({ first, second, delta }) => Math.abs(delta ?? (second?.seconds ?? 0) - (first?.seconds ?? 0));

/** @param {number} first @param {number} second */
function verdict(first, second) {
  const said = ratio(first, second);
  if (!said || said === "as long") return "Both took the same time.";
  return `The second took ${duration(Math.abs(second - first))} ${second > first ? "more" : "less"}: ${said}.`;
}

/** The colour of a trace's bars. */
const WHICH = /** @type {Record<string, unknown>} */ ({
  First: html`<i class="swatch first" aria-hidden="true"></i>`,
  Second: html`<i class="swatch second" aria-hidden="true"></i>`,
});

/** @param {{which: string, trace: Trace, most: number}} props */
function Card({ which, trace, most }) {
  const { method, text, kind } = title(trace);
  const went = outcome(trace);
  const length = trace.end - trace.start;
  return html`<section class="card" aria-label=${`${which} trace`}>
    <p class="quiet">${WHICH[which]}<span>${which}, ${age(trace.start) === "now" ? "now" : `${age(trace.start)} ago`}</span></p>
    <h2><a href=${href(["traces", trace.id])}>${method} ${text}</a> <span class="quiet kind">${kind}</span></h2>
    <p><span class=${`status ${went}`}><span class="sign" aria-hidden="true">${STATUS[went].sign}</span>${STATUS[went].text}</span> <b>${duration(length)}</b> <span class="mono quiet id">${trace.id}</span></p>
    <div class="length" aria-hidden="true"><i class=${which.toLowerCase()} style=${{ width: `${(length / (most || 1)) * 100}%` }}></i></div>
  </section>`;
}

/** @param {{first: Trace, second: Trace}} props */
function Summary({ first, second }) {
  const all = useMemo(() => shares(first, second).filter((share) => Math.max(share.first, share.second) > 0), [first, second]);
  const most = Math.max(0.000001, ...all.map((share) => Math.max(share.first, share.second)));
  if (!all.length) return null;
  return html`<section aria-label="Where the time went"><h2>Where the time went</h2>
    <table class="shares"><thead><tr><th scope="col">What</th><th scope="col" class="number">${WHICH.First}First</th><th scope="col" class="number">${WHICH.Second}Second</th><th scope="col" class="number">Difference</th><th scope="col" class="wide"><span class="visually-hidden">Bars</span></th></tr></thead>
    <tbody>${all.map((share) => html`<tr key=${share.name}><th scope="row">${share.name}</th><td class="number">${share.first ? duration(share.first) : "–"}</td><td class="number">${share.second ? duration(share.second) : "–"}</td>
      <td class="number"><${Delta} value=${share.delta} /></td>
      <td class="wide" aria-hidden="true">${share.first > 0 && html`<i class="first" style=${{ width: `${(share.first / most) * 100}%` }}></i>`}${share.second > 0 && html`<i class="second" style=${{ width: `${(share.second / most) * 100}%` }}></i>`}</td></tr>`)}</tbody></table>
  </section>`;
}

/** @param {{value: number | null}} props */
function Delta({ value }) {
  if (value === null) return html`<span class="quiet">–</span>`;
  if (Math.abs(value) < 0.0000005) return html`<span class="quiet">=</span>`;
  return html`<span class=${value > 0 ? "longer" : "shorter"}>${value > 0 ? "+" : "−"}${duration(Math.abs(value))}</span>`;
}

/** @param {{pairs: Pair[], first: Trace, second: Trace, flat: boolean}} props */
function Pairs({ pairs, first, second, flat }) {
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  const height = useMedia("(max-width: 760px)") ? ROW_NARROW : ROW;
  const [from, to] = useShown(body, pairs.length, height);
  const most = useMemo(() => Math.max(0.000001, ...pairs.slice(0, 20000).flatMap((pair) => [pair.first?.seconds ?? 0, pair.second?.seconds ?? 0])), [pairs]);
  return html`<div role="table" class="both" aria-label="Call by call" aria-rowcount=${pairs.length + 1}>
    <div role="rowgroup" class="head"><div role="row" aria-rowindex="1" class="pair"><span role="columnheader">Name</span><span role="columnheader" class="number">${WHICH.First}First</span><span role="columnheader" class="number">${WHICH.Second}Second</span><span role="columnheader" class="number">Difference</span><span role="columnheader" class="lengths"><span class="visually-hidden">Bars</span></span></div></div>
    <div role="rowgroup" class="body" ref=${body} style=${{ height: `${pairs.length * height}px` }}>
      ${pairs.slice(from, to).map((pair, at) => html`<div role="row" key=${pair.key} aria-rowindex=${from + at + 2} class=${`pair ${pair.first && pair.second ? "" : "one-side"}`} style=${{ top: `${(from + at) * height}px` }}>
        <span role="cell" class="name" style=${{ "--depth": String(flat ? 0 : Math.min(pair.depth, 12)) }} title=${pair.label}>${pair.label}${times(pair)} <span class="more quiet">${pair.detail || (pair.first ? (pair.second ? "" : "only in the first") : "only in the second")}</span></span>
        <span role="cell" class="number"><${SideOf} side=${pair.first} trace=${first} which="first" name=${pair.label} /></span>
        <span role="cell" class="number"><${SideOf} side=${pair.second} trace=${second} which="second" name=${pair.label} /></span>
        <span role="cell" class="number"><${Delta} value=${pair.delta} /></span>
        <span role="cell" class="lengths" aria-hidden="true"><i class="first" style=${{ width: `${((pair.first?.seconds ?? 0) / most) * 100}%` }}></i><i class="second" style=${{ width: `${((pair.second?.seconds ?? 0) / most) * 100}%` }}></i></span>
      </div>`)}
      ${!pairs.length && html`<p class="pad quiet">No differences.</p>`}
    </div></div>`;
}

/** × 47, or × 47 and × 40. @param {Pair} pair */
function times({ first, second }) {
  const [one, other] = [first?.spans.length ?? 0, second?.spans.length ?? 0];
  if (Math.max(one, other) < 2) return "";
  return one === other || !one || !other ? ` × ${Math.max(one, other)}` : ` × ${one} and × ${other}`;
}

/** @param {{side: import("./align.js").Side | null, trace: Trace, which: string, name: string}} props */
function SideOf({ side, trace, which, name }) {
  if (!side) return html`<span class="quiet">–</span>`;
  const bad = side.status !== "ok" && html`<span class=${`status ${side.status}`} title=${STATUS[side.status].text}><span class="sign" aria-hidden="true">${STATUS[side.status].sign}</span><span class="visually-hidden">${STATUS[side.status].text}</span></span>`;
  return html`${bad}<a href=${href(["traces", trace.id], { span: side.spans[0].id })} aria-label=${`${duration(side.seconds)}: ${name} in the ${which}`}>${duration(side.seconds)}</a>`;
}
