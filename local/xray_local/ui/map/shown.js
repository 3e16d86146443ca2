// @ts-check
/** Which part of the graph is shown in full, and which one greyed. No DOM. */
import { connections, fromServices, holder, mergeLambda } from "./graph.js";

/** @typedef {import("./graph.js").Graph} Graph */

/**
 * The graph as it is looked at. Nodes and edges that a filter finds have the figures of those traces; the others keep theirs.
 * @param {{services: any[], matching: any[] | null}} loaded @param {boolean} merge @returns {{graph: Graph, found: Set<string> | null}}
 */
export function looked({ services, matching }, merge) {
  const shape = (/** @type {any[]} */ some) => (merge ? mergeLambda(fromServices(some)) : fromServices(some));
  const all = shape(services);
  if (!matching) return { graph: all, found: null };
  const part = shape(matching);
  const figures = new Map([...part.nodes, ...part.edges].map((one) => [one.key, one]));
  const with_ = (/** @type {any} */ one) => ({ ...one, ...(figures.get(one.key) ?? {}) });
  return { graph: { nodes: all.nodes.map(with_), edges: all.edges.map(with_) }, found: new Set(figures.keys()) };
}

/** What is not greyed: what the filter finds, among what the focused node is connected with. @param {Graph} graph @param {Set<string> | null} found @param {string | undefined} focus */
export function litOf(graph, found, focus) {
  const held = focus && holder(graph, focus);
  const near = held && connections(graph, held.key);
  if (!near) return found;
  return found ? new Set([...near].filter((key) => found.has(key))) : near;
}

/** Folded nodes are not greyed as long as one of theirs is not. @param {Graph} drawn @param {Set<string>} lit */
export function withHolders(drawn, lit) {
  const held = drawn.nodes.filter((node) => node.folded?.some((one) => lit.has(one.key))).map((node) => node.key);
  const shown = new Set([...lit, ...held]);
  for (const edge of drawn.edges) if (held.includes(edge.to) && shown.has(edge.from)) shown.add(edge.key);
  return shown;
}
