// @ts-check
/** The whole trace in one strip, with the part that the timeline shows: drag over it to see another part. */
import { html, useMemo, useRef } from "../base.js";
import { duration } from "../format.js";
import { within } from "./axis.js";
import { dragged, useWidth } from "./state.js";

/** @typedef {import("./axis.js").Range} Range */
/** @typedef {import("./model.js").Trace} Trace */

const HEIGHT = 44;
// In pixels: the shortest bar, and how far apart two may be that are drawn as one.
const LEAST = 1;
const CLOSE = 0.5;
// Fewer rows than that fit the window as they are.
export const WORTH_IT = 12;

/** Bars of one kind as a path. What touches the bar before is drawn with it: of 5,000 there are some hundred that can be seen. */
class Pen {
  path = "";
  #left = 0;
  #right = -1;
  #y = 0;

  /** @param {number} height */
  constructor(height) {
    this.height = height;
  }

  /** @param {number} left @param {number} right @param {number} y */
  draw(left, right, y) {
    if (y === this.#y && left <= this.#right + CLOSE && right >= this.#left - CLOSE) {
      this.#left = Math.min(this.#left, left);
      this.#right = Math.max(this.#right, right);
      return;
    }
    this.end();
    [this.#left, this.#right, this.#y] = [left, right, y];
  }

  end() {
    if (this.#right < this.#left) return;
    const from = this.#left.toFixed(1);
    this.path += `M${from} ${this.#y}H${this.#right.toFixed(1)}v${this.height}H${from}z`;
    this.#right = -1;
  }
}

/** One path for each kind of bar, the levels below each other. @param {import("./rows.js").Row[]} rows @param {Trace} trace @param {number} width @returns {[string, string][]} */
export function paths(rows, trace, width) {
  const scale = width / (trace.end - trace.start || 1);
  const height = Math.max(0.6, Math.min(3, HEIGHT / Math.max(1, rows.length)));
  /** @type {Map<string, Pen>} */
  const pens = new Map();
  rows.forEach((row, place) => {
    if (row.kind === "called" || row.kind === "gap") return;
    const bad = row.status !== "ok" && row.status !== "open";
    const kind = bad ? row.status : row.kind === "span" && row.span ? row.span.kind : (row.spans[0]?.kind ?? "local");
    const y = Math.round((place / Math.max(1, rows.length)) * (HEIGHT - height) * 2) / 2;
    const pen = pens.get(kind) ?? new Pen(height);
    pens.set(kind, pen);
    for (const [start, end] of row.pieces) {
      const left = Math.min((start - trace.start) * scale, width - LEAST);
      pen.draw(left, Math.max((end - trace.start) * scale, left + LEAST), y);
    }
  });
  for (const pen of pens.values()) pen.end();
  return [...pens].map(([kind, pen]) => [kind, pen.path]);
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
