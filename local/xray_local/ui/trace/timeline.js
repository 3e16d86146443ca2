// @ts-check
/** The timeline: rows on a time axis. Only the rows in the window are in the document, so 5,000 of them scroll as 50 do. */
import { html, useLayoutEffect, useMemo, useRef } from "../base.js";
import { STATUS, duration } from "../format.js";
import { bars, mark, marks } from "./axis.js";
import { code } from "./model.js";
import { dragged, useShown, useWidth } from "./state.js";

/** @typedef {import("./rows.js").Row} Row */
/** @typedef {import("./axis.js").Range} Range */
/** @typedef {import("./model.js").Trace} Trace */

// As in trace.css: --tl-row. Where the window is narrow the bar stands below the label.
export const ROW = 28;
export const ROW_NARROW = 48;
const BAR = { y: 8, height: 12 };
const BAR_NARROW = { y: 5, height: 10 };
const SHORTEST_BAR = 2;
const MARK_WIDTH = 90;

/** The id of a row's element. @param {string} key */
const elementId = (key) => `row-${key}`;

/**
 * @param {object} props
 * @param {Trace} props.trace
 * @param {Row[]} props.rows
 * @param {Range} props.range in seconds since the trace's start
 * @param {string} props.selected a row's key
 * @param {(key: string) => void} props.onSelect
 * @param {(row: Row, open: boolean) => void} props.onFold
 * @param {() => void} props.onDetails
 * @param {(range: Range) => void} props.onZoom
 * @param {ReadonlySet<string>} props.marked rows that were found
 * @param {ReadonlyMap<string, [number, number][]>} props.critical pieces of the critical path by row
 * @param {boolean} props.narrow
 */
export function Timeline(props) {
  const { trace, rows, range, selected, narrow, marked, critical } = props;
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  const track = useRef(/** @type {HTMLElement | null} */ (null));
  // Unknown at first: rows are drawn once, when it has been measured.
  const width = useWidth(track, 0);
  const height = narrow ? ROW_NARROW : ROW;
  const [from, to] = useShown(body, rows.length, height);
  const place = useMemo(() => rows.findIndex((row) => row.key === selected), [rows, selected]);
  useIntoView(body, place, height);
  // As many as were ever needed at once: with fewer the places of all would change whenever one more row is half in sight.
  const places = useRef(1);
  places.current = Math.max(places.current, to - from);
  const shown = width ? rows.slice(from, from + places.current) : [];
  const active = place >= from && place < to ? elementId(selected) : undefined;
  return html`<div class="timeline" role="treegrid" aria-label="Timeline" aria-rowcount=${rows.length + 1} aria-colcount="4" tabindex="0"
      aria-activedescendant=${active} onKeyDown=${(/** @type {KeyboardEvent} */ event) => move(event, props, place)}
      onClick=${(/** @type {MouseEvent} */ event) => clicked(event, props)} onDblClick=${(/** @type {MouseEvent} */ event) => rowAt(event, rows) && props.onDetails()}>
    <div class="tl-head" role="rowgroup"><div role="row" aria-rowindex="1" class="tl-row">
      <span role="columnheader" class="tl-name">Name</span><span role="columnheader" class="tl-code">Status</span>
      <span role="columnheader" class="tl-time">Duration</span>
      <span role="columnheader" class="tl-track" ref=${track} aria-label="Time"><${Axis} range=${range} width=${width} onZoom=${props.onZoom} /></span>
    </div></div>
    <div class="tl-body" role="rowgroup" ref=${body} style=${{ height: `${rows.length * height}px` }}>
      <div class="tl-row tl-lines" role="presentation" aria-hidden="true"><span class="tl-track"><${Lines} range=${range} width=${width} height=${rows.length * height} /></span></div>
      ${shown.map((row, at) => html`<${Line} key=${(from + at) % places.current} row=${row} index=${from + at} top=${(from + at) * height} range=${range} origin=${trace.start}
        width=${width} narrow=${narrow} chosen=${row.key === selected} marked=${marked.has(row.key)} way=${critical.get(row.key)} />`)}
    </div>
  </div>`;
}

/** Scroll so far that the selected row is in the window, when another one is selected. @param {{current: HTMLElement | null}} body @param {number} place @param {number} height */
function useIntoView(body, place, height) {
  const seen = useRef(-1);
  useLayoutEffect(() => {
    if (seen.current === place) return;
    seen.current = place;
    // Asked for after that, since it makes the browser lay out the page.
    const box = body.current?.getBoundingClientRect();
    if (place < 0 || !box) return;
    const top = box.top + place * height;
    const upper = body.current?.previousElementSibling?.getBoundingClientRect().bottom ?? 0;
    const scroller = document.scrollingElement;
    if (!scroller) return;
    if (top < upper) scroller.scrollTop += top - upper - height;
    else if (top + height > innerHeight) scroller.scrollTop += top + height - innerHeight + 2 * height;
  });
}

/** The row that an event happened to. @param {Event} event @param {Row[]} rows @returns {Row | undefined} */
function rowAt(event, rows) {
  const line = /** @type {Element} */ (event.target).closest(".tl-body [role=row]");
  return line ? rows[Number(line.getAttribute("aria-rowindex")) - 2] : undefined;
}

/** @param {MouseEvent} event @param {{rows: Row[], onSelect: (key: string) => void, onFold: (row: Row, open: boolean) => void}} props */
function clicked(event, { rows, onSelect, onFold }) {
  const row = rowAt(event, rows);
  if (!row) return;
  if (/** @type {Element} */ (event.target).closest(".fold.can")) onFold(row, !row.open);
  else onSelect(row.key);
}

/** Arrow keys and the like while the timeline has the focus; letters are in the table of keys. @param {KeyboardEvent} event @param {any} props @param {number} place */
function move(event, props, place) {
  if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
  const { rows } = props;
  const row = rows[place];
  /** @type {Record<string, () => void>} */
  const does = {
    ArrowDown: () => props.onSelect(rows[Math.min(place + 1, rows.length - 1)].key),
    ArrowUp: () => props.onSelect(rows[Math.max(place - 1, 0)].key),
    Home: () => props.onSelect(rows[0].key),
    End: () => props.onSelect(rows[rows.length - 1].key),
    ArrowLeft: () => foldOrLeave(props, row),
    ArrowRight: () => row && row.open === false && props.onFold(row, true),
    Enter: () => props.onDetails(),
  };
  if (!rows.length || !(event.key in does)) return;
  event.preventDefault();
  does[event.key]();
}

/** Fold what is below a row; if there is nothing to fold, go to the row above it. @param {{onFold: (row: Row, open: boolean) => void, onSelect: (key: string) => void}} props @param {Row | undefined} row */
export function foldOrLeave({ onFold, onSelect }, row) {
  if (!row) return;
  if (row.open) onFold(row, false);
  else if (row.above) onSelect(row.above);
}

/** @param {{range: Range, width: number, onZoom: (range: Range) => void}} props */
function Axis({ range, width, onZoom }) {
  const length = range.to - range.from;
  const shade = useRef(/** @type {HTMLElement | null} */ (null));
  const drag = dragged((one, other, done) => {
    const [left, right] = [Math.min(one, other), Math.max(one, other)];
    if (shade.current) Object.assign(shade.current.style, { left: `${left * 100}%`, width: done ? "0" : `${(right - left) * 100}%` });
    if (done && (right - left) * width > 4) onZoom({ from: range.from + left * length, to: range.from + right * length });
  });
  return html`<span class="tl-axis" onPointerDown=${drag} title="Drag to zoom">
    ${marks(range, width / MARK_WIDTH).map((at) => {
      const share = (at - range.from) / length;
      return html`<span key=${at} class=${share > 0.9 ? "last" : share < 0.02 ? "first" : ""} style=${{ left: `${share * 100}%` }}>${mark(at, range)}</span>`;
    })}
    <i class="shade" ref=${shade}></i>
  </span>`;
}

/** @param {{range: Range, width: number, height: number}} props */
function Lines({ range, width, height }) {
  const scale = width / (range.to - range.from || 1);
  const path = marks(range, width / MARK_WIDTH).map((at) => `M${((at - range.from) * scale).toFixed(1)} 0v${height}`).join("");
  return html`<svg width=${width} height=${height}><path d=${path} /></svg>`;
}

/**
 * One row. Its elements are used again for another row when this one has left the window; and a row in which nothing has
 * changed is not drawn again.
 * @typedef {{row: Row, index: number, top: number, range: Range, origin: number, width: number, narrow: boolean, chosen: boolean, marked: boolean, way: [number, number][] | undefined}} LineProps
 */
/** @param {LineProps} props */
function Line(props) {
  const { row, index, top, range, origin, width, narrow, chosen, marked, way } = props;
  return useMemo(() => line(props), [row, index, top, range, origin, width, narrow, chosen, marked, way]);
}

/** @param {LineProps} props */
function line({ row, index, top, range, origin, width, narrow, chosen, marked, way }) {
  const kind = row.kind === "span" && row.span ? row.span.kind : row.kind;
  const label = row.kind === "gap" ? row.label : row.label.trim() || "(no name)";
  const { detail } = row;
  return html`<div role="row" id=${elementId(row.key)} class=${`tl-row ${kind} ${row.status} ${row.depth ? "" : "top"} ${chosen ? "chosen" : ""} ${marked ? "marked" : ""}`}
      aria-rowindex=${index + 2} aria-level=${row.depth + 1} aria-selected=${chosen ? "true" : "false"} aria-expanded=${row.open === null ? undefined : String(row.open)}
      style=${{ transform: `translateY(${top}px)`, contain: "strict" }}>
    <span role="gridcell" class="tl-name" style=${{ "--depth": String(Math.min(row.depth, narrow ? 8 : 24)) }} title=${detail ? `${label} — ${detail}` : label}>
      <i class=${row.open === null ? "fold" : "fold can"} aria-hidden="true">${row.open === null ? "" : row.open ? "▾" : "▸"}</i>
      <span class="label">${label}</span>${detail && html` <span class="more">${detail}</span>`}
    </span>
    <span role="gridcell" class="tl-code"><${Code} row=${row} /></span>
    <span role="gridcell" class="tl-time">${timeOf(row)}</span>
    <span role="gridcell" class="tl-track"><${Bars} row=${row} range=${range} origin=${origin} width=${width} narrow=${narrow} way=${way} /></span>
  </div>`;
}

/** What a row has on the time axis. @param {Pick<LineProps, "row" | "range" | "origin" | "width" | "narrow" | "way">} props */
function Bars({ row, range, origin, width, narrow, way }) {
  const box = { width, least: SHORTEST_BAR, ...(narrow ? BAR_NARROW : BAR) };
  const base = { from: range.from + origin, to: range.to + origin };
  const path = bars(row.pieces, base, box);
  const late = row.kind === "span" && row.span?.open ? row.span.deadline : null;
  return html`<svg width=${width} height=${narrow ? 20 : ROW} aria-hidden="true">
    ${path && html`<path class="bar" d=${path} />`}
    ${way && html`<path class="way" d=${bars(way, base, { ...box, y: box.y + box.height, height: 3 })} />`}
    ${late && html`<path class="deadline" d=${bars([[late.end, late.end]], base, { ...box, y: 2, height: box.height + box.y + 2 })} />`}
  </svg>`;
}

/** How long; of what has not ended at least how long. @param {Row} row */
function timeOf(row) {
  if (row.seconds !== null) return duration(row.seconds);
  return row.span ? `≥ ${duration(row.span.end - row.span.start)}` : "";
}

/** The sign and the code of an answer. @param {{row: Row}} props */
function Code({ row }) {
  if (row.kind === "gap") return null;
  const { sign, text } = STATUS[row.status];
  const number = row.span && row.kind === "span" ? code(row.span) : undefined;
  const plain = row.status === "ok" && number === undefined;
  return html`<span class=${`status ${row.status} ${plain ? "plain" : ""}`} title=${text}><span class="sign" aria-hidden="true">${sign}</span><span class="visually-hidden">${text}</span>${number ?? ""}</span>`;
}
