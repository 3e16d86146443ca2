// @ts-check
/**
 * The rows of the list and how they change: fetched in pages, the newest first, and kept up to date by what the server tells.
 * A trace's id holds the second in which it began, and summaries are asked for by that second; so what has changed is
 * fetched by asking for its seconds alone. No DOM: what asks, what is told, and the clock are given.
 */
import { idTime } from "../expressions.js";
import { timeRange } from "../url.js";
import { row } from "./rows.js";

/** @typedef {import("./rows.js").Row} Row */
/** @typedef {{timeRange?: string, filter?: string, since?: number}} Query `since`: nothing that began before */
/** @typedef {{Traces: any[], Deeper: string | null, More: boolean}} Answer */
/** @typedef {(query: {start: number, end: number, filter?: string, limit?: number}) => Promise<Answer>} Ask */

// More than anybody reads; beyond that a person narrows the time or the filter.
export const MOST_ROWS = 10_000;
// The first page is on the screen after 0.1 s; of the later ones each takes the server some 0.5 s.
const FIRST_PAGE = 300;
const PAGE = 2_000;
// What changes within that time is fetched together. With the server's own 100 ms a new trace is there within half a second.
export const GATHERED_MS = 200;
// Seconds with changes that are so close are asked for together, and beyond so many questions all between them.
const CLOSE_S = 5;
const MOST_QUESTIONS = 6;
// Clocks of senders are ahead sometimes; the terminal's lists look as far.
const AHEAD_S = 86_400;

/** Stretches of time that hold all moments. @param {number[]} moments @returns {{start: number, end: number}[]} */
export function stretches(moments) {
  const ordered = [...new Set(moments)].sort((one, other) => one - other);
  /** @type {{start: number, end: number}[]} */
  const found = [];
  for (const at of ordered) {
    const last = found.at(-1);
    if (last && at - last.end <= CLOSE_S) last.end = at;
    else found.push({ start: at, end: at });
  }
  if (found.length > MOST_QUESTIONS) return [{ start: ordered[0], end: ordered[ordered.length - 1] }];
  return found;
}

export class Feed {
  /** @param {Ask} ask @param {() => void} changed called after every change @param {() => number} [now] seconds since the epoch */
  constructor(ask, changed, now = () => Date.now() / 1000) {
    this.ask = ask;
    this.told = changed;
    this.now = now;
    /** @type {Query} */
    this.query = {};
    /** @type {Map<string, Row>} what is listed */
    this.rows = new Map();
    /** @type {Map<string, Row>} what came meanwhile and is not listed yet */
    this.held = new Map();
    /** Whether new rows wait until they are asked for, because somebody reads. */
    this.holding = false;
    /** Whether nothing changes at all. */
    this.paused = false;
    this.loading = false;
    this.more = false;
    /** The filter to try where nothing matches. @type {string | null} */
    this.deeper = null;
    /** @type {(Error & {column?: number}) | null} */
    this.error = null;
    /** Counts the queries, so that answers to an earlier one are known. */
    this.turn = 0;
    /** @type {Set<string>} ids that changed and were not asked for yet */
    this.waiting = new Set();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** The time that is asked for. */
  get range() {
    const { start, end, live } = timeRange(this.query.timeRange, this.now());
    return { start: Math.max(start, this.query.since ?? 0), end: live ? end + AHEAD_S : end, live };
  }

  /** List what matches, from the beginning; what is listed stays until there is an answer. @param {Query} query */
  async load(query) {
    const turn = (this.turn += 1);
    this.query = query;
    this.loading = true;
    this.told();
    try {
      await this.pages(turn);
    } catch (error) {
      if (turn !== this.turn) return;
      this.error = /** @type {Error} */ (error);
      this.rows = new Map();
      this.deeper = null;
    }
    if (turn !== this.turn) return;
    this.loading = false;
    this.told();
  }

  /** @param {number} turn */
  async pages(turn) {
    const { start, end } = this.range;
    /** @type {Map<string, Row>} */
    const found = new Map();
    let until = end;
    let limit = FIRST_PAGE;
    for (;;) {
      const answer = await this.ask({ start, end: until, filter: this.query.filter, limit });
      if (turn !== this.turn) return;
      const before = found.size;
      let beyond = answer.More;
      for (const summary of answer.Traces) {
        if (found.size < MOST_ROWS || found.has(summary.Id)) found.set(summary.Id, row(summary));
        else beyond = true;
      }
      this.rows = new Map(found);
      this.held = new Map();
      this.error = null;
      this.deeper = answer.Deeper;
      this.more = beyond && found.size >= MOST_ROWS;
      if (!beyond || this.more) return;
      this.told();
      // The next page begins with the last second of this one; where that second fills a page, the page has to be larger.
      limit = found.size === before ? Math.min(limit * 2, MOST_ROWS) : PAGE;
      until = idTime(answer.Traces[answer.Traces.length - 1].Id);
    }
  }

  /** These traces changed on the server. @param {string[]} ids */
  changed(ids) {
    for (const id of ids) this.waiting.add(id);
    this.timer ??= setTimeout(() => this.refresh(), GATHERED_MS);
  }

  /** Fetch what changed. */
  async refresh() {
    const { start, end, live } = this.range;
    const turn = this.turn;
    const ids = [...this.waiting].filter((id) => idTime(id) >= Math.floor(start) && idTime(id) <= end);
    this.waiting.clear();
    try {
      const parts = stretches(ids.map(idTime)).map((part) => ({ start: Math.max(part.start, start), end: Math.min(part.end + 0.999, end) }));
      const answers = await Promise.all(parts.map((part) => this.ask({ ...part, filter: this.query.filter, limit: MOST_ROWS })));
      if (turn === this.turn && ids.length) this.take(ids, answers.flatMap((answer) => answer.Traces.map(row)));
    } catch {
      // The page says "not connected"; when the connection is back, everything is asked anew.
    }
    this.timer = undefined;
    if (this.waiting.size) this.changed([]);
    if (live) this.expire();
  }

  /** @param {string[]} ids what was asked for @param {Row[]} fresh what there is now */
  take(ids, fresh) {
    const there = new Set(fresh.map((one) => one.id));
    const wanted = new Set(ids);
    // The list itself is a new one with each change, so that whoever draws it knows.
    const rows = new Map(this.rows);
    for (const one of fresh) {
      if (this.paused || (this.holding && !rows.has(one.id))) {
        if (wanted.has(one.id)) this.held.set(one.id, one);
      } else rows.set(one.id, one);
    }
    // They changed, and match no longer.
    for (const id of ids) if (!there.has(id)) this.held.delete(id), this.paused || rows.delete(id);
    this.rows = rows;
    this.told();
  }

  /** How many new traces wait. */
  get news() {
    let count = 0;
    for (const id of this.held.keys()) if (!this.rows.has(id)) count += 1;
    return count;
  }

  /** List what waits. */
  show() {
    if (!this.held.size) return;
    this.rows = new Map([...this.rows, ...this.held]);
    this.held = new Map();
    this.told();
  }

  /** Let go of what has left the time range, and of the oldest beyond the most that is listed. */
  expire() {
    if (this.paused) return;
    const { start } = this.range;
    const kept = [...this.rows.values()].filter((one) => idTime(one.id) >= Math.floor(start));
    if (kept.length > MOST_ROWS) {
      kept.sort((one, other) => other.start - one.start);
      kept.length = MOST_ROWS;
      this.more = true;
    }
    if (kept.length === this.rows.size) return;
    this.rows = new Map(kept.map((one) => [one.id, one]));
    this.told();
  }

  /** No more news. */
  close() {
    this.turn += 1;
    clearTimeout(this.timer);
  }
}
