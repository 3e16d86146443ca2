// @ts-check
/** What of a trace goes into a file for others, and what does not. No DOM. */

/** @typedef {Record<string, any>} Node */
/** @typedef {{name: string, text: string, does: string, at_first: boolean}} Part */

/** What can be left out, and whether it goes along unless one says otherwise. @type {Part[]} */
export const PARTS = [
  { name: "annotations", text: "Annotations", does: "keys and values that traces can be searched by", at_first: true },
  { name: "exceptions", text: "Exceptions", does: "messages and stacks", at_first: true },
  { name: "sql", text: "SQL", does: "statements and addresses of databases", at_first: true },
  { name: "metadata", text: "Metadata", does: "whatever the program put there; times of imports go along in any case", at_first: false },
  { name: "user", text: "Users", does: "the user of a request, of a database", at_first: false },
  { name: "client", text: "Client addresses", does: "IP addresses and user agents of callers", at_first: false },
  { name: "queries", text: "Query strings", does: "what stands behind ? and # in addresses", at_first: false },
  { name: "accounts", text: "Account numbers", does: "of AWS; otherwise they become 000000000000", at_first: false },
  { name: "secrets", text: "What looks like a secret", does: "values of keys such as token or password, and keys in texts", at_first: false },
];

export const REMOVED = "(removed)";
const ACCOUNT = "000000000000";
const SECRET_KEY = /auth|bearer|cookie|credential|csrf|jwt|passw|passphrase|private|pwd|secret|session|signature|token|api[-_]?key|access[-_]?key|connection[-_]?string/i;
// What credentials look like wherever they stand: keys of AWS, JSON web tokens, an Authorization header, a PEM block.
const SECRET_TEXT = /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?|\b(?:Bearer|Basic)\s+[\w.~+/=-]{8,}|-----BEGIN [^-]*PRIVATE KEY-----[^]*?(?:-----END [^-]*-----|$)/g;
const ACCOUNT_TEXT = /(?<![0-9a-fA-F])\d{12}(?![0-9a-fA-F])/g;
const PASSWORD_IN_URL = /\b([a-z][a-z0-9+.-]*:\/\/)[^/?#\s@]*@/gi;
const QUERY_IN_URL = /\b([a-z][a-z0-9+.-]*:\/\/[^\s?#"'<>]*)[?#][^\s"'<>]+/gi;
// Ids are random; and the numbers in them are no accounts.
const IDS = new Set(["id", "parent_id", "trace_id", "Id"]);
// The times of the layer's imports, and how many there were: numbers of ours, without which a cold start shows nothing.
const OWN_METADATA = ["import", "xray_instrument"];

/** What a trace holds of each part, and the documents with what is kept of them. */
export class Redaction {
  /** @param {ReadonlySet<string>} kept names of parts that go along */
  constructor(kept) {
    this.kept = kept;
    /** @type {Record<string, number>} how often each part was met */
    this.met = Object.fromEntries(PARTS.map((part) => [part.name, 0]));
  }

  /** @param {Node[]} segments @returns {Node[]} */
  segments(segments) {
    return segments.map((segment) => this.node(segment));
  }

  /** Note that a part is there. @param {string} name @param {number} [count] @returns {boolean} whether it goes along */
  goes(name, count = 1) {
    this.met[name] += count;
    return this.kept.has(name);
  }

  /** @param {Node} node @returns {Node} */
  node(node) {
    /** @type {Node} */
    const made = {};
    for (const [key, value] of Object.entries(node)) {
      if (key === "subsegments" && Array.isArray(value)) made.subsegments = this.segments(value);
      else {
        const kept = this.member(key, value);
        if (kept !== undefined) made[key] = kept;
      }
    }
    return made;
  }

  /** A member of a segment or subsegment; undefined for what is left out. @param {string} key @param {any} value */
  member(key, value) {
    const size = value && typeof value === "object" ? Object.keys(value).length : 1;
    switch (key) {
      case "user": return this.goes("user") ? this.value(value, key) : undefined;
      case "annotations": return this.goes("annotations", size) ? this.value(value, key) : undefined;
      case "sql": return this.goes("sql") ? this.sql(value) : undefined;
      case "metadata": return this.metadata(value);
      case "cause": return this.goes("exceptions") ? this.value(value, key) : this.causeWithoutTexts(value);
      case "http": return this.http(value);
      default: return this.value(value, key);
    }
  }

  /** @param {any} sql */
  sql(sql) {
    if (!sql || typeof sql !== "object" || sql.user === undefined || this.goes("user")) return this.value(sql, "sql");
    const { user: _user, ...rest } = sql;
    return this.value(rest, "sql");
  }

  /** @param {any} metadata */
  metadata(metadata) {
    if (!metadata || typeof metadata !== "object") return undefined;
    const entries = Object.entries(metadata);
    const theirs = entries.filter(([key]) => !OWN_METADATA.includes(key));
    const all = theirs.length > 0 && this.goes("metadata", theirs.length);
    const made = Object.fromEntries(entries.filter(([key]) => all || OWN_METADATA.includes(key)));
    return Object.keys(made).length ? this.value(made, "metadata") : undefined;
  }

  /** What kinds of exceptions there were, without their words. @param {any} cause */
  causeWithoutTexts(cause) {
    if (!cause || typeof cause !== "object") return cause;
    const kinds = Array.isArray(cause.exceptions) ? cause.exceptions : [];
    return { exceptions: kinds.map((one) => ({ id: one?.id, type: one?.type, remote: one?.remote })) };
  }

  /** @param {any} http */
  http(http) {
    const { request } = http ?? {};
    if (!request || typeof request !== "object") return this.value(http, "http");
    const { client_ip: address, user_agent: agent, ...rest } = request;
    const there = (address === undefined ? 0 : 1) + (agent === undefined ? 0 : 1);
    const whole = there === 0 || this.goes("client", there);
    return this.value({ ...http, request: whole ? request : rest }, "http");
  }

  /** Any value below a key. @param {any} value @param {string} key @returns {any} */
  value(value, key) {
    if (Array.isArray(value)) return value.map((one) => this.value(one, key));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [this.text(name), this.secret(name, one) ? REMOVED : this.value(one, name)]));
    }
    return typeof value === "string" && !IDS.has(key) ? this.text(value) : value;
  }

  /** Whether a value is left out for what it is called. @param {string} name @param {any} value */
  secret(name, value) {
    return SECRET_KEY.test(name) && value !== null && typeof value !== "boolean" && !this.goes("secrets");
  }

  /** A text without what must not be in it. Passwords in addresses never go along. @param {string} text */
  text(text) {
    const open = text.replace(PASSWORD_IN_URL, "$1");
    const searched = this.replaced(open, SECRET_TEXT, "secrets", () => REMOVED);
    const short = this.replaced(searched, QUERY_IN_URL, "queries", (_all, address) => address);
    return this.replaced(short, ACCOUNT_TEXT, "accounts", () => ACCOUNT);
  }

  /** @param {string} text @param {RegExp} pattern @param {string} part @param {(...found: string[]) => string} by */
  replaced(text, pattern, part, by) {
    return text.replace(pattern, (...found) => (this.goes(part) ? found[0] : by(...found)));
  }
}

/** What goes along at first. @returns {Set<string>} */
export const usual = () => new Set(PARTS.filter((part) => part.at_first).map((part) => part.name));

/**
 * A trace for others: its documents, what is said about it, and its map, all without what is left out.
 * @param {{Id: string, Segments: Node[], Notices?: string[], LimitExceeded?: boolean}} answer @param {unknown[]} services of its map @param {ReadonlySet<string>} kept
 */
export function redacted(answer, services, kept) {
  const redaction = new Redaction(kept);
  const trace = { ...answer, Segments: redaction.segments(answer.Segments) };
  const met = { ...redaction.met };
  trace.Notices = redaction.value(answer.Notices ?? [], "Notices");
  return { trace, services: redaction.value(services, "Services"), met };
}
