// @ts-check
/**
 * The service graph as the map shows it: made from GetServiceGraph's services, with one client, Lambda pairs merged where
 * that is wanted, and leaves folded where there are too many nodes. Graph in, graph out; no DOM.
 */
import { merged } from "../buckets.js";

/** @typedef {import("./times.js").Count} Count */
/** @typedef {{Name: string, Type?: string, Account?: string}} Id */
/** @typedef {{total: number, ok: number, error: number, throttle: number, fault: number, time: number}} Counts `error` is without throttles, `time` in seconds for all together */
/**
 * @typedef {{key: string, id: Id, name: string, type: string, client: boolean, counts: Counts, times: Count[], parts?: Node[], folded?: Node[]}} Node
 * `parts` of a merged Lambda pair, `folded` leaves of one type
 */
/** @typedef {{key: string, from: string, to: string, source: Id, target: Id, link: boolean, counts: Counts, times: Count[], ages: Count[]}} Edge */
/** @typedef {{nodes: Node[], edges: Edge[]}} Graph */
/** @typedef {"ok" | "error" | "throttle" | "fault"} Outcome */

export const CLIENT = "client";
export const OUTCOMES = /** @type {Outcome[]} */ (["fault", "throttle", "error", "ok"]);
const SERVICE = "AWS::Lambda";
const FUNCTION = "AWS::Lambda::Function";
export const LAMBDA = "Lambda function";
// Where a whole map is still readable on a wide screen.
export const MOST_NODES = 150;

/** @type {Counts} */
const NONE = { total: 0, ok: 0, error: 0, throttle: 0, fault: 0, time: 0 };

/** @param {Counts[]} all @returns {Counts} */
export function sum(all) {
  const found = { ...NONE };
  for (const counts of all) for (const name of /** @type {(keyof Counts)[]} */ (Object.keys(NONE))) found[name] += counts[name];
  return found;
}

/** @param {any} statistics ServiceStatistics or EdgeStatistics @returns {Counts} */
function countsOf(statistics) {
  if (!statistics) return { ...NONE };
  const { ErrorStatistics: errors = {}, FaultStatistics: faults = {} } = statistics;
  return {
    total: statistics.TotalCount ?? 0,
    ok: statistics.OkCount ?? 0,
    error: errors.OtherCount ?? 0,
    throttle: errors.ThrottleCount ?? 0,
    fault: faults.TotalCount ?? 0,
    time: statistics.TotalResponseTime ?? 0,
  };
}

/** @param {Counts} counts @returns {number | null} seconds */
export const average = (counts) => (counts.total ? counts.time / counts.total : null);

/** Tildes part what a key is made of. @param {string} text */
const escaped = (text) => text.replaceAll("~", "~~");
/** @param {Id} id */
export const keyOf = (id) => [id.Name, id.Type ?? "", id.Account ?? ""].map(escaped).join("~").replace(/~$/, "");
/** @param {string} from @param {string} to @param {boolean} link */
const edgeKey = (from, to, link) => `${from} ${link ? "⇢" : "→"} ${to}`;

/** @param {any} service @returns {Id} */
const idOf = (service) => ({ Name: service.Name ?? "", Type: service.Type ?? undefined, Account: service.AccountId ?? undefined });

/** All that start traces are one client: it stands for web traffic and callers without segments. @param {any[]} services as GetServiceGraph returns them @returns {Graph} */
export function fromServices(services) {
  const ids = new Map(services.map((service) => [service.ReferenceId, idOf(service)]));
  /** @param {Id} id */
  const shownAs = (id) => (id.Type === CLIENT ? CLIENT : keyOf(id));
  /** @type {Map<string, Node>} */
  const nodes = new Map();
  /** @type {Edge[]} */
  const edges = [];
  for (const service of services) {
    const id = idOf(service);
    const key = shownAs(id);
    if (key === CLIENT) nodes.set(key, { key, id: { Name: "Client", Type: CLIENT }, name: "Client", type: "", client: true, counts: { ...NONE }, times: [] });
    else nodes.set(key, { key, id, name: id.Name, type: id.Type ?? "", client: false, counts: countsOf(service.SummaryStatistics), times: service.ResponseTimeHistogram ?? [] });
    for (const edge of service.Edges ?? []) {
      const target = ids.get(edge.ReferenceId);
      if (!target) continue;
      const [to, link] = [shownAs(target), edge.EdgeType === "link"];
      const told = { counts: countsOf(edge.SummaryStatistics), times: edge.ResponseTimeHistogram ?? [], ages: edge.ReceivedEventAgeHistogram ?? [] };
      edges.push({ key: edgeKey(key, to, link), from: key, to, source: id, target, link, ...told });
    }
  }
  const found = { nodes: [...nodes.values()], edges: joined(edges) };
  for (const node of found.nodes) if (node.client) Object.assign(node, seenBy(found.edges.filter((edge) => edge.from === node.key)));
  return found;
}

/** What a client sees is what its calls were like. @param {Edge[]} edges */
const seenBy = (edges) => ({ counts: sum(edges.map((edge) => edge.counts)), times: merged(edges.map((edge) => edge.times)) });

/** Edges of the same ends as one. @param {Edge[]} edges @returns {Edge[]} */
function joined(edges) {
  /** @type {Map<string, Edge>} */
  const found = new Map();
  for (const edge of edges) {
    const same = found.get(edge.key);
    const both = same && { counts: sum([same.counts, edge.counts]), times: merged([same.times, edge.times]), ages: merged([same.ages, edge.ages]) };
    found.set(edge.key, both ? { ...same, ...both } : edge);
  }
  return [...found.values()];
}

/** The same graph with some nodes shown as another one; calls among those are left out. @param {Graph} graph @param {Map<string, Node>} instead @returns {Graph} */
function replaced(graph, instead) {
  const nodes = [...new Map(graph.nodes.map((node) => [instead.get(node.key)?.key ?? node.key, instead.get(node.key) ?? node])).values()];
  const edges = graph.edges
    .map((edge) => ({ ...edge, from: instead.get(edge.from)?.key ?? edge.from, to: instead.get(edge.to)?.key ?? edge.to }))
    .filter((edge, place) => edge.from !== edge.to || graph.edges[place].from === graph.edges[place].to)
    .map((edge) => ({ ...edge, key: edgeKey(edge.from, edge.to, edge.link) }));
  return { nodes, edges: joined(edges) };
}

/**
 * Lambda's two nodes of one name as one. What it shows is the service's side, which the caller sees: waiting, throttles and
 * cold starts count there. @param {Graph} graph @returns {Graph}
 */
export function mergeLambda(graph) {
  const own = new Map(graph.nodes.map((node) => [node.key, node]));
  /** @type {Map<string, Node>} */
  const instead = new Map();
  for (const part of graph.nodes.filter((node) => node.type === FUNCTION)) {
    const before = graph.edges.find((edge) => edge.to === part.key && own.get(edge.from)?.type === SERVICE && own.get(edge.from)?.name === part.name);
    const service = before && own.get(before.from);
    if (!service) continue;
    const both = { ...service, type: LAMBDA, parts: [service, part] };
    for (const node of both.parts) instead.set(node.key, both);
  }
  return replaced(graph, instead);
}

/**
 * Fewer nodes where there are more than a screen shows: nodes that call nothing and are of one type become one, first those
 * with the same callers, then all. @param {Graph} graph @param {number} [most] @returns {Graph}
 */
export function fold(graph, most = MOST_NODES) {
  if (graph.nodes.length <= most) return graph;
  const first = foldBy(graph, (node, callers) => `${node.type} of ${callers}`);
  return first.nodes.length <= most ? first : foldBy(graph, (node) => node.type);
}

/** @param {Graph} graph @param {(node: Node, callers: string) => string} groupOf @returns {Graph} */
function foldBy(graph, groupOf) {
  const calling = new Set(graph.edges.map((edge) => edge.from));
  /** @type {Map<string, string[]>} */
  const callers = new Map();
  for (const edge of graph.edges) callers.set(edge.to, [...(callers.get(edge.to) ?? []), edge.from]);
  /** @type {Map<string, Node[]>} */
  const groups = new Map();
  for (const node of graph.nodes) {
    if (calling.has(node.key) || node.client) continue;
    const group = groupOf(node, (callers.get(node.key) ?? []).sort().join(" "));
    groups.set(group, [...(groups.get(group) ?? []), node]);
  }
  /** @type {Map<string, Node>} */
  const instead = new Map();
  for (const [group, folded] of groups) {
    if (folded.length < 2) continue;
    const { type } = folded[0];
    const one = { key: `folded ${group}`, id: { Name: "", Type: type }, name: `${folded.length} × ${lastWord(type)}`, type, client: false };
    const all = { ...one, folded, counts: sum(folded.map((node) => node.counts)), times: merged(folded.map((node) => node.times)) };
    for (const node of folded) instead.set(node.key, all);
  }
  return replaced(graph, instead);
}

/** @param {string} type */
export const lastWord = (type) => type.split("::").pop() || "service";

/**
 * The node on the map that stands for one of the graph: itself, or what it is merged or folded into. An address may leave
 * out the account, or the type too. @param {Graph} graph @param {string} key @returns {Node | undefined}
 */
export function holder(graph, key) {
  const own = (/** @type {Node} */ node) => [node, ...(node.parts ?? []), ...(node.folded ?? [])].map((part) => part.key);
  return (
    graph.nodes.find((node) => node.key === key) ??
    graph.nodes.find((node) => own(node).includes(key)) ??
    graph.nodes.find((node) => own(node).some((one) => one.startsWith(`${key}~`) && !one.startsWith(`${key}~~`)))
  );
}

/** A node and what it is connected with, as the keys of nodes and edges. @param {Graph} graph @param {string} key */
export function connections(graph, key) {
  const edges = graph.edges.filter((edge) => edge.from === key || edge.to === key);
  return new Set([key, ...edges.flatMap((edge) => [edge.key, edge.from, edge.to])]);
}

/** Shares of the outcomes, the gravest first; they add up to 1. @param {Counts} counts @returns {{outcome: Outcome, share: number}[]} */
export function shares(counts) {
  return OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => ({ outcome, share: counts[outcome] / counts.total }));
}

/** What is worth drawing bigger: requests, or those that went wrong. @param {Counts} counts @param {string | undefined} by */
export const weight = (counts, by) => (by === "traffic" ? counts.total : by === "health" ? counts.total - counts.ok : 0);
