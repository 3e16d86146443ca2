// @ts-check
/** Files of traces: cut into parcels that the server takes at once, and what came of them in words. No DOM. */
import { idTime } from "./expressions.js";

// The server takes 8 MiB (server.py, LARGEST_BODY); what is sent is JSON again, in which nothing grows.
export const LARGEST_PARCEL = 4 * 1024 * 1024;

/** @typedef {{imported: number, refused: string[], ids: string[]}} Outcome */

/** The traces or documents that a file holds, as far as it can be taken apart: BatchGetTraces, a list, or one a line. @param {string} text @returns {unknown[]} */
function pieces(text) {
  let whole;
  try {
    whole = JSON.parse(text);
  } catch (problem) {
    const lines = text.split(/\r?\n/).filter((line) => line.trim());
    if (lines.length < 2) throw problem;
    whole = lines.map((line) => JSON.parse(line));
  }
  const list = Array.isArray(whole) ? whole : (whole?.Traces ?? whole?.traces);
  return Array.isArray(list) ? list : [whole];
}

/** What to send, one request each. @param {string} text @param {number} [largest] characters @returns {unknown[][]} */
export function parcels(text, largest = LARGEST_PARCEL) {
  /** @type {unknown[][]} */
  const found = [];
  let size = Infinity;
  for (const piece of pieces(text)) {
    const own = JSON.stringify(piece).length;
    if (size + own > largest) {
      found.push([]);
      size = 0;
    }
    found[found.length - 1].push(piece);
    size += own;
  }
  return found;
}

/** @param {number} number @param {string} word */
const several = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;

/** "12 documents of 3 traces were imported, 1 was refused." @param {Outcome} outcome */
export function told({ imported, refused, ids }) {
  const of = ids.length ? ` of ${several(ids.length, "trace")}` : "";
  const kept = imported ? `${several(imported, "document")}${of} ${imported === 1 ? "was" : "were"} imported` : "Nothing was imported";
  return `${kept}${refused.length ? `; ${several(refused.length, "document")} ${refused.length === 1 ? "was" : "were"} refused` : ""}.`;
}

/** Reasons with how often each came, the most frequent first. @param {string[]} refused @returns {[string, number][]} */
export function reasons(refused) {
  /** @type {Map<string, number>} */
  const counted = new Map();
  for (const reason of refused) counted.set(reason, (counted.get(reason) ?? 0) + 1);
  return [...counted].sort((one, other) => other[1] - one[1]);
}

/** When the imported traces began, in seconds. @param {string[]} ids */
export const moments = (ids) => ids.map(idTime).filter((at) => !Number.isNaN(at));

/** A name for a file of traces. @param {string[]} ids @param {Date} [now] */
export function fileName(ids, now = new Date()) {
  if (ids.length === 1) return `trace-${ids[0]}.json`;
  return `traces-${now.toISOString().slice(0, 19).replace(/[:]/g, "")}.json`;
}
