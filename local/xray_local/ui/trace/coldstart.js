// @ts-check
/**
 * A cold start as a flame chart: time from left to right, what was imported below what imported it. Blocks are elements, not
 * a canvas: the layer sends modules above a threshold only, a hundred at most, and elements have text that zooms, colours of
 * the theme, and the focus. The table below says the same by rank.
 */
import { html, useMemo, useRef, useState } from "../base.js";
import { duration } from "../format.js";
import { mark, marks } from "./axis.js";
import { coldStart, isModule, modules } from "./flame.js";
import { useWidth } from "./state.js";

/** @typedef {import("./flame.js").Block} Block */
/** @typedef {import("./flame.js").ColdStart} Cold */

const LEVEL = 26;
const MARK_WIDTH = 90;
// Narrower than that in pixels a block has no room for a letter.
const LABEL_FROM = 24;
const MOST_BLOCKS = 400;

/** @param {{trace: import("./model.js").Trace, spans: import("./model.js").Span[], onSelect: (id: string) => void}} props */
export function ColdStarts({ trace, spans, onSelect }) {
  return html`<div class="cold">${spans.map((span) => html`<${One} key=${span.id} trace=${trace} span=${span} onSelect=${onSelect} />`)}</div>`;
}

/** @param {{trace: import("./model.js").Trace, span: import("./model.js").Span, onSelect: (id: string) => void}} props */
function One({ trace, span, onSelect }) {
  const cold = useMemo(() => coldStart(span, trace), [span, trace]);
  const all = useMemo(() => modules(cold), [cold]);
  const [chosen, choose] = useState("");
  const name = span.home.node.name;
  return html`<section aria-label=${`Cold start of ${name}`}>
    <h2>Cold start of ${name}: ${duration(cold.end - cold.start)}</h2>
    <p class="quiet">${summary(cold, all)}</p>
    <${Chart} cold=${cold} chosen=${chosen} onChoose=${choose} onSelect=${onSelect} />
    <${Table} cold=${cold} all=${all} chosen=${chosen} onChoose=${choose} onSelect=${onSelect} />
  </section>`;
}

/** @param {Cold} cold @param {import("./flame.js").Module[]} all */
function summary(cold, all) {
  const parts = [...cold.phases, ...cold.blocks.filter((block) => block.level === 1 && !isModule(block))].sort((one, other) => one.start - other.start).map((block) => `${block.name} ${duration(block.seconds)}`);
  const imports = all.reduce((sum, module) => sum + module.own, 0);
  if (all.length) parts.push(`${all.length} ${all.length === 1 ? "module" : "modules"} ${duration(imports)}`);
  const details = cold.span.node.metadata?.xray_instrument ?? {};
  const loaded = details.modules_loaded ? ` Of ${details.modules_loaded} modules that were loaded, those that took ${details.import_threshold_ms ?? "some"} ms or more are shown.` : "";
  return `${parts.join(", ")}.${loaded}`;
}

/** @param {{cold: Cold, chosen: string, onChoose: (key: string) => void, onSelect: (id: string) => void}} props */
function Chart({ cold, chosen, onChoose, onSelect }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const width = useWidth(box);
  const length = cold.end - cold.start || 1;
  const range = { from: 0, to: length };
  const shown = [...cold.phases, ...cold.blocks.sort((one, other) => one.level - other.level).slice(0, MOST_BLOCKS)];
  return html`<div class="flame" ref=${box}>
    <div class="tl-axis" aria-hidden="true">${marks(range, width / MARK_WIDTH).map((at) => html`<span key=${at} class=${at / length > 0.9 ? "last" : at ? "" : "first"} style=${{ left: `${(at / length) * 100}%` }}>${mark(at, range)}</span>`)}</div>
    <div class="blocks" role="group" aria-label="Flame chart; the table below has the same" style=${{ height: `${cold.levels * LEVEL}px` }}>
      ${shown.map((block) => {
        const wide = ((block.end - block.start) / length) * width;
        const text = `${block.name}: ${duration(block.seconds)}${block.own < block.seconds ? `, its own ${duration(block.own)}` : ""}${block.does ? ` (${block.does})` : ""}`;
        return html`<button key=${block.key} type="button" tabindex="-1" class=${`block ${block.kind} ${chosen === block.key ? "chosen" : ""}`} title=${text} aria-label=${text}
          style=${{ left: `${((block.start - cold.start) / length) * 100}%`, width: `${Math.max(1, wide - 1)}px`, top: `${block.level * LEVEL}px` }}
          onPointerEnter=${() => onChoose(block.key)} onClick=${() => block.span && onSelect(block.span.id)}>${wide > LABEL_FROM ? `${block.name} ${wide > 120 ? duration(block.seconds) : ""}` : ""}</button>`;
      })}
    </div>
  </div>`;
}

/** @param {{cold: Cold, all: import("./flame.js").Module[], chosen: string, onChoose: (key: string) => void, onSelect: (id: string) => void}} props */
function Table({ cold, all, chosen, onChoose, onSelect }) {
  if (!all.length) return null;
  const most = all[0].own || 1;
  const length = cold.span.end - cold.span.start || 1;
  return html`<table class="modules"><caption class="visually-hidden">Modules by their own time</caption>
    <thead><tr><th scope="col">Module</th><th scope="col" class="number">Its own</th><th scope="col" class="number">With its imports</th><th scope="col" class="number">Share</th><th scope="col" class="by">Imported by</th></tr></thead>
    <tbody>${all.map((module) => html`<tr key=${module.name} class=${module.keys.includes(chosen) ? "chosen" : ""} onPointerEnter=${() => onChoose(module.keys[0])}>
      <th scope="row"><button type="button" class="plain" onFocus=${() => onChoose(module.keys[0])} onClick=${() => onSelect(module.keys[0])}>${module.name}${module.times > 1 ? ` × ${module.times}` : ""}</button></th>
      <td class="number"><i class="share" aria-hidden="true" style=${{ width: `${(module.own / most) * 100}%` }}></i><span>${duration(module.own)}</span></td>
      <td class="number">${duration(module.seconds)}</td><td class="number">${Math.round((module.own / length) * 100)} %</td><td class="by quiet">${module.by.join(", ")}</td></tr>`)}</tbody>
  </table>`;
}
