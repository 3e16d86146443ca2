// @ts-check
/** Time ranges in words, and as forms write them. No DOM. */
import { DEFAULT_RANGE, frozen, seconds, timeRange } from "./url.js";

/** The console's ranges, and as long as traces are kept. */
export const PRESETS = ["PT5M", "PT15M", "PT30M", "PT1H", "PT3H", "PT6H", "PT12H", "P1D", "P3D", "P7D", "P30D"];
const UNITS = /** @type {[number, string][]} */ ([[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]]);

/** "Last 15 minutes" of PT15M. @param {string} text */
export function lastWords(text) {
  let rest = seconds(text);
  const words = UNITS.flatMap(([size, name]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count ? [count === 1 ? name : `${count} ${name}s`] : [];
  });
  return `Last ${words.join(" ")}`;
}

/** @param {Date} date @param {boolean} withDay */
function short(date, withDay) {
  // As everywhere on the page: 24 hours.
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: date.getSeconds() ? "2-digit" : undefined, hourCycle: "h23" });
  return withDay ? `${date.toLocaleDateString([], { month: "short", day: "numeric" })}, ${time}` : time;
}

/** A time range as its button says it. @param {string | undefined} text */
export function words(text) {
  const range = timeRange(text);
  if (range.live) return lastWords(text && seconds(text) ? text : DEFAULT_RANGE);
  const [start, end] = [new Date(range.start * 1000), new Date(range.end * 1000)];
  const sameDay = start.toDateString() === end.toDateString();
  return `${short(start, true)} – ${short(end, !sameDay)}`;
}

/** A time as `<input type="datetime-local">` has it: in local time, without a zone. @param {number} at seconds since the epoch */
export function forInput(at) {
  const date = new Date(at * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** The time range between two inputs, or why there is none. @param {string} from @param {string} to @returns {{value: string} | {problem: string}} */
export function between(from, to) {
  const [start, end] = [Date.parse(from) / 1000, Date.parse(to) / 1000];
  if (Number.isNaN(start)) return { problem: "The start needs a date and a time." };
  if (Number.isNaN(end)) return { problem: "The end needs a date and a time." };
  if (start >= end) return { problem: "The start has to be before the end." };
  return { value: frozen({ start, end }) };
}

/** A range around moments, with room at both ends. @param {number[]} moments seconds since the epoch */
export const around = (moments) => frozen({ start: Math.min(...moments) - 60, end: Math.max(...moments) + 60 });
