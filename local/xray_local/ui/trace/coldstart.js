// @ts-check
/**
 * A cold start as a flame chart: time from left to right, what was imported below what imported it. Blocks are elements, not
 * a canvas: the layer sends modules above a threshold only, a hundred at most, and elements have text that zooms, colours of
 * the theme, and the focus. The table below says the same by rank.
 */
import { html, useMemo, useRef, useState } from "../base.js";
import { duration } from "../format.js";
import { mark, marks } from "./axis.js";
import { coldStart, isModule, modules, unhidden } from "./flame.js";
import { useWidth } from "./state.js";

/** @typedef {import("./flame.js").Block} Block */
/** @typedef {import("./flame.js").ColdStart} Cold */

const LEVEL = 26;
const MARK_WIDTH = 90;
// How wide a letter of a block's text is, in the widest of common fonts; and the padding at both ends.
const LETTER = 7;
const PADDING = 10;
// Of a longer name that many letters say something.
const LEAST_LETTERS = 5;
const MOST_BLOCKS = 400;
// A module that took less of the time from its first import's beginning to its last one's end was imported in pieces.
const WHOLE = 0.95;

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

/** Everything about a block. @param {Block} block */
function told({ name, seconds, own, start, end, does }) {
  const parts = [duration(seconds), ...(own < seconds ? [`its own ${duration(own)}`] : []), ...(seconds < (end - start) * WHOLE ? [`in pieces over ${duration(end - start)}`] : [])];
  return `${name}: ${parts.join(", ")}${does ? ` (${does})` : ""}`;
}

/** As much of name and time as there is room for; the whole is in the title and the table. @param {Block} block @param {number} room in pixels */
function label(block, room) {
  const whole = `${block.name} ${duration(block.seconds)}`;
  if (whole.length * LETTER <= room) return whole;
  return Math.min(block.name.length, LEAST_LETTERS) * LETTER <= room ? block.name : "";
}

/** @param {{cold: Cold, chosen: string, onChoose: (key: string) => void, onSelect: (id: string) => void}} props */
function Chart({ cold, chosen, onChoose, onSelect }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const width = useWidth(box);
  const length = cold.end - cold.start || 1;
  const range = { from: 0, to: length };
  const shown = useMemo(() => [...cold.phases, ...[...cold.blocks].sort((one, other) => one.level - other.level).slice(0, MOST_BLOCKS)], [cold]);
  const free = useMemo(() => unhidden(shown), [shown]);
  return html`<div class="flame" ref=${box}>
    <div class="tl-axis" aria-hidden="true">${marks(range, width / MARK_WIDTH).map((at) => html`<span key=${at} class=${at / length > 0.9 ? "last" : at ? "" : "first"} style=${{ left: `${(at / length) * 100}%` }}>${mark(at, range)}</span>`)}</div>
    <div class="blocks" role="group" aria-label="Flame chart; the table below has the same" style=${{ height: `${cold.levels * LEVEL}px` }}>
      ${shown.map((block) => {
        const [wide, seen] = [block.end - block.start, free.get(block.key) ?? 0].map((seconds) => (seconds / length) * width);
        const said = label(block, seen - PADDING);
        const text = told(block);
        const took = block.seconds / (block.end - block.start);
        return html`<button key=${block.key} type="button" tabindex="-1" class=${`block ${block.kind} ${took < WHOLE ? "pieces" : ""} ${chosen === block.key ? "chosen" : ""}`} title=${text} aria-label=${text}
          style=${{ left: `${((block.start - cold.start) / length) * 100}%`, width: `${Math.max(1, wide - 1)}px`, top: `${block.level * LEVEL}px`, "--took": `${took * 100}%` }}
          onPointerEnter=${() => onChoose(block.key)} onClick=${() => block.span && onSelect(block.span.id)}>${said && html`<span style=${{ maxWidth: `${seen - PADDING}px` }}>${said}</span>`}</button>`;
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
