// @ts-check
/**
 * The page's state in its address, so that a link, the back button and a reload give the same view.
 * The routes are the X-Ray console's: #/service-map?timeRange=PT1H, #/traces?filter=...&timeRange=..., #/traces/<id>.
 * CloudWatch's are taken, too (console.js). A time range is an ISO 8601 duration that ends now (PT15M) or start~end as ISO times.
 */
import { useLayoutEffect, useState } from "./base.js";
import { fromConsole } from "./console.js";

/** @typedef {{path: string[], params: Record<string, string>}} Place */

/** The place that an address names. @param {string} hash @returns {Place} */
export function parse(hash) {
  const linked = fromConsole(hash);
  if (linked) return linked;
  const text = hash.replace(/^#!?\/?/, "");
  const [path, query = ""] = text.split(/\?(.*)/s);
  /** @type {Record<string, string>} */
  const params = {};
  for (const [key, value] of new URLSearchParams(query)) params[key] = value;
  return { path: path.split("/").filter(Boolean).map(safeDecode), params };
}

/** @param {string} text */
function safeDecode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The address of a place; parameters that are empty are left out. @param {string[]} path @param {Record<string, unknown>} [params] */
export function href(path, params = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) if (value !== undefined && value !== null && value !== "") query.set(key, String(value));
  const tail = query.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${tail ? `?${tail}` : ""}`;
}

/** Go there; `replace` makes no new entry for the back button. @param {string[]} path @param {Record<string, unknown>} [params] @param {boolean} [replace] */
export function go(path, params = {}, replace = false) {
  const target = href(path, params);
  if (target === location.hash) return;
  history[replace ? "replaceState" : "pushState"](null, "", target);
  // The browser would tell it later than keys that wait already, and those would still mean the view that is left.
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** A click on a link of ours goes as `go` does; with Ctrl and the like it is the browser's. @param {MouseEvent} event */
function followed(event) {
  const link = event.target instanceof Element && event.target.closest('a[href^="#/"]');
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const { path, params } = parse(/** @type {string} */ (link.getAttribute("href")));
  go(path, params);
}

/** Change parameters of the present place. @param {Record<string, unknown>} changes @param {boolean} [replace] */
export function change(changes, replace = false) {
  const here = parse(location.hash);
  go(here.path, { ...here.params, ...changes }, replace);
}

/** The present place, kept up to date. @returns {Place} */
export function usePlace() {
  const [place, put] = useState(() => parse(location.hash));
  // With the first drawing: what is pressed before an effect after it would change the address and nothing else.
  useLayoutEffect(() => {
    const follow = () => put(parse(location.hash));
    addEventListener("hashchange", follow);
    addEventListener("click", followed);
    return () => {
      removeEventListener("hashchange", follow);
      removeEventListener("click", followed);
    };
  }, []);
  return place;
}

const UNITS = /** @type {const} */ ({ D: 86400, H: 3600, M: 60, S: 1 });

/** Seconds of an ISO 8601 duration such as PT15M or P1D; NaN for anything else. @param {string} text */
export function seconds(text) {
  const found = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(text);
  if (!found || text.length < 3) return NaN;
  return [UNITS.D, UNITS.H, UNITS.M, UNITS.S].reduce((sum, unit, place) => sum + unit * Number(found[place + 1] ?? 0), 0);
}

export const DEFAULT_RANGE = "PT1H";

/** Start and end of a time range in seconds since the epoch. @param {string | undefined} text @param {number} [now] */
export function timeRange(text, now = Date.now() / 1000) {
  const [from, to] = (text ?? "").split("~");
  const start = Date.parse(from) / 1000;
  const end = Date.parse(to ?? "") / 1000;
  if (start < end) return { start, end, live: false };
  const length = seconds(text ?? "") || seconds(DEFAULT_RANGE);
  return { start: now - length, end: now + 1, live: true };
}

/** The same range with fixed ends, as a text. @param {{start: number, end: number}} range */
export function frozen(range) {
  return [range.start, range.end].map((at) => new Date(at * 1000).toISOString()).join("~");
}
