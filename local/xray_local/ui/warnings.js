// @ts-check
/** What /health tells, as sentences for whoever looks at the page: what happened, and what to do. No DOM. */
import { age, clock, count } from "./format.js";

/**
 * @typedef {{key: string, level: "problem" | "note" | "info", text: string, advice: string, details: {head: string, text: string}[]}} Warning
 * `key` changes when there is something new to say, so that a notice that was put away comes back.
 */

/** @param {number} number @param {string} one @param {string} [many] */
const several = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** @param {Record<string, any>} health @returns {Warning[]} */
function refused({ store, rejected, udp }) {
  const number = store.counts.rejected ?? 0;
  if (!number) return [];
  const text = `${several(number, "document was", "documents were")} refused.`;
  const details = rejected.map((/** @type {any} */ one) => ({ head: `${clock(one.received)} · ${one.source} · ${one.reason}`, text: one.text }));
  const bad = udp.bad_datagrams ? ` ${several(udp.bad_datagrams, "datagram")} could not be read at all.` : "";
  return [{ key: `refused ${number}`, level: "problem", text: text + bad, advice: "The sender has to change.", details }];
}

/** @param {Record<string, any>} health @returns {Warning[]} */
function lost({ udp }) {
  /** @type {Warning[]} */
  const found = [];
  if (udp.kernel_drops) {
    const text = `The system dropped ${several(udp.kernel_drops, "datagram")}: they came faster than they could be taken. Traces of that time are incomplete.`;
    const buffer = `allow a larger buffer (now ${count(udp.granted_buffer)} bytes): sysctl -w net.core.rmem_max=8388608, and start again.`;
    found.push(problem("kernel", udp.kernel_drops, text, `To lose fewer, ${buffer}`));
  }
  if (udp.backlog_drops) {
    const text = `${several(udp.backlog_drops, "datagram was", "datagrams were")} dropped, because the disk did not keep up.`;
    found.push(problem("disk", udp.backlog_drops, text, "Start with --memory, or keep the database on a faster disk."));
  }
  if (udp.store_errors) {
    const batches = several(udp.store_errors, "batch of datagrams was", "batches of datagrams were");
    found.push(problem("batches", udp.store_errors, `${batches} lost on the way to the store: ${udp.last_error}`));
  }
  return found;
}

/** @param {string} what @param {unknown} number @param {string} text @param {string} [advice] @returns {Warning} */
const problem = (what, number, text, advice = "") => ({ key: `${what} ${number}`, level: "problem", text, advice, details: [] });

/** @param {string} key @param {string} text @param {string} [advice] @returns {Warning} */
const note = (key, text, advice = "") => ({ key, level: "note", text, advice, details: [] });

/** @param {Record<string, any>} health @returns {Warning[]} */
function stored({ store, udp, now, clock_set_s: jumped }) {
  if (store.unreadable) return [problem("unreadable", "", `The store cannot be read: ${store.unreadable}`, "Start xray-local up again.")];
  /** @type {Warning[]} */
  const found = [];
  if (store.trouble.since !== null) {
    const waits = `${several(udp.backlog, "datagram waits", "datagrams wait")} in memory until that is mended.`;
    found.push(problem("store", store.trouble.since, `Nothing could be stored for ${age(store.trouble.since, now)}: ${store.trouble.text}`, waits));
  }
  if (store.misplaced) {
    const advice = "Export those that you want to keep, and start xray-local up again.";
    found.push(problem("misplaced", "", `These traces are gone when xray-local ends: ${store.misplaced}`, advice));
  }
  const waiting = udp.backlog + (store.counts.pending ?? 0);
  // As `doctor`: below that it is the ordinary batch on its way.
  if (waiting > 100) found.push(note("waiting", `${several(waiting, "document or trace is", "documents and traces are")} still being worked on.`));
  if (Math.abs(jumped) > 300) found.push(note("clock", `This machine's clock was set by ${Math.round(jumped)} s while xray-local ran.`, "Once it is right, start xray-local up again."));
  return found;
}

/** @param {Record<string, any>} health @returns {Warning[]} */
function forwarded({ forward, now }) {
  if (!forward) return [];
  const { dropped, refused: turned, waiting, trouble, last_error: last } = forward;
  const advice = "Check credentials and region of the shell that started xray-local up.";
  if (trouble.since !== null) {
    const waits = `${several(waiting, "document waits", "documents wait")}, ${count(dropped)} were dropped.`;
    return [problem("forward", trouble.since, `Forwarding to AWS X-Ray fails for ${age(trouble.since, now)}: ${last}. ${waits}`, advice)];
  }
  if (!dropped && !turned) return [];
  const text = `Forwarding to AWS X-Ray: ${count(dropped)} documents were dropped, ${count(turned)} refused: ${last}`;
  return [problem("forward", dropped + turned, text, advice)];
}

/** @param {any} one */
const environments = (one) => {
  const states = one.environments.map((/** @type {any} */ environment) => environment.state);
  const number = (/** @type {string} */ state) => states.filter((/** @type {string} */ own) => own === state).length;
  return ["busy", "idle"].filter(number).map((state) => `${number(state)} ${state}`).join(", ") || "not started yet";
};

/** @param {any} source of events @returns {Warning} */
const dry = (source) =>
  problem(
    `source ${source.name}`, source.trouble, `${source.name} of ${source.function} cannot read ${source.source}: ${source.trouble}`,
    "Create it, or name the AWS stand-in with --aws-endpoint. It is tried again.",
  );

/** @param {Record<string, any>} health @returns {Warning[]} */
function functions({ lambda, endpoint }) {
  if (!lambda) return [];
  /** @type {Warning[]} */
  const found = lambda.sources.filter((/** @type {any} */ source) => source.trouble).map(dry);
  if (lambda.dropped_documents) {
    const text = `${several(lambda.dropped_documents, "document")} of the functions' invocations are lost, because the store did not take them.`;
    found.push(problem("lambda", lambda.dropped_documents, text));
  }
  if (!lambda.functions.length) return [...found, problem("functions", "none", "The template has no function that can run here.", "See what xray-local up says about it.")];
  const details = lambda.functions.map((/** @type {any} */ one) => ({
    head: `${one.name} · ${one.handler} · ${one.runtime} · ${environments(one)}`,
    text: `aws lambda invoke --function-name ${one.name} --endpoint-url ${endpoint} out.json`,
  }));
  return [...found, { key: "functions", level: "info", text: `${several(lambda.functions.length, "function runs", "functions run")} here.`, advice: "", details }];
}

/** What there is to say, the worst first. @param {Record<string, any>} health @returns {Warning[]} */
export function warnings(health) {
  const found = [...stored(health), ...lost(health), ...refused(health), ...forwarded(health), ...functions(health)];
  const order = { problem: 0, note: 1, info: 2 };
  return found.sort((one, other) => order[one.level] - order[other.level]);
}
