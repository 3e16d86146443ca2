// @ts-check
/**
 * The server's answer about a trace. A segment that X-Ray infers says again what its call says, and a trace of many calls is
 * half made of them: so the server only names such segments, and they are written out where somebody looks at them. No DOM.
 */

/** @typedef {import("./labels.js").Node} Node */
/** @typedef {{Id: string, Duration?: number, LimitExceeded?: boolean, Segments: Node[], Notices?: string[]}} Answer */
/** @typedef {[string, string, string]} Inferred its id, its call's id, its origin (empty for a remote host) */

// What an inferred segment shows of its call, in the order of X-Ray's answers; as in inferred.py.
const COPIED = ["in_progress", "error", "throttle", "fault", "http", "aws", "sql"];

/** An inferred segment as X-Ray writes it. @param {Inferred} inferred @param {Node} call @param {string} trace its id @returns {Node} */
export function written([id, caller, origin], call, trace) {
  /** @type {Node} */
  const node = { id, name: call.name, start_time: call.start_time, trace_id: trace };
  if ("end_time" in call) node.end_time = call.end_time;
  node.parent_id = caller;
  node.inferred = true;
  for (const key of COPIED) if (key in call) node[key] = call[key];
  if (origin) node.origin = origin;
  return node;
}

/** An answer of which inferred segments are only named. Whoever copies it gets what can be seen from outside, and no more. @implements {Answer} */
class Named {
  #sent;
  #inferred;
  /** @type {Node[] | null} */
  #whole = null;

  /** @param {Answer & {Inferred: Inferred[]}} answer */
  constructor({ Segments, Inferred, ...rest }) {
    this.Id = rest.Id;
    Object.assign(this, rest);
    this.#sent = Segments;
    this.#inferred = Inferred;
  }

  /** All segments, as BatchGetTraces has them. */
  get Segments() {
    return (this.#whole ??= [...this.#sent, ...this.#written()].sort(
      (one, other) => one.start_time - other.start_time || Number("inferred" in one) - Number("inferred" in other) || (one.id < other.id ? -1 : 1),
    ));
  }

  #written() {
    const calls = byId(this.#sent);
    return this.#inferred.map((one) => written(one, /** @type {Node} */ (calls.get(one[1])), this.Id));
  }

  /** @returns {{sent: Node[], inferred: Inferred[]}} */
  get parts() {
    return { sent: this.#sent, inferred: this.#inferred };
  }
}

/** Segments and subsegments. @param {Node[]} nodes */
function byId(nodes) {
  /** @type {Map<string, Node>} */
  const found = new Map();
  const rest = [...nodes];
  while (rest.length) {
    const node = /** @type {Node} */ (rest.pop());
    found.set(node.id, node);
    if (Array.isArray(node.subsegments)) rest.push(...node.subsegments);
  }
  return found;
}

/** @param {Answer & {Inferred?: Inferred[]}} answer as it came @returns {Answer} with all segments in it */
export const whole = (answer) => (answer.Inferred ? new Named(/** @type {Answer & {Inferred: Inferred[]}} */ (answer)) : answer);

/** Segments that were sent, and those that are only named. @param {Answer} answer @returns {{sent: Node[], inferred: Inferred[]}} */
export const parts = (answer) => (answer instanceof Named ? answer.parts : { sent: answer.Segments ?? [], inferred: [] });
