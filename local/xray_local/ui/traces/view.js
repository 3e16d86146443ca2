// @ts-check
/** The list of traces: filter, distribution of response times, statuses, and rows that arrive as they happen. */
import { html, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../base.js";
import * as api from "../api.js";
import { parseRange, rangeText } from "../buckets.js";
import { Empty } from "../empty.js";
import { and, between, toggled } from "../expressions.js";
import { FilterBox } from "../filter.js";
import { clock, count, duration } from "../format.js";
import { Histogram } from "../histogram.js";
import { useComing, useKeys } from "../keys.js";
import { listen } from "../live.js";
import { lastWords, words } from "../period.js";
import { ExportButton, ImportButton } from "../transfer.js";
import { change, go, href, seconds, timeRange } from "../url.js";
import { Feed, MOST_ROWS } from "./feed.js";
import { List } from "./list.js";
import { FlagChips, Refiners, StatusChips } from "./refine.js";
import { NEWEST, narrowed, sorted, statuses } from "./rows.js";

/** @typedef {Record<string, string>} Params filter, timeRange, since, status, responsetime, sort, chosen */
/** @typedef {import("./rows.js").Row} Row */

// Ages move on, and rows leave the time range.
const TICK_MS = 1000;
const WIDER = ["PT6H", "P1D", "P7D", "P30D"];
// The bar of a row is as long as its share of what all but the slowest took.
const LONGEST_SHARE = 0.98;

/** The feed of the present query, listening. @param {Params} params */
function useFeed({ timeRange: range, filter, since }) {
  const [, draw] = useState(0);
  const feed = useMemo(() => new Feed(api.summaries, () => draw((times) => times + 1)), []);
  // With the drawing: from the first moment on the list is on its way, and its keys wait for it.
  useLayoutEffect(() => {
    feed.load({ timeRange: range, filter, since: Number(since) || undefined });
  }, [range, filter, since]);
  useEffect(() => {
    let lost = false;
    const unlisten = listen((news) => {
      if (news.traces) feed.changed(news.traces);
      // What happened while nobody listened was told to nobody.
      if (news.connected && lost) feed.load(feed.query);
      if (news.connected !== undefined) lost = !news.connected;
    });
    const timer = setInterval(() => (feed.range.live && feed.expire(), draw((times) => times + 1)), TICK_MS);
    return () => {
      unlisten();
      clearInterval(timer);
      feed.close();
    };
  }, []);
  return feed;
}

/** The rows as they are listed, and what is drawn of them as a whole. @param {Feed} feed @param {Params} params */
function useRows(feed, params) {
  const { status, responsetime, sort = NEWEST } = params;
  const all = useMemo(() => [...feed.rows.values()], [feed.rows]);
  const ofStatus = useMemo(() => narrowed(all, statuses(status), null), [all, status]);
  const times = useMemo(() => ofStatus.flatMap((row) => row.response ?? []), [ofStatus]);
  const rows = useMemo(() => sorted(narrowed(ofStatus, new Set(), parseRange(responsetime)), sort), [ofStatus, responsetime, sort]);
  const inRange = useMemo(() => narrowed(all, new Set(), parseRange(responsetime)), [all, responsetime]);
  const longest = useMemo(() => {
    const shown = rows.flatMap((row) => row.response ?? []).sort((one, other) => one - other);
    return shown[Math.floor((shown.length - 1) * LONGEST_SHARE)] ?? 0;
  }, [rows]);
  return { all, inRange, times, rows, longest };
}

/** Whether something matches further down, if nothing does at the top. @param {Feed} feed */
function useHint(feed) {
  const [found, put] = useState({ filter: "", state: "" });
  const wanted = feed.loading || feed.rows.size ? null : feed.deeper;
  useEffect(() => {
    if (!wanted) return undefined;
    let late = false;
    const tell = (/** @type {string} */ state) => late || put({ filter: wanted, state });
    const { start, end } = feed.range;
    tell("looking");
    api.summaries({ start, end, filter: wanted, limit: 1 }).then((answer) => tell(answer.Traces.length ? "found" : ""), () => tell(""));
    return () => {
      late = true;
    };
  }, [wanted]);
  return found.filter === wanted ? found : { filter: "", state: "" };
}

/** @param {{feed: Feed, params: Params}} props */
function Nothing({ feed, params }) {
  const hint = useHint(feed);
  const [anywhere, look] = useState(/** @type {number | null} */ (null));
  useEffect(() => {
    api.health().then((health) => look(health.store?.counts?.traces ?? 0), () => look(null));
  }, [feed.rows]);
  const { timeRange: range, filter, since } = params;
  if (anywhere === 0 && !filter) return html`<${Empty} />`;
  const live = timeRange(range).live;
  const length = seconds(range ?? "") || 3600;
  const wider = since ? [] : WIDER.filter((one) => !live || seconds(one) > length).slice(0, 3);
  return html`<section class="nothing">
    <h1>${filter ? "No trace matches" : since ? "Nothing since the list was cleared" : "No traces in this time"}</h1>
    <p class="quiet">${since ? `Since ${clock(Number(since)).slice(0, 8)}. New traces appear here by themselves.` : `${words(range)}.`}</p>
    ${hint.state === "looking" && html`<p class="quiet" role="status">Looking further down the traces…</p>`}
    ${hint.state === "found" && html`<p>The answer to the client is never like that, but a service further down is. This looks at all of them:</p>
      <p><button type="button" class="primary mono" onClick=${() => change({ filter: hint.filter })}>${hint.filter}</button></p>`}
    <div class="line">
      ${since && html`<button type="button" onClick=${() => change({ since: "" })}>Show the earlier ones</button>`}
      ${filter && html`<button type="button" onClick=${() => change({ filter: "" })}>Clear the filter</button>`}
      ${wider.map((one) => html`<button type="button" key=${one} onClick=${() => change({ timeRange: one })}>${lastWords(one)}</button>`)}
      <${ImportButton} />
    </div>
  </section>`;
}

/** The bars, and what the range among them does. @param {{times: number[], params: Params}} props */
function Times({ times, params }) {
  const range = parseRange(params.responsetime);
  const put = (/** @type {import("../buckets.js").Range | null} */ wanted) => change({ responsetime: rangeText(wanted) }, true);
  return html`<section class="times" aria-label="Response times">
    <div class="line"><h2>Response time</h2>
      ${range
        ? html`<span>${duration(range.from)} – ${duration(range.to)}</span>
            <button type="button" class="small" onClick=${() => change({ responsetime: "", filter: and(params.filter ?? "", between(range)) })}>Add to the filter</button>
            <button type="button" class="small plain" onClick=${() => put(null)}>Clear</button>`
        : html`<span class="quiet hint">Drag over the bars to narrow the list</span>`}
    </div>
    <${Histogram} values=${times} range=${range} onRange=${put} label="Response time" />
  </section>`;
}

/** How many there are and what is left out, with what waits. @param {{feed: Feed, shown: number, onShow: () => void}} props */
function Count({ feed, shown, onShow }) {
  const all = feed.rows.size;
  const total = `${count(all)} ${all === 1 ? "trace" : "traces"}`;
  const listed = feed.more ? `the newest ${total}` : total;
  const news = feed.news;
  return html`<p class="count" role="status">${shown === all ? listed.replace(/^t/, "T") : `${count(shown)} of ${listed}`}
    ${feed.more && html` <span class="quiet">of more than ${count(MOST_ROWS)}</span>`}${feed.loading && html` <span class="quiet">loading…</span>`}</p>
    ${news > 0 && html`<button type="button" class="pill" onClick=${onShow}>${count(news)} new</button>`}`;
}

/** @param {{chosen: string[]}} props */
function Compare({ chosen }) {
  if (!chosen.length) return null;
  return html`<div class="compare-bar" role="region" aria-label="Comparison">
    <span>${chosen.length === 1 ? "Choose another trace to compare with" : "Two traces chosen"} <span class="mono quiet">${chosen.join(" · ")}</span></span>
    ${chosen.length === 2 && html`<a class="button primary" href=${href(["compare", ...chosen])}>Compare</a>`}
    <button type="button" class="plain" onClick=${() => change({ chosen: "" }, true)}>Clear</button>
  </div>`;
}

/** Which row the keys move from. @param {Row[]} rows */
function useActive(rows) {
  const [active, put] = useState({ id: "", moved: 0 });
  /** @param {number | "first" | "last"} step */
  const move = (step) => {
    const at = rows.findIndex((row) => row.id === active.id);
    const place = step === "first" ? 0 : step === "last" ? rows.length - 1 : at < 0 ? 0 : at + step;
    const wanted = rows[Math.max(0, Math.min(rows.length - 1, place))];
    if (wanted) put({ id: wanted.id, moved: active.moved + 1 });
  };
  const onActive = useCallback((/** @type {string} */ id) => put((before) => (before.id === id ? before : { ...before, id, moved: 0 })), []);
  return { active, onActive, move };
}

const toTop = () => document.querySelector(".trace-list")?.scrollTo({ top: 0 });

/** @param {string} text @param {string} id */
function choose(text, id) {
  const chosen = text.split(",").filter(Boolean);
  // A third one takes the place of the first.
  return chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(-2);
}

/** Whether what is new is listed at once or waits. @param {Feed} feed @param {string} sort */
function useArrivals(feed, sort) {
  const atTop = useRef(true);
  // New rows that push others away while somebody reads further down, or among rows in another order, wait.
  const hold = () => {
    feed.holding = feed.paused || !atTop.current || sort !== NEWEST;
  };
  useEffect(hold, [sort]);
  const onTop = useCallback((/** @type {boolean} */ there) => {
    atTop.current = there;
    hold();
  }, [sort]);
  const show = () => {
    feed.show();
    if (sort === NEWEST) toTop();
  };
  const pause = () => {
    feed.paused = !feed.paused;
    hold();
    if (!feed.paused) feed.show();
    feed.told();
  };
  return { onTop, show, pause };
}

/** What there is to do with the list as a whole. @param {{feed: Feed, rows: Row[], all: Row[], params: Params, onToggle: (clause: string) => void, show: () => void, pause: () => void}} props */
function Tools({ feed, rows, all, params, onToggle, show, pause }) {
  const { since, filter = "" } = params;
  const clear = () => change({ since: String(Math.floor(Date.now() / 1000)), status: "", responsetime: "", chosen: "" });
  return html`<div class="strip-line"><${Count} feed=${feed} shown=${rows.length} onShow=${show} />
    ${since && html`<button type="button" class="chip" onClick=${() => change({ since: "" })} title="Show the earlier ones">Since ${clock(Number(since)).slice(0, 8)} ×</button>`}
    <span class="spread"></span>
    <${Refiners} rows=${all} filter=${filter} onToggle=${onToggle} />
    ${feed.range.live && html`<button type="button" aria-pressed=${feed.paused ? "true" : "false"} onClick=${pause}>${feed.paused ? "Paused" : "Pause"}</button>`}
    ${feed.range.live && html`<button type="button" onClick=${clear} title="List only what comes from now on">Clear</button>`}
    <${ImportButton} /><${ExportButton} ids=${rows.map((row) => row.id)} />
  </div>`;
}

/** @param {{params: Params}} props */
export function TracesView({ params }) {
  const feed = useFeed(params);
  const { all, inRange, times, rows, longest } = useRows(feed, params);
  const { active, onActive, move } = useActive(rows);
  const { filter = "", sort = NEWEST } = params;
  const { onTop, show, pause } = useArrivals(feed, sort);
  const chosen = useMemo(() => (params.chosen ?? "").split(",").filter(Boolean), [params.chosen]);
  const onChoose = useCallback((/** @type {string} */ id) => change({ chosen: choose(params.chosen ?? "", id).join(",") }, true), [params.chosen]);
  const onSort = useCallback((/** @type {string} */ by) => {
    change({ sort: by === NEWEST ? "" : by }, true);
    toTop();
  }, []);
  const keep = useMemo(() => ({ timeRange: params.timeRange, filter: params.filter }), [params.timeRange, params.filter]);
  const toggle = (/** @type {string} */ clause) => change({ filter: toggled(filter, clause) });
  const run = (/** @type {string} */ wanted) => (wanted === filter ? feed.load(feed.query) : change({ filter: wanted }));
  const some = all.length > 0;
  const coming = !some && feed.loading;
  useComing(coming);
  useKeys("List of traces", coming ? [] : bindings({ move, show, pause, onChoose, active: active.id, chosen }));
  return html`<div class="traces">
    ${some && html`<h1 class="visually-hidden">Traces</h1>`}
    <${FilterBox} value=${filter} range=${timeRange(params.timeRange)} onRun=${run} />
    ${feed.error && html`<p class="problem pad" role="alert"><span aria-hidden="true">! </span>${feed.error.message}</p>`}
    ${some && html`<${Times} times=${times} params=${params} />
      <div class="strip-line"><${StatusChips} rows=${inRange} chosen=${statuses(params.status)} onChange=${(/** @type {string} */ status) => change({ status }, true)} />
        <${FlagChips} rows=${all} filter=${filter} onToggle=${toggle} /></div>`}
    ${(some || feed.paused) && html`<${Tools} feed=${feed} rows=${rows} all=${all} params=${params} onToggle=${toggle} show=${show} pause=${pause} />`}
    ${some && html`<${List} rows=${rows} sort=${sort} onSort=${onSort} active=${active} onActive=${onActive} chosen=${chosen} onChoose=${onChoose}
      keep=${keep} onTop=${onTop} longest=${longest} now=${Date.now() / 1000} />`}
    ${!some && !feed.error && (feed.loading ? html`<p class="quiet pad" role="status">Looking for traces…</p>` : html`<${Nothing} feed=${feed} params=${params} />`)}
    <${Compare} chosen=${chosen} />
  </div>`;
}

/**
 * @param {{move: (step: number | "first" | "last") => void, show: () => void, pause: () => void, onChoose: (id: string) => void, active: string, chosen: string[]}} does
 * @returns {import("../keys.js").Binding[]}
 */
function bindings({ move, show, pause, onChoose, active, chosen }) {
  /** Only where nothing else wants the key. */
  const enter = () => {
    const focused = document.activeElement;
    if (focused instanceof HTMLElement && focused !== document.body) focused.click();
    else if (active) go(["traces", active]);
  };
  return [
    { keys: "j", does: "Next trace", run: () => move(1) },
    { keys: "k", does: "Trace before", run: () => move(-1) },
    { keys: "Home", does: "First trace", run: () => move("first") },
    { keys: "End", does: "Last trace", run: () => move("last") },
    { keys: "Enter", does: "Open the trace", run: enter },
    { keys: "n", does: "List what is new", run: show },
    { keys: "p", does: "Pause, go on", run: pause },
    { keys: "x", does: "Choose for comparison", run: () => active && onChoose(active) },
    { keys: "c", does: "Compare the two", run: () => chosen.length === 2 && go(["compare", ...chosen]) },
  ];
}
