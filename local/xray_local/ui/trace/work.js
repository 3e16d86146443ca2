// @ts-check
/** The timeline with all that works on it: find, critical path, folding, zoom, problems, details, and their keys. */
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../base.js";
import { useKeys } from "../keys.js";
import { go } from "../url.js";
import { parseRange, rangeText, zoomed } from "./axis.js";
import { criticalPath, onPath, stops } from "./critical.js";
import { Details } from "./details.js";
import { found, inOrder, next } from "./find.js";
import { Overview, WORTH_IT } from "./overview.js";
import { leadingTo, rows as rowsOf } from "./rows.js";
import { useMedia, useParam } from "./state.js";
import { Timeline, foldOrLeave } from "./timeline.js";
import { Tools } from "./tools.js";

/** @typedef {import("./model.js").Trace} Trace */
/** @typedef {import("./rows.js").Row} Row */

const NARROW = "(max-width: 760px)";
const NOTHING = /** @type {ReadonlySet<string>} */ (new Set());

/** The critical path while it is asked for. @param {Trace} trace @param {boolean} wanted */
function useCritical(trace, wanted) {
  return useMemo(() => {
    if (!wanted) return { ids: [], only: undefined, pieces: new Map() };
    const steps = criticalPath(trace);
    /** @type {Map<string, [number, number][]>} */
    const pieces = new Map();
    for (const { span, start, end } of steps) if (span) pieces.set(span.id, [...(pieces.get(span.id) ?? []), [start, end]]);
    return { ids: stops(steps).map((span) => span.id), only: onPath(steps), pieces };
  }, [trace, wanted]);
}

/** Rows and which of them are folded. @param {Trace} trace @param {ReadonlySet<string> | undefined} only */
function useRows(trace, only) {
  const [folds, setFolds] = useState(/** @type {ReadonlyMap<string, boolean>} */ (new Map()));
  const rows = useMemo(() => rowsOf(trace, { folds, gaps: true, only }), [trace, folds, only]);
  const fold = useCallback((/** @type {string[]} */ keys, /** @type {boolean} */ open) => setFolds((old) => {
    // The same for nothing new, or each key press would make all rows anew.
    if (keys.every((key) => old.get(key) === open)) return old;
    const made = new Map(old);
    for (const key of keys) made.set(key, open);
    return made;
  }), []);
  return { rows, fold };
}

/**
 * @param {object} props
 * @param {Trace} props.trace
 * @param {Record<string, string>} props.params
 * @param {string} props.span what is selected: a span's id, or the key of another row
 * @param {(id: string) => void} props.onSpan
 * @param {string[]} props.wrong
 * @param {number} props.asked how often the next problem was asked for from outside
 * @param {import("./model.js").Span[]} props.cold
 * @param {boolean} props.shared
 */
export function Work({ trace, params, span, onSpan, wrong, asked, cold, shared }) {
  const narrow = useMedia(NARROW);
  const [tab, setTab] = useParam(params, "tab");
  const [zoom, setZoom] = useParam(params, "zoom");
  const [words, setWords] = useParam(params, "find");
  const [path, setPath] = useParam(params, "path");
  const [closed, setClosed] = useState(false);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const length = trace.end - trace.start || 0.000001;
  const range = useMemo(() => parseRange(zoom, length), [zoom, length]);
  const critical = useCritical(trace, path === "critical");
  const { rows, fold } = useRows(trace, critical.only);
  const matches = useMemo(() => found(trace, words), [trace, words]);
  const marked = useMemo(() => new Set(matches), [matches]);

  const select = useCallback((/** @type {string} */ key) => {
    onSpan(key);
    setClosed(false);
  }, []);
  // A deep link, a match or a problem may lie in something that is folded.
  const reveal = useCallback((/** @type {string | undefined} */ id) => {
    if (!id) return;
    fold(leadingTo(trace, id), true);
    select(id);
  }, [trace]);
  useEffect(() => {
    if (span && trace.span(span)) fold(leadingTo(trace, span), true);
  }, [span, trace]);
  const step = (/** @type {string[]} */ ids, /** @type {1 | -1} */ by) => reveal(next(inOrder(trace).map((one) => one.id), new Set(ids), span, by));
  const first = useRef(asked);
  useEffect(() => {
    if (asked !== first.current) step(wrong, 1);
    first.current = asked;
  }, [asked]);

  const place = rows.findIndex((row) => row.key === span);
  const row = rows[place];
  const timeline = () => /** @type {HTMLElement | null} */ (box.current?.querySelector('[role="treegrid"]') ?? null);
  const open = row && !closed;
  const details = () => {
    setClosed(false);
    // Right after the drawing, and before the next key.
    queueMicrotask(() => box.current?.querySelector("#details-title")?.focus());
  };
  const leave = () => {
    if (open) setClosed(true);
    else if (words) setWords("");
    else if (path) setPath("");
    else if (zoom) setZoom("");
    else onSpan("");
    timeline()?.focus({ preventScroll: true });
  };
  const setRange = (/** @type {import("./axis.js").Range} */ wanted) => setZoom(rangeText(wanted, length));
  const foldRow = (/** @type {Row} */ one, /** @type {boolean} */ wanted) => fold([one.key], wanted);
  const to = (/** @type {number} */ by) => {
    const wanted = rows[Math.min(Math.max(place + by, 0), rows.length - 1)];
    if (wanted) select(wanted.key);
    timeline()?.focus({ preventScroll: true });
  };
  useKeys("Trace", [
    { keys: "j", does: "Next row", run: () => to(1) },
    { keys: "k", does: "Previous row", run: () => to(place < 0 ? 1 : -1) },
    { keys: "h", does: "Fold, or go to the row above", run: () => foldOrLeave({ onFold: foldRow, onSelect: select }, row) },
    { keys: "l", does: "Unfold", run: () => row && row.open === false && foldRow(row, true) },
    { keys: "o", does: "Details (Enter in the timeline)", run: () => row && details() },
    { keys: "e", does: "Next problem", run: () => step(wrong, 1) },
    { keys: "Shift+E", does: "Previous problem", run: () => step(wrong, -1) },
    { keys: "c", does: "Critical path alone", run: () => setPath(path ? "" : "critical") },
    { keys: "]", does: "Next on the critical path", run: () => (path ? step(critical.ids, 1) : setPath("critical")) },
    { keys: "[", does: "Previous on the critical path", run: () => (path ? step(critical.ids, -1) : setPath("critical")) },
    { keys: "/", does: "Find in the trace", run: () => input.current?.focus() },
    { keys: "n", does: "Next match", run: () => step(matches, 1) },
    { keys: "Shift+N", does: "Previous match", run: () => step(matches, -1) },
    { keys: "+", does: "Zoom in", run: () => setRange(zoomed(range, 0.5, length, middle(row, trace, range))) },
    { keys: "-", does: "Zoom out", run: () => setRange(zoomed(range, 2, length)) },
    { keys: "0", does: "The whole time", run: () => setZoom("") },
    { keys: "Escape", does: "Close, clear, zoom out, one after the other", run: leave },
  ]);

  const coldSpan = row?.kind === "span" ? cold.find((one) => one === row.span) : undefined;
  return html`<section class=${`work ${open ? "with-details" : ""}`} ref=${box} aria-label="Timeline of the trace">
    <${Tools} words=${words} onWords=${setWords} matches=${matches} span=${span} onMatch=${(/** @type {1 | -1} */ by) => step(matches, by)} input=${input}
      critical=${path === "critical"} onCritical=${() => setPath(path ? "" : "critical")} stops=${critical.ids} onStop=${(/** @type {1 | -1} */ by) => step(critical.ids, by)}
      zoomed=${Boolean(zoom)} onWhole=${() => setZoom("")} onFold=${(/** @type {boolean} */ wanted) => fold(foldable(trace, rows), wanted)} />
    ${rows.length >= WORTH_IT && html`<${Overview} trace=${trace} rows=${rows} range=${range} onZoom=${setRange} />`}
    <div class="work-body">
      <${Timeline} trace=${trace} rows=${rows} range=${range} selected=${span} onSelect=${select} onFold=${foldRow} onDetails=${details} onZoom=${setRange}
        marked=${words ? marked : NOTHING} critical=${critical.pieces} narrow=${narrow} />
      ${open && html`<${Details} key="details" row=${row} trace=${trace} tab=${tab} onTab=${setTab} onClose=${leave} onSelect=${reveal} shared=${shared}
        onColdStart=${coldSpan ? () => go(["traces", trace.id], { ...params, span, view: "cold-start" }) : null} />`}
    </div>
  </section>`;
}

/** Where to zoom in: on what is selected. @param {Row | undefined} row @param {Trace} trace @param {import("./axis.js").Range} range */
function middle(row, trace, range) {
  if (!row) return undefined;
  const at = (row.pieces[0][0] + row.pieces[row.pieces.length - 1][1]) / 2 - trace.start;
  return at >= range.from && at <= range.to ? at : undefined;
}

/** All rows that can be folded, shown or not. @param {Trace} trace @param {Row[]} rows */
const foldable = (trace, rows) => [...[...trace.spans.values()].filter((span) => span.children.length).map((span) => span.id), ...rows.filter((row) => row.open !== null).map((row) => row.key)];
