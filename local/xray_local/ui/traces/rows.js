// @ts-check
/** Summaries as rows of the list: what each column shows, how rows are sorted, narrowed and counted. No DOM. */
import { annotation, compare, idTime, service } from "../expressions.js";

/** @typedef {"ok" | "error" | "throttle" | "fault" | "open"} Status */
/**
 * @typedef {object} Row
 * @property {string} id
 * @property {number} start seconds since the epoch
 * @property {Status} status the answer to the client
 * @property {("throttle" | "error" | "fault")[]} inside what went wrong further down and was dealt with there
 * @property {number | null} code
 * @property {string} method
 * @property {string} url
 * @property {string} entry name of the service where the trace began
 * @property {string} kind its type
 * @property {number | null} response seconds
 * @property {number | null} duration seconds
 * @property {{Name: string, Type?: string}[]} services
 * @property {[string, unknown][]} annotations
 * @property {string[]} users
 * @property {string[]} causes clauses that find traces with the same root cause
 */

export const STATUSES = /** @type {Status[]} */ (["ok", "error", "throttle", "fault", "open"]);

/** @param {any} summary @returns {Status} */
function statusOf(summary) {
  if (summary.HasFault) return "fault";
  const code = summary.Http?.HttpStatus;
  // HasThrottle tells of any segment; the client was throttled only if its own answer says so.
  if (summary.HasError) return code === 429 || (summary.HasThrottle && !code) ? "throttle" : "error";
  return summary.IsPartial ? "open" : "ok";
}

/** @param {any} summary @param {Status} status @returns {Row["inside"]} */
function insideOf(summary, status) {
  /** @type {Row["inside"]} */
  const found = [];
  if (status !== "fault" && summary.FaultRootCauses?.length) found.push("fault");
  if (summary.HasThrottle && status !== "throttle") found.push("throttle");
  else if (!["error", "throttle"].includes(status) && summary.ErrorRootCauses?.length) found.push("error");
  return found;
}

/** @param {any} summary */
function causesOf(summary) {
  const found = new Set();
  for (const [kind, causes] of [["fault", summary.FaultRootCauses], ["error", summary.ErrorRootCauses]])
    for (const cause of causes ?? [])
      for (const { EntityPath } of cause.Services ?? [])
        for (const { Exceptions } of EntityPath ?? [])
          for (const { Name } of Exceptions ?? []) if (Name) found.add(`rootcause.${kind}.exception { ${compare("name", Name)} }`);
  return [...found];
}

/** @param {any} summary of GetTraceSummaries @returns {Row} */
export function row(summary) {
  const http = summary.Http ?? {};
  const status = statusOf(summary);
  return {
    id: summary.Id,
    start: summary.StartTime ?? idTime(summary.Id),
    status,
    inside: insideOf(summary, status),
    code: http.HttpStatus || null,
    method: http.HttpMethod ?? "",
    url: http.HttpURL ?? "",
    entry: summary.EntryPoint?.Name ?? summary.ServiceIds?.[0]?.Name ?? "",
    kind: summary.EntryPoint?.Type ?? "",
    response: summary.ResponseTime ?? null,
    duration: summary.Duration ?? null,
    services: (summary.ServiceIds ?? []).map((/** @type {any} */ one) => ({ Name: one.Name, Type: one.Type })),
    annotations: Object.entries(summary.Annotations ?? {}).flatMap(([key, found]) =>
      found.map((/** @type {any} */ one) => /** @type {[string, unknown]} */ ([key, Object.values(one.AnnotationValue)[0]]))),
    users: (summary.Users ?? []).map((/** @type {any} */ user) => user.UserName),
    causes: causesOf(summary),
  };
}

// The plain form of nearly all, of which the browser's own reader of URLs changes nothing: it takes 10,000 of them 30 ms.
const PLAIN = /^https?:\/\/(?![^/]*xn--)([a-z0-9-]+(?:\.[a-z][a-z0-9-]*)+)(\/(?!\.|[^?]*\/\.)[\w/.-]*)$/;

/** Host and path of a URL; a text that is none is the path. @param {string} url */
export function address(url) {
  const plain = PLAIN.exec(url);
  if (plain) return { host: plain[1], path: plain[2] };
  try {
    const { host, pathname, search } = new URL(url);
    return { host, path: pathname + search };
  } catch {
    return { host: "", path: url };
  }
}

/** The columns by which rows are sorted, each with the value that is compared. */
export const COLUMNS = /** @type {Record<string, (row: Row) => number | string | null>} */ ({
  status: (row) => STATUSES.indexOf(row.status),
  code: (row) => row.code,
  request: (row) => (row.url ? `${address(row.url).path} ${row.method}` : row.entry).toLowerCase(),
  response: (row) => row.response,
  duration: (row) => row.duration,
  start: (row) => row.start,
  id: (row) => row.id,
});

export const NEWEST = "-start";

/** A new list by a column; "-" in front is the greatest first. Rows without a value come last either way, equals the newest first. @param {Row[]} rows @param {string} [by] */
export function sorted(rows, by = NEWEST) {
  const down = by.startsWith("-");
  const key = COLUMNS[by.replace("-", "")] ?? COLUMNS.start;
  const way = down ? -1 : 1;
  const keyed = rows.map((one) => ({ one, key: key(one) }));
  keyed.sort((left, right) => {
    if (left.key === null || right.key === null) {
      if (left.key !== right.key) return left.key === null ? 1 : -1;
    } else if (left.key !== right.key) return left.key < right.key ? -way : way;
    return right.one.start - left.one.start || (left.one.id < right.one.id ? -1 : 1);
  });
  return keyed.map(({ one }) => one);
}

/** @param {string | undefined} text "fault,error" @returns {Set<string>} */
export const statuses = (text) => new Set((text ?? "").split(",").filter((one) => STATUSES.includes(/** @type {Status} */ (one))));

/** Rows of some statuses and with a response time in a range; both are optional. @param {Row[]} rows @param {Set<string>} wanted @param {{from: number, to: number} | null} range */
export function narrowed(rows, wanted, range) {
  return rows.filter((one) => {
    if (wanted.size && !wanted.has(one.status)) return false;
    return !range || (one.response !== null && one.response >= range.from && one.response <= range.to);
  });
}

/** How many rows have which status. @param {Row[]} rows @returns {Record<Status, number>} */
export function counts(rows) {
  const found = { ok: 0, error: 0, throttle: 0, fault: 0, open: 0 };
  for (const { status } of rows) found[status] += 1;
  return found;
}

/** @typedef {{label: string, note: string, clause: string, count: number}} Option a value, and the clause that asks for it */

/** What rows can be refined by: for each a list of [label, clause, note]. */
export const FACETS = /** @type {Record<string, (row: Row) => [string, string, string?][]>} */ ({
  Service: (row) => row.services.filter((one) => one.Type !== "client").map((one) => [one.Name, service(one), one.Type]),
  URL: (row) => (row.url ? [[row.url, compare("http.url", row.url)]] : []),
  Method: (row) => (row.method ? [[row.method, compare("http.method", row.method)]] : []),
  Code: (row) => (row.code ? [[String(row.code), compare("http.status", row.code)]] : []),
  Annotation: (row) => row.annotations.map(([key, value]) => [`${key} = ${value}`, annotation(key, value)]),
  User: (row) => row.users.map((name) => [name, compare("user", name)]),
  Cause: (row) => row.causes.map((clause) => [/name = "(.*)" \}$/.exec(clause)?.[1] ?? clause, clause, clause.split(".")[1]]),
});

/** The values of a facet, the most frequent first; each trace counts once. @param {Row[]} rows @param {string} facet @returns {Option[]} */
export function options(rows, facet) {
  /** @type {Map<string, Option>} */
  const found = new Map();
  for (const one of rows) {
    const met = new Set();
    for (const [label, clause, note = ""] of FACETS[facet](one)) {
      if (met.has(clause)) continue;
      met.add(clause);
      const known = found.get(clause);
      if (known) known.count += 1;
      else found.set(clause, { label, note, clause, count: 1 });
    }
  }
  return [...found.values()].sort((left, right) => right.count - left.count || (left.label < right.label ? -1 : 1));
}

/** Annotations that are simply true, such as cold_start, for chips. @param {Row[]} rows @param {number} most @returns {Option[]} */
export function flags(rows, most) {
  /** @type {Map<string, number>} */
  const found = new Map();
  for (const one of rows)
    for (const key of new Set(one.annotations.filter(([, value]) => value === true).map(([name]) => name))) found.set(key, (found.get(key) ?? 0) + 1);
  return [...found]
    .map(([key, count]) => ({ label: key, note: "", clause: annotation(key, true), count }))
    .sort((left, right) => right.count - left.count)
    .slice(0, most);
}
