// @ts-check
/** What the server answers. Every function rejects with an ApiError, whose text is for the user. */

export class ApiError extends Error {
  /** @param {string} message @param {number | undefined} [column] first character is 1, for filter expressions */
  constructor(message, column) {
    super(message);
    this.column = column;
  }
}

/** @param {string} path @param {RequestInit} [options] */
async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new ApiError("The server does not answer: is xray-local still running?");
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(body.message ?? `The server answered ${answer.status}.`, body.column);
  return body;
}

/** @param {string} path @param {Record<string, unknown>} params */
function get(path, params = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) if (value !== undefined && value !== "") query.set(key, String(value));
  return ask(`${path}?${query}`);
}

/** @param {string} path @param {unknown} body */
const post = (path, body) => ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** Newest first: {Traces: summaries as GetTraceSummaries has them, Hint: string | null, More: boolean}. @param {{start: number, end: number, filter?: string, limit?: number}} query */
export const summaries = (query) => get("/xray-local/summaries", query);
/** {Services: as GetServiceGraph has them}. @param {{start?: number, end?: number, filter?: string, traces?: string}} query */
export const graph = (query) => get("/xray-local/graph", query);
/** {Id, Duration, LimitExceeded, Segments: documents as objects, Notices: [text]}. @param {string} id */
export const trace = (id) => get(`/xray-local/traces/${encodeURIComponent(id)}`);
/** {Keywords: [name], Services: [{Name, Type}], Annotations: {key: [value]}} seen in the range. @param {{start: number, end: number}} query */
export const seen = (query) => get("/xray-local/seen", query);
/** Nothing, or an ApiError with the column. @param {string} filter */
export async function check(filter) {
  const { message, column } = await get("/xray-local/check", { filter });
  if (message) throw new ApiError(message, column);
}
/** {Imported: number, Refused: [text]}. @param {unknown} traces BatchGetTraces JSON, or a list of segment documents */
export const importTraces = (traces) => post("/xray-local/import", traces);
/** {Traces, UnprocessedTraceIds}: BatchGetTraces of the X-Ray API, five traces at most. @param {string[]} ids */
export const batch = (ids) => post("/Traces", { TraceIds: ids });
/** {Id}: a made-up trace was stored. */
export const sample = () => post("/xray-local/sample", {});
/** What `doctor` knows too. */
export const health = () => get("/health");
