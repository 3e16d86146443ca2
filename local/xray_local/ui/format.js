// @ts-check
/** Numbers and times as people read them. */

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];
/** Pairs of units, the first that a duration reaches counts: 2 min 5 s, 1 h 5 min, 1 d 5 h. @type {[number, number, string, number, string][]} */
const PAIRS = [[DAY, DAY, "d", HOUR, "h"], [HOUR, HOUR, "h", MINUTE, "min"], [0, MINUTE, "min", 1, "s"]];

/** A duration: 840 µs, 12.3 ms, 1.84 s, 2 min 5 s, 3 h, 13 d 4 h. @param {number | null | undefined} value seconds */
export function duration(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const ms = value * 1000;
  if (ms < 0.0005) return "0 ms";
  // What is rounded up to the next unit is said in that: 1 ms and not 1000 µs.
  if (ms < 0.9995) return `${Math.round(ms * 1000)} µs`;
  if (ms < 99.95) return `${trim(ms, 1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (value < 119.995) return `${trim(value, 2)} s`;
  const [, large, name, small, rest] = /** @type {(typeof PAIRS)[0]} */ (PAIRS.find(([from, , , one]) => Math.round(value / one) * one >= from));
  const smalls = Math.round(value / small);
  const [whole, over] = [Math.floor((smalls * small) / large), smalls % (large / small)];
  return over ? `${whole} ${name} ${over} ${rest}` : `${whole} ${name}`;
}

/** @param {number} value @param {number} digits */
const trim = (value, digits) => String(Number(value.toFixed(digits)));

/** How long ago: now, 5 s, 3 min, 2 h, 4 d. @param {number} at seconds since the epoch @param {number} [now] */
export function age(at, now = Date.now() / 1000) {
  const past = Math.max(0, now - at);
  if (past < 1) return "now";
  if (past < 60) return `${Math.floor(past)} s`;
  if (past < 3600) return `${Math.floor(past / 60)} min`;
  if (past < 86400) return `${Math.floor(past / 3600)} h`;
  return `${Math.floor(past / 86400)} d`;
}

/** The time of day here, to the millisecond. @param {number} at seconds since the epoch */
export function clock(at) {
  const date = new Date(at * 1000);
  /** @param {number} value @param {number} [width] */
  const two = (value, width = 2) => String(value).padStart(width, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)}`;
}

/** Date and time here. @param {number} at seconds since the epoch */
export const moment = (at) => `${new Date(at * 1000).toLocaleDateString()} ${clock(at)}`;

/** A share: 0 %, < 0.1 %, 4.2 %, 37 %. @param {number} share 0 to 1 */
export function percent(share) {
  if (share > 0 && share < 0.001) return "< 0.1 %";
  return `${trim(share * 100, share < 0.1 ? 1 : 0)} %`;
}

/** 1,234 @param {number} value */
export const count = (value) => value.toLocaleString("en");

/**
 * How it went, by X-Ray's definitions. A throttle is an error too, and is shown as the more telling one.
 * @param {{fault?: unknown, error?: unknown, throttle?: unknown, in_progress?: unknown}} flags
 * @returns {"fault" | "throttle" | "error" | "open" | "ok"}
 */
export function status(flags) {
  if (flags.fault) return "fault";
  if (flags.throttle) return "throttle";
  if (flags.error) return "error";
  return flags.in_progress ? "open" : "ok";
}

/** The name, the sign that stands beside the colour, and the words for each status. */
export const STATUS = {
  ok: { sign: "✓", text: "OK" },
  error: { sign: "!", text: "Error (4xx)" },
  throttle: { sign: "~", text: "Throttle (429)" },
  fault: { sign: "×", text: "Fault (5xx)" },
  open: { sign: "…", text: "In progress" },
};
