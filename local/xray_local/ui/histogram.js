// @ts-check
/**
 * Bars of how often something took how long, with a range that is dragged over them. The same range is moved by keys: its two
 * ends are sliders.
 */
import { html, useMemo, useRef, useState } from "./base.js";
import { covered, fromValues, places, ticks } from "./buckets.js";
import { count, duration } from "./format.js";

/** @typedef {import("./buckets.js").Bar} One */
/** @typedef {import("./buckets.js").Range} Range */

// What is there at all is seen, also beside a bar a thousand times as high.
const LEAST_PERCENT = 3;

/** Where a pointer is among the bars. @param {PointerEvent} event @param {number} length */
function barAt(event, length) {
  const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
  return Math.max(0, Math.min(length - 1, Math.floor(((event.clientX - box.left) / box.width) * length)));
}

/** How far each key moves an end of the range, in bars. @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5, Home: -Infinity, End: Infinity };

/** @param {{bars: One[], range: Range | null, onRange: (range: Range | null) => void, end: "from" | "to"}} props */
function End({ bars, range, onRange, end }) {
  const [first, last] = range ? places(bars, range) : [0, bars.length - 1];
  const at = end === "from" ? first : last;
  const [low, high] = end === "from" ? [0, last] : [first, bars.length - 1];
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    const step = STEPS[event.key];
    if (event.key === "Escape" && range) onRange(null);
    else if (step === undefined) return;
    else {
      const next = Math.max(low, Math.min(high, at + step));
      onRange(end === "from" ? covered(bars, next, last) : covered(bars, first, next));
    }
    event.preventDefault();
  };
  const value = end === "from" ? bars[at].from : bars[at].to;
  const left = ((end === "from" ? at : at + 1) / bars.length) * 100;
  return html`<span role="slider" tabindex="0" class=${`end ${range ? "" : "idle"}`} aria-label=${end === "from" ? "From" : "To"} aria-orientation="horizontal"
    aria-valuemin=${low} aria-valuemax=${high} aria-valuenow=${at} aria-valuetext=${duration(value)} style=${{ left: `${left}%` }} onKeyDown=${onKey}></span>`;
}

/** The dragging of a range. @param {One[]} bars @param {Range | null} range @param {(range: Range | null) => void} onRange */
function useDrag(bars, range, onRange) {
  const from = useRef(-1);
  const [drawn, draw] = useState(/** @type {Range | null} */ (null));
  return {
    drawn,
    onPointerDown: (/** @type {PointerEvent} */ event) => {
      if (event.button !== 0) return;
      from.current = barAt(event, bars.length);
      /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
      draw(covered(bars, from.current, from.current));
    },
    onPointerMove: (/** @type {PointerEvent} */ event) => {
      if (from.current >= 0) draw(covered(bars, from.current, barAt(event, bars.length)));
    },
    onPointerUp: (/** @type {PointerEvent} */ event) => {
      if (from.current < 0) return;
      const chosen = covered(bars, from.current, barAt(event, bars.length));
      from.current = -1;
      draw(null);
      // A second click on a single bar takes it back.
      onRange(range && range.from === chosen.from && range.to === chosen.to ? null : chosen);
    },
    onPointerCancel: () => {
      from.current = -1;
      draw(null);
    },
  };
}

/** @param {{bar: One, most: number, inside: boolean}} props */
function Bar({ bar, most, inside }) {
  const height = bar.count ? Math.max(LEAST_PERCENT, (bar.count / most) * 100) : 0;
  const title = `${duration(bar.from)} – ${duration(bar.to)}: ${count(bar.count)}`;
  return html`<span class=${`bar ${inside ? "" : "out"}`} title=${title}><i style=${{ height: `${height}%` }}></i></span>`;
}

/**
 * @param {{values?: number[], buckets?: One[], range?: Range | null, onRange?: (range: Range | null) => void, label: string}} props
 * Times in seconds as they are (`values`), or bars made of a histogram of the API (`buckets`: fromHistogram). Without `onRange` there is nothing to drag. `label`
 * says what is counted: "Response time".
 */
export function Histogram({ values, buckets, range = null, onRange, label }) {
  const bars = useMemo(() => buckets ?? fromValues(values ?? []), [values, buckets]);
  const drag = useDrag(bars, range, onRange ?? (() => undefined));
  if (!bars.length) return html`<p class="histogram none quiet">No times to show.</p>`;
  const most = Math.max(...bars.map((bar) => bar.count));
  const chosen = drag.drawn ?? range;
  const [first, last] = chosen ? places(bars, chosen) : [0, bars.length - 1];
  const total = bars.reduce((sum, bar) => sum + bar.count, 0);
  const { drawn: _drawn, ...handlers } = drag;
  const ends = /** @type {const} */ (["from", "to"]);
  return html`<div class="histogram" role="group" aria-label=${`${label}: ${count(total)}, from ${duration(bars[0].from)} to ${duration(bars[bars.length - 1].to)}`}>
    <div class="plot">
      <div class="bars" aria-hidden="true" ...${onRange ? handlers : {}}>
        ${bars.map((bar, place) => html`<${Bar} key=${place} bar=${bar} most=${most} inside=${place >= first && place <= last} />`)}
      </div>
      ${onRange && ends.map((end) => html`<${End} key=${end} bars=${bars} range=${range} onRange=${onRange} end=${end} />`)}
    </div>
    <div class="axis quiet" aria-hidden="true">
      ${ticks(bars).map((place) => html`<span style=${{ left: `${(place / bars.length) * 100}%` }}>${duration(bars[place].from)}</span>`)}
    </div>
  </div>`;
}
