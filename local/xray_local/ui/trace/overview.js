// @ts-check
/** The whole trace in one strip, with the part that the timeline shows: drag over it to see another part. */
import { html, useMemo, useRef } from "../base.js";
import { duration } from "../format.js";
import { bars, within } from "./axis.js";
import { dragged, useWidth } from "./state.js";

/** @typedef {import("./axis.js").Range} Range */
/** @typedef {import("./model.js").Trace} Trace */

const HEIGHT = 44;
// Fewer rows than that fit the window as they are.
export const WORTH_IT = 12;

/** One path for each kind of bar, the levels below each other. @param {import("./rows.js").Row[]} rows @param {Trace} trace @param {number} width */
function paths(rows, trace, width) {
  const range = { from: trace.start, to: trace.end };
  const height = Math.max(0.6, Math.min(3, HEIGHT / Math.max(1, rows.length)));
  /** @type {Record<string, string>} */
  const found = {};
  rows.forEach((row, place) => {
    if (row.kind === "called" || row.kind === "gap") return;
    const bad = row.status !== "ok" && row.status !== "open";
    const kind = bad ? row.status : row.kind === "span" && row.span ? row.span.kind : (row.spans[0]?.kind ?? "local");
    const y = Number(((place / Math.max(1, rows.length)) * (HEIGHT - height)).toFixed(1));
    found[kind] = (found[kind] ?? "") + bars(row.pieces, range, { width, y, height, least: 1 });
  });
  return Object.entries(found);
}

/** @param {{trace: Trace, rows: import("./rows.js").Row[], range: Range, onZoom: (range: Range) => void}} props */
export function Overview({ trace, rows, range, onZoom }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const part = useRef(/** @type {HTMLElement | null} */ (null));
  const width = useWidth(box);
  const length = trace.end - trace.start;
  const drawn = useMemo(() => paths(rows, trace, width), [rows, trace, width]);
  const drag = dragged((one, other, done) => {
    const [left, right] = [Math.min(one, other), Math.max(one, other)];
    const small = (right - left) * width < 4;
    if (part.current && !small) Object.assign(part.current.style, { left: `${left * 100}%`, width: `${(right - left) * 100}%` });
    if (!done) return;
    // A click moves what is shown there; a drag shows what it covers.
    const half = (range.to - range.from) / 2;
    onZoom(small ? within({ from: one * length - half, to: one * length + half }, length) : { from: left * length, to: right * length });
  });
  const shown = { left: `${(range.from / length) * 100}%`, width: `${((range.to - range.from) / length) * 100}%` };
  const whole = range.from <= 0 && range.to >= length;
  return html`<div class=${`overview ${whole ? "whole" : ""}`} ref=${box} onPointerDown=${drag} role="img" title="Drag to zoom"
      aria-label=${whole ? "The whole trace is shown" : `Shown: ${duration(range.from)} to ${duration(range.to)} of ${duration(length)}`}>
    <svg width=${width} height=${HEIGHT} aria-hidden="true">${drawn.map(([kind, path]) => html`<path key=${kind} class=${kind} d=${path} />`)}</svg>
    <i class="part" ref=${part} style=${shown}></i>
  </div>`;
}
