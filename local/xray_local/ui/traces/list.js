// @ts-check
/**
 * The table: as many rows in the document as are to be seen, whatever their number. Rows are links, so that a middle click opens
 * a tab; one of them is the row that keys move from.
 */
import { html, useEffect, useLayoutEffect, useRef, useState } from "../base.js";
import { STATUS, age, duration, moment } from "../format.js";
import { href } from "../url.js";
import { address } from "./rows.js";

/** @typedef {import("./rows.js").Row} Row */

// As in traces.css; two lines where the list is narrow.
const ROW = 34;
const ROW_NARROW = 60;
const NARROW = 760;
// Rows beyond the edges, so that a quick scroll does not show white.
const MARGIN = 8;

const HEADS = /** @type {[string, string, string][]} */ ([
  ["status", "Status", ""], ["code", "Code", "number"], ["request", "Request", ""], ["response", "Response time", "number"],
  ["duration", "Duration", "number"], ["start", "Age", "number"], ["id", "Trace", ""],
]);
const INSIDE = {
  fault: { name: "fault inside", does: "A fault further down was dealt with" },
  error: { name: "error inside", does: "An error further down was dealt with" },
  throttle: { name: "throttle inside", does: "A call further down was throttled" },
};

/** Types without what all of them have: `AWS::Lambda` is Lambda. @param {string} kind */
const short = (kind) => kind.replace(/^AWS::/, "").replace("::", " ");

/** @param {{row: Row}} props */
function Request({ row }) {
  const { host, path } = address(row.url);
  const named = row.url
    ? html`${row.method && html`<span class="method">${row.method}</span> `}<span class="path">${path}</span> <span class="quiet host">${host}</span>`
    : html`<span class="path">${row.entry || "No entry yet"}</span> <span class="quiet host">${short(row.kind)}</span>`;
  const cold = row.annotations.some(([key, value]) => key === "cold_start" && value === true);
  return html`${named}${cold && html` <span class="tag" title="annotation.cold_start = true">cold start</span>`}
    ${row.inside.map((one) => html` <span class=${`status tag ${one}`} title=${INSIDE[one].does}><span aria-hidden="true">${STATUS[one].sign}</span
      ><span class="word">${INSIDE[one].name}</span></span>`)}`;
}

/**
 * @param {{row: Row, place: number, top: number, active: boolean, chosen: boolean, longest: number, now: number,
 *   onChoose: (id: string) => void, onActive: (id: string) => void, keep: Record<string, unknown>}} props
 */
function Line({ row, place, top, active, chosen, longest, now, onChoose, onActive, keep }) {
  const { sign, text } = STATUS[row.status];
  const share = row.response && longest ? Math.min(100, (row.response / longest) * 100) : 0;
  return html`<div role="row" aria-rowindex=${place + 2} class=${`row ${active ? "active" : ""} ${chosen ? "chosen" : ""}`} style=${{ transform: `translateY(${top}px)` }}>
    <span role="cell" class="choose"><input type="checkbox" checked=${chosen} tabindex=${active ? 0 : -1} aria-label="Choose for comparison"
      onChange=${() => onChoose(row.id)} /></span>
    <span role="cell" class="col-status"><span class=${`status ${row.status}`} title=${text}><span class="sign" aria-hidden="true">${sign}</span><span>${text.split(" (")[0]}</span></span></span>
    <span role="cell" class="col-code number">${row.code ?? html`<span class="quiet">–</span>`}</span>
    <span role="cell" class="col-request"><a class="open" href=${href(["traces", row.id], keep)} data-id=${row.id} tabindex=${active ? 0 : -1}
      title=${row.url || row.entry} onFocus=${() => onActive(row.id)}><${Request} row=${row} /></a></span>
    <span role="cell" class="col-response number"><i class="share" style=${{ width: `${share}%` }} aria-hidden="true"></i><span>${duration(row.response)}</span></span>
    <span role="cell" class="col-duration number">${duration(row.duration)}</span>
    <span role="cell" class="col-age number" title=${moment(row.start)}>${age(row.start, now)}</span>
    <span role="cell" class="col-id mono quiet">${row.id}</span>
  </div>`;
}

/** @param {{sort: string, onSort: (by: string) => void}} props */
function Head({ sort, onSort }) {
  const [by, down] = [sort.replace("-", ""), sort.startsWith("-")];
  /** Times and ages begin with the greatest, texts with the first. @param {string} name */
  const next = (name) => (name === by ? (down ? name : `-${name}`) : ["request", "id"].includes(name) ? name : `-${name}`);
  // An age is the smaller the later the start.
  const shown = by === "start" ? !down : down;
  return html`<div role="rowgroup" class="head"><div role="row" aria-rowindex="1" class="row">
    <span role="columnheader" class="choose"><span class="visually-hidden">Compare</span></span>
    ${HEADS.map(([name, text, kind]) => html`<span key=${name} role="columnheader" class=${`col-${name === "start" ? "age" : name} ${kind}`}
      aria-sort=${name === by ? (shown ? "descending" : "ascending") : "none"}>
      <button type="button" class="plain" onClick=${() => onSort(next(name))}>${text}${name === by && html`<span class="arrow" aria-hidden="true">${shown ? "▼" : "▲"}</span>`}</button></span>`)}
  </div></div>`;
}

/** How much of the scrolling element is seen, and where. @param {{current: HTMLElement | null}} scroller */
function useView(scroller) {
  const [view, put] = useState({ top: 0, height: 600, narrow: false });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const look = () => put({ top: element.scrollTop, height: element.clientHeight, narrow: element.clientWidth < NARROW });
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    look();
    return () => {
      watcher.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  return view;
}

/** @param {{top: number, height: number, narrow: boolean}} view @param {number} count @param {number} active */
function places(view, count, active) {
  const size = view.narrow ? ROW_NARROW : ROW;
  const first = Math.max(0, Math.floor(view.top / size) - MARGIN);
  const last = Math.min(count - 1, Math.ceil((view.top + view.height) / size) + MARGIN);
  const found = Array.from({ length: Math.max(0, last - first + 1) }, (_none, at) => first + at);
  // The row that has the focus stays, or the keys would have nothing to move from.
  if (active >= 0 && (active < first || active > last)) found.push(active);
  return { size, found };
}

/** Keep the active row in sight when keys have moved it, and give it the focus. @param {{current: HTMLElement | null}} scroller @param {{place: number, id: string, moved: number, size: number}} active */
function useFollow(scroller, active) {
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || !active.moved || active.place < 0) return;
    const head = /** @type {HTMLElement | null} */ (element.querySelector(".head"))?.offsetHeight ?? 0;
    const top = active.place * active.size;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + active.size + head > element.scrollTop + element.clientHeight) element.scrollTop = top + active.size + head - element.clientHeight;
    // Not after the drawing: the next key would have moved on by then, and this focus would lead back.
    /** @type {HTMLElement | null} */ (element.querySelector(`[data-id="${CSS.escape(active.id)}"]`))?.focus({ preventScroll: true });
  }, [active.moved]);
}

/**
 * @param {{rows: Row[], sort: string, onSort: (by: string) => void, active: {id: string, moved: number}, onActive: (id: string) => void,
 *   chosen: string[], onChoose: (id: string) => void, keep: Record<string, unknown>, onTop: (atTop: boolean) => void, longest: number, now: number}} props
 * `active.moved` counts the moves by keys; `keep` are the parameters that a trace's page takes along.
 */
export function List({ rows, sort, onSort, active, onActive, chosen, onChoose, keep, onTop, longest, now }) {
  const scroller = useRef(/** @type {HTMLElement | null} */ (null));
  const view = useView(scroller);
  const at = rows.findIndex((row) => row.id === active.id);
  const { size, found } = places(view, rows.length, at);
  const atTop = view.top < size;
  useEffect(() => onTop(atTop), [atTop]);
  useFollow(scroller, { place: at, id: active.id, moved: active.moved, size });
  // Without a choice the first row is where Tab leads.
  const reached = at < 0 ? rows[0]?.id : active.id;
  return html`<div class=${`trace-list ${view.narrow ? "narrow" : ""}`} ref=${scroller} role="table" aria-label="Traces" aria-rowcount=${rows.length + 1}>
    <${Head} sort=${sort} onSort=${onSort} />
    <div role="rowgroup" class="rows" style=${{ height: `${rows.length * size}px` }}>
      ${found.map((place) => html`<${Line} key=${rows[place].id} row=${rows[place]} place=${place} top=${place * size} active=${rows[place].id === reached}
        chosen=${chosen.includes(rows[place].id)} longest=${longest} now=${now} onChoose=${onChoose} onActive=${onActive} keep=${keep} />`)}
    </div>
  </div>`;
}
