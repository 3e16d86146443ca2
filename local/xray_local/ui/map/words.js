// @ts-check
/** What the map says in words: rates, shares, and a sentence for each node and edge. No DOM. */
import { STATUS, count, duration, percent } from "../format.js";
import { average, lastWord, shares } from "./graph.js";
import { WORDS, kindOf, shortName } from "./kinds.js";
import { percentile } from "./times.js";

/** @typedef {import("./graph.js").Counts} Counts */

/** 1 call, 2 calls. @param {number} total @param {string} what */
export const many = (total, what) => `${count(total)} ${what}${total === 1 ? "" : "s"}`;

/** How often, in the map of a time; how many, in the map of a trace (0 seconds). @param {number} total @param {number} seconds */
export const often = (total, seconds) => (seconds ? `${rate(total, seconds)} t/min` : total === 1 ? "" : `${count(total)} ×`);

/** Per minute: 0.05, 1.2, 34, 1,200. @param {number} total @param {number} seconds */
export function rate(total, seconds) {
  const value = (total * 60) / Math.max(1, seconds);
  if (value > 0 && value < 0.01) return "< 0.01";
  if (value < 1) return String(Number(value.toFixed(2)));
  return value < 10 ? String(Number(value.toFixed(1))) : count(Math.round(value));
}

/** What was not OK, but for what has been said already. @param {Counts} counts @param {Counts} [said] */
export const outcomes = (counts, said) =>
  shares(counts).filter(({ outcome }) => outcome !== "ok" && !said?.[outcome]).map(({ outcome, share }) => `${percent(share)} ${STATUS[outcome].text.toLowerCase()}`);

/** @param {{name: string, type: string, client?: boolean, counts: Counts, parts?: {type: string, counts: Counts}[]}} node @param {number} seconds 0 for the map of a trace */
export function nodeSentence(node, seconds) {
  const what = node.client ? "Client" : `${shortName(node.name)}, ${node.type || WORDS[kindOf(node)]}`;
  if (!node.counts.total) return what;
  const often = seconds ? `${rate(node.counts.total, seconds)} traces per minute` : many(node.counts.total, "request");
  // Merged: what is wrong in the function alone, as where it is called later.
  const inside = (node.parts ?? []).flatMap((part) => outcomes(part.counts, node.counts).map((said) => `${said} in the function`));
  return [what, `average ${duration(average(node.counts))}`, often, ...outcomes(node.counts), ...inside].join(", ");
}

/** The two ends by name; of Lambda's two nodes of one name the second is told apart. @param {Ended | undefined} from @param {Ended | undefined} to @param {string} [arrow] */
export function ends(from, to, arrow = " → ") {
  const [one, other] = [from, to].map((node) => shortName(node?.name ?? ""));
  return `${one}${arrow}${other}${one === other && from?.type !== to?.type && to?.type ? ` (${lastWord(to.type)})` : ""}`;
}

/** @typedef {{name: string, type: string}} Ended */

/** @param {import("./graph.js").Edge} edge @param {Ended | undefined} from @param {Ended | undefined} to */
export function edgeSentence(edge, from, to) {
  const between = ends(from, to, " to ");
  if (edge.link) return `${between}, linked traces${edge.ages.length ? `, waited ${duration(percentile(edge.ages, 0.5))} (median)` : ""}`;
  return [between, `average ${duration(average(edge.counts))}`, many(edge.counts.total, "call"), ...outcomes(edge.counts)].join(", ");
}
