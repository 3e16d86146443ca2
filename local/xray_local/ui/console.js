// @ts-check
/**
 * Addresses of the CloudWatch console as ours, so that a link from there works once its host is ours. What stands after "?"
 * is written as CloudWatch writes values: ~(key~value~…), 'text with *20 for a blank, ~'a~'b in a list.
 *
 *     #xray:traces/1-5f84c7a6-…?~(query~()~context~(timeRange~(delta~21600000)))
 *     #xray:traces/query?~(query~(expression~'fault*20*3d*20true)~context~(timeRange~(delta~3600000)))
 *     #xray:service-map/map?~(query~(filter~'…)~context~(timeRange~(start~'2026-11-23T10*3a00*3a00.000Z~end~'…)))
 */
import { traceId } from "./expressions.js";

const MINUTE_MS = 60_000;
// Nobody nests deeper; a text that does is no address.
const DEEPEST = 20;

/** @typedef {{text: string, at: number, depth: number}} Reading */

/** Text up to the next sign that ends a value. @param {Reading} reading */
function word(reading) {
  const start = reading.at;
  while (reading.at < reading.text.length && !/[~()]/.test(reading.text[reading.at])) reading.at += 1;
  return reading.text.slice(start, reading.at);
}

/** *20 is a character by its number, **20ac one beyond Latin. @param {string} text */
const plain = (text) => text.replace(/\*\*([0-9a-f]{4})|\*([0-9a-f]{2})|!/gi, (sign, long, short) => (sign === "!" ? "$" : String.fromCharCode(parseInt(long ?? short, 16))));

/** @param {Reading} reading @returns {unknown} */
function value(reading) {
  if (reading.text[reading.at] === "~") reading.at += 1;
  if (reading.text[reading.at] === "(") return group(reading);
  const told = word(reading);
  if (told.startsWith("'")) return plain(told.slice(1));
  return told !== "" && Number.isFinite(Number(told)) ? Number(told) : told;
}

/** What stands between parentheses: names with values, or a list. @param {Reading} reading @returns {unknown} */
function group(reading) {
  reading.at += 1;
  reading.depth += 1;
  if (reading.depth > DEEPEST) throw new Error("too deep");
  const list = reading.text[reading.at] === "~";
  /** @type {[string, unknown][]} */
  const found = [];
  while (reading.at < reading.text.length && reading.text[reading.at] !== ")") {
    if (reading.text[reading.at] === "~") reading.at += 1;
    found.push([list ? String(found.length) : plain(word(reading)), value(reading)]);
  }
  reading.at += 1;
  reading.depth -= 1;
  return Object.fromEntries(found);
}

/** @param {any} range {delta} in milliseconds, or {start, end} @returns {string} as our timeRange; empty for none */
function timeRangeOf(range) {
  const delta = Number(range?.delta);
  if (delta >= MINUTE_MS) return `PT${Math.round(delta / MINUTE_MS)}M`;
  const [start, end] = [new Date(range?.start), new Date(range?.end)];
  return start < end ? `${start.toISOString()}~${end.toISOString()}` : "";
}

/** The address of ours that one of CloudWatch's means; null for any other. @param {string} hash @returns {{path: string[], params: Record<string, string>} | null} */
export function fromConsole(hash) {
  const found = /^#xray:([^?]*)\??(.*)$/s.exec(hash);
  if (!found) return null;
  const [view, id] = found[1].split("/");
  /** @type {any} */
  let told = {};
  try {
    told = value({ text: decodeURIComponent(found[2]), at: 0, depth: 0 });
  } catch {
    // The view alone is meant then.
  }
  const filter = String(told?.query?.expression ?? told?.query?.filter ?? "");
  const timeRange = timeRangeOf(told?.context?.timeRange);
  const params = { ...(filter && { filter }), ...(timeRange && { timeRange }) };
  const trace = view === "traces" && traceId(id ?? "");
  if (trace) return { path: ["traces", trace], params: timeRange ? { timeRange } : {} };
  return { path: [view === "traces" ? "traces" : "service-map"], params };
}
