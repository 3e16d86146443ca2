// @ts-check
/** The filter expression for what is selected on the map, as X-Ray's console builds it. No DOM. */
import { between, edge as edgeClause, service } from "../expressions.js";
import { OUTCOMES } from "./graph.js";

/** @typedef {import("./graph.js").Outcome} Outcome */
/** @typedef {import("../buckets.js").Range} Range */
/** @typedef {{outcomes: Outcome[], times: Range | null}} Narrowing outcomes that are wanted, none for all; seconds */

/** What holds for a request: `fault`, `(error OR fault) AND responsetime >= 0.1 …`. @param {Narrowing} narrowing @param {import("./graph.js").Counts} counts */
export function condition({ outcomes, times }, counts) {
  const wanted = OUTCOMES.filter((outcome) => outcomes.includes(outcome));
  // A throttle is an error to the language; here the two are counted apart.
  const both = wanted.includes("error") && wanted.includes("throttle");
  const words = (wanted.length === OUTCOMES.length ? [] : wanted)
    .filter((outcome) => !(both && outcome === "throttle"))
    .map((outcome) => (outcome === "error" && !both && counts.throttle ? "(error AND !throttle)" : outcome));
  const status = words.length > 1 && times ? `(${words.join(" OR ")})` : words.join(" OR ");
  return [status, times ? between(times) : ""].filter(Boolean).join(" AND ");
}

/** Traces that pass a node. What the client sees is what keywords outside of service() are about. @param {import("./graph.js").Node} node @param {Narrowing} narrowing */
export function ofNode(node, narrowing) {
  const inside = condition(narrowing, node.counts);
  return node.client ? inside : service(node.id, inside);
}

/** Traces that pass an edge. @param {import("./graph.js").Edge} edge @param {Narrowing} narrowing */
export const ofEdge = (edge, narrowing) => edgeClause(edge.source, edge.target, edge.link ? "" : condition(narrowing, edge.counts));

/** @param {string | undefined} text "fault,error" @returns {Outcome[]} */
export const outcomesOf = (text) => OUTCOMES.filter((outcome) => (text ?? "").split(",").includes(outcome));
