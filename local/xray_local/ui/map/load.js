// @ts-check
/** The service graph of a time, kept up to date: as a trace arrives, and as the time goes by. */
import { useEffect, useRef, useState } from "../base.js";
import * as api from "../api.js";
import { listen } from "../live.js";
import { timeRange } from "../url.js";

/** @typedef {{services: any[], matching: any[] | null, range: {start: number, end: number}, traces: number}} Loaded `matching` is the graph of the traces that a filter finds, null without one */

// News come up to ten times a second while a load test runs; a map that changes more often than once cannot be read.
export const BETWEEN_MS = 1000;
// What is older than the range leaves it without any news.
const AGEING_MS = 20_000;

/** @param {string | undefined} timeText @param {string} filter @returns {Promise<Loaded>} */
async function load(timeText, filter) {
  const range = timeRange(timeText);
  const between = { start: range.start, end: range.end };
  const [all, matching] = await Promise.all([api.graph(between), filter ? api.graph({ ...between, filter }) : null]);
  // Whether there is nothing at all or nothing in this time is told apart where there is nothing only.
  const traces = all.Services.length ? 1 : (await api.health()).store.counts.traces;
  return { services: all.Services, matching: matching && matching.Services, range: between, traces };
}

/**
 * Call at once and then as often as it is asked for, but not more than once in a while.
 * @param {() => Promise<unknown>} work @returns {{soon: () => void, end: () => void}}
 */
export function throttled(work, between = BETWEEN_MS) {
  let [running, wanted, ended] = [false, false, false];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const run = async () => {
    [running, wanted] = [true, false];
    await work();
    timer = setTimeout(() => {
      running = false;
      if (wanted && !ended) run();
    }, between);
  };
  const soon = () => (running ? (wanted = true) : run());
  return { soon, end: () => ((ended = true), clearTimeout(timer)) };
}

/** @param {string | undefined} timeText @param {string} filter @returns {{loaded: Loaded | null, error: api.ApiError | null, again: () => void}} */
export function useGraph(timeText, filter) {
  const [state, put] = useState(/** @type {{loaded: Loaded | null, error: api.ApiError | null}} */ ({ loaded: null, error: null }));
  const again = useRef(() => {});
  useEffect(() => {
    let gone = false;
    const fetching = throttled(() =>
      load(timeText, filter).then(
        (loaded) => gone || put({ loaded, error: null }),
        (error) => gone || put((/** @type {{loaded: Loaded | null, error: api.ApiError | null}} */ before) => ({ ...before, error })),
      ),
    );
    // A page that nobody looks at waits until somebody does.
    let missed = false;
    const news = () => (document.hidden ? (missed = true) : fetching.soon());
    const seen = () => {
      if (!document.hidden && missed) fetching.soon();
      missed = false;
    };
    again.current = fetching.soon;
    fetching.soon();
    const unlisten = listen((one) => one.traces && news());
    const ageing = setInterval(news, AGEING_MS);
    document.addEventListener("visibilitychange", seen);
    return () => {
      gone = true;
      fetching.end();
      unlisten();
      clearInterval(ageing);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [timeText, filter]);
  return { ...state, again: () => again.current() };
}
