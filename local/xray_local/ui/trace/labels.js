// @ts-check
/** What is said about one segment or subsegment in a few words. The rules are those of the terminal (terminal/labels.py). */

/** @typedef {Record<string, any>} Node one segment or subsegment as X-Ray returns it */

/** Of the fields under `aws`, those that describe the call rather than the thing that is called. */
const NOT_A_RESOURCE = new Set(
  ("account_id attempts function_error id_2 invocation_type log_type message_id operation projection_expression region " +
    "remote_region request_id retries select").split(" "),
);
// Control characters, lone surrogates, and the marks of writing direction, which would turn a line around.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Cs}/gu;
// Whole segments of a path that differ from call to call: numbers, UUIDs, long hexadecimal ids.
const ONE_OF_MANY = /^(\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,})$/i;

// Most texts are of letters, digits and signs of ASCII with single blanks between them.
const PLAIN = /^[!-~]*(?: [!-~]+)* ?$/;

/** The text on one line, with nothing in it that does not show. @param {unknown} text */
export function printable(text) {
  const said = String(text);
  return PLAIN.test(said) ? said : said.replace(/\s+/g, " ").replace(UNPRINTABLE, "\ufffd");
}

/** What stands under a key if it is an object: AWS's own answers have other things there, too. @param {Node} node @param {string} key @returns {Record<string, any>} */
export function mapping(node, key) {
  const value = node[key];
  return value && typeof value === "object" && !Array.isArray(value) ? value : {};
}

/** `DynamoDB PutItem orders 400 ConditionalCheckFailedException` @param {Node} node */
export function label(node) {
  const aws = mapping(node, "aws");
  const words = called(node);
  const { status } = mapping(mapping(node, "http"), "response");
  if (Number.isInteger(status) && status >= 400) words.push(String(status));
  const [thrown] = exceptions(node);
  if (thrown && "operation" in aws) words.push(String(thrown.type ?? ""));
  if (aws.retries) words.push(`(${aws.retries} retries)`);
  return printable(words.filter(Boolean).join(" "));
}

/** What is called, without how it went: calls of which it is the same are repeats. @param {Node} node */
export function sort(node) {
  const words = called(node);
  if (!("operation" in mapping(node, "aws")) && words[2]) {
    words[2] = words[2].split("/").map((part) => (ONE_OF_MANY.test(part) ? "*" : part)).join("/");
  }
  return printable(words.filter(Boolean).join(" "));
}

/** Name, then operation and resources, or method and address. @param {Node} node @returns {string[]} */
function called(node) {
  const aws = mapping(node, "aws");
  const name = String(node.name ?? "");
  // X-Ray's own segments also tell the address of AWS's API; the operation says it better.
  if ("operation" in aws) return [name, String(aws.operation), ...resources(aws)];
  const request = mapping(mapping(node, "http"), "request");
  return [name, String(request.method ?? ""), address(String(request.url ?? ""), node)];
}

/** The names of the table, bucket, queue …; of a URL or ARN the last part says it. @param {Record<string, any>} aws */
function resources(aws) {
  /** @type {string[]} */
  const names = [];
  for (const key in aws) {
    const value = aws[key];
    if (NOT_A_RESOURCE.has(key) || !(typeof value === "string" || Array.isArray(value))) continue;
    const name = typeof value === "string" ? lastPart(value) : value.filter((item) => typeof item === "string").map(lastPart).join(",");
    if (!names.includes(name)) names.push(name);
  }
  return names;
}

/** @param {string} name */
function lastPart(name) {
  const end = name.endsWith("/") ? name.replace(/\/+$/, "") : name;
  return end.slice(Math.max(end.lastIndexOf("/"), end.lastIndexOf(":")) + 1);
}

/** The path; the host before it where a call's label does not name it already. Queries are long, and may be secret. @param {string} url @param {Node} node */
function address(url, node) {
  // As every reader of URLs, Python's included: without blanks before, and without line ends anywhere.
  const parts = /^(?:([a-z][a-z0-9+.-]*):)?\/\/([^/?#]*)([^?#]*)/i.exec(url.replace(/^[\0-\x20]+|[\t\r\n]/g, ""));
  if (!parts) return url;
  const [, scheme = "", authority, path] = parts;
  // What stands before an @ is a password.
  const place = authority.slice(authority.lastIndexOf("@") + 1);
  const found = /^\[([^\]]*)\](?::\d*)?$|^([^:[\]]*)(?::[^[\]]*)?$/.exec(place);
  const host = (found?.[1] ?? found?.[2] ?? "").toLowerCase();
  if (!host) return url;
  const named = node.namespace !== "remote" || host === String(node.name ?? "").toLowerCase();
  return named ? path || "/" : `${scheme.toLowerCase()}://${place}${path}`;
}

/** What is worth less ink: the statement of a query, where it runs. @param {Node} node */
export const detail = (node) => printable(mapping(node, "sql").sanitized_query || node.origin || "");

/** The exceptions recorded here; a cause may also be the id of one that is recorded elsewhere. @param {Node} node @returns {Record<string, any>[]} */
export function exceptions(node) {
  const found = mapping(node, "cause").exceptions;
  return Array.isArray(found) ? found.filter((item) => item && typeof item === "object" && !Array.isArray(item)) : [];
}

/** What went wrong and where, in one line; for a call of AWS the type stands in the label already. @param {Node} node */
export function exception(node) {
  const [found] = exceptions(node);
  if (!found) return printable(mapping(node, "cause").message ?? "");
  if ("operation" in mapping(node, "aws")) return printable(found.message ?? "");
  const frame = Array.isArray(found.stack) ? found.stack.at(-1) : undefined;
  const known = frame && typeof frame === "object" && Object.keys(frame).length > 0;
  const file = known ? (String(frame.path ?? "?").split("/").findLast((part) => part && part !== ".") ?? "") : "";
  const place = known ? ` at ${file}:${frame.line ?? "?"} in ${frame.label ?? "?"}` : "";
  return printable([found.type, String(found.message ?? "")].filter(Boolean).join(": ") + place);
}

/** What the layer recorded about a module's import, in seconds. @param {Node} node @param {"total_ms" | "own_ms"} which @returns {number | null} null for anything else */
export function importTime(node, which) {
  const value = mapping(mapping(node, "metadata"), "import")[which];
  return typeof value === "number" ? value / 1000 : null;
}
