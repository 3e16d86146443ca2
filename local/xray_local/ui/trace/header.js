// @ts-check
/** What is said about a trace as a whole. */
import { html, useEffect, useMemo, useState } from "../base.js";
import { CopyButton } from "../copy.js";
import { STATUS, age, clock, duration, moment, percent } from "../format.js";
import { href } from "../url.js";
import { explained } from "./gaps.js";
import { mapping, printable } from "./labels.js";
import { code, links, timedOut } from "./model.js";
import { WAITING, whereTimeWent } from "./where.js";

/** @typedef {import("./model.js").Trace} Trace */

const AGE_EVERY_MS = 5000;
// The largest shares that are named one by one.
const SHARES_NAMED = 6;
const DIRECTIONS = { before: "Comes from", after: "Continues in", linked: "Linked with" };

/** What a trace is called: method and address, or the name of what began it. @param {Trace} trace */
export function title(trace) {
  const root = trace.roots[0];
  if (!root) return { method: "", text: "Nothing has arrived of this trace", kind: "" };
  const request = mapping(mapping(root.node, "http"), "request");
  const named = trace.roots.length > 0 && request.url;
  return { method: named ? printable(request.method ?? "") : "", text: printable(named ? request.url : root.node.name), kind: root.node.origin ?? "" };
}

/** The seconds since a moment, as they pass. @param {number} at */
function useAge(at) {
  const [now, put] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => put(Date.now() / 1000), AGE_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return age(at, now);
}

/** The time of day alone if it was today: in a file there is no today. @param {number} at @param {boolean | undefined} shared */
const began = (at, shared) => (!shared && new Date(at * 1000).toDateString() === new Date().toDateString() ? clock(at) : moment(at));

/** @param {{name: string, children?: unknown}} props */
const Fact = ({ name, children }) => html`<div class="fact"><dt>${name}</dt><dd>${children}</dd></div>`;

/** @param {{trace: Trace, children?: unknown, onProblem?: () => void, problems: number, shared?: boolean}} props `children`: what can be done with it */
export function Header({ trace, children, onProblem, problems, shared }) {
  const { method, text, kind } = title(trace);
  const root = trace.roots[0];
  const status = root?.status ?? "open";
  const late = trace.segments.some(timedOut);
  const number = root && code(root);
  const old = useAge(trace.start);
  return html`<header class="trace-head">
    <div class="line">
      <h1 title=${`${method} ${text}`.trim()}>${method && html`<span class="method">${method}</span> `}${text} ${kind && html`<span class="quiet kind">${kind}</span>`}</h1>
      <div class="actions">${children}</div>
    </div>
    <dl class="facts">
      <${Fact} name="Status"><span class=${`status ${status}`}><span class="sign" aria-hidden="true">${STATUS[status].sign}</span>${STATUS[status].text}</span>${late && html` <span class="tag bad">timed out</span>`}<//>
      ${number !== undefined && html`<${Fact} name="Response code">${number}<//>`}
      <${Fact} name="Response time">${duration(root && !root.open ? root.end - root.start : undefined)}<//>
      <${Fact} name="Duration">${duration(trace.end - trace.start)}<//>
      <${Fact} name="Began"><span title=${moment(trace.start)}>${began(trace.start, shared)}${shared ? "" : html` <span class="quiet">${old === "now" ? "now" : `${old} ago`}</span>`}</span><//>
      <${Fact} name="Trace id"><span class="mono">${trace.id}</span> <${CopyButton} text=${trace.id} class="small" name="the trace id" /><//>
      ${problems > 0 && html`<${Fact} name="Problems"><b class="bad">${problems}</b> <button type="button" class="small" onClick=${onProblem}>${problems === 1 ? "Show" : "Show next"}</button><//>`}
    </dl>
    <${Linked} trace=${trace} shared=${shared} />
    <${Where} trace=${trace} />
  </header>`;
}

/** @param {{trace: Trace, shared?: boolean}} props */
function Linked({ trace, shared }) {
  const found = useMemo(() => links(trace), [trace]);
  if (!found.length) return null;
  return html`<ul class="linked" aria-label="Linked traces">${found.map((link) => {
    const named = `${link.names.join(", ")} ${link.trace}`.trim();
    return html`<li key=${link.trace + link.direction}><span class="quiet">${DIRECTIONS[link.direction]}</span> ${shared ? html`<span class="mono">${named}</span>` : html`<a class="mono" href=${href(["traces", link.trace])}>${named}</a>`}</li>`;
  })}</ul>`;
}

/** @param {{trace: Trace}} props */
function Where({ trace }) {
  const shares = useMemo(() => whereTimeWent(trace), [trace]);
  const length = trace.end - trace.start;
  if (!(length > 0) || shares.length < 2) return null;
  const largest = [...shares].sort((one, other) => other.seconds - one.seconds).slice(0, SHARES_NAMED);
  const rest = shares.filter((share) => !largest.includes(share)).reduce((sum, share) => sum + share.seconds, 0);
  return html`<section class="where" aria-label="Where the time went">
    <div class="where-bar" aria-hidden="true">${shares.map((share) => html`<i key=${share.name} class=${share.kind} style=${{ flexGrow: String(share.seconds / length) }} title=${`${share.name}: ${duration(share.seconds)}`}></i>`)}</div>
    <ul>${largest.map((share) => html`<li key=${share.name} title=${share.name === WAITING ? "nothing that was recorded is at work" : explained(share.name) || undefined}><i class=${`swatch ${share.kind}`} aria-hidden="true"></i>${share.name}${share.count > 1 ? ` × ${share.count}` : ""} <b>${duration(share.seconds)}</b> <span class="quiet">${percent(share.seconds / length)}</span></li>`)}
      ${rest > 0 && html`<li class="quiet"><i class="swatch" aria-hidden="true"></i>everything else <b>${duration(rest)}</b></li>`}</ul>
  </section>`;
}
