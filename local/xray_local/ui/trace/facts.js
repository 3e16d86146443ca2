// @ts-check
/** The tabs of the details: each shows one part of a segment or subsegment. Texts of traces are text nodes, nothing else. */
import { html } from "../base.js";
import { CopyButton } from "../copy.js";
import * as expressions from "../expressions.js";
import { duration, moment } from "../format.js";
import { href, parse } from "../url.js";
import { ownTime, uncovered, whereIn } from "./gaps.js";
import { exception, exceptions, importTime, mapping } from "./labels.js";
import { took } from "./model.js";
import { parts } from "./stack.js";

/** @typedef {import("./model.js").Span} Span */
/** @typedef {import("./model.js").Trace} Trace */
/** @typedef {{span: Span, trace: Trace, shared?: boolean}} Props */

/** @param {{pairs: [string, unknown][]}} props */
const Pairs = ({ pairs }) =>
  html`<dl class="pairs">${pairs.filter(([, value]) => value !== undefined && value !== null && value !== "").map(([name, value]) => html`<dt key=${name}>${name}</dt><dd>${typeof value === "boolean" ? String(value) : value}</dd>`)}</dl>`;

/** The time that its subsegments leave. @param {Span} span @returns {[string, unknown][]} */
function ownPairs(span) {
  const imported = importTime(span.node, "own_ms");
  if (imported !== null) return [["Its own", duration(imported)]];
  if (!span.children.length) return [];
  const pieces = uncovered(span);
  const sum = pieces.reduce((total, [start, end]) => total + end - start, 0);
  const [name] = pieces.length ? ownTime(span, whereIn(span, pieces[0][0])) : [""];
  return [["Own time", `${duration(sum)}${pieces.length === 1 && name ? `: ${name}` : ""}`]];
}

/** @param {Props} props */
export function Overview({ span, trace, shared }) {
  const { node } = span;
  const { request = {}, response = {} } = mapping(node, "http");
  const time = took(span);
  const wrong = exception(node);
  return html`
    ${span.open && html`<p class="callout">${span.deadline ? "Still running when the function's time ran out." : "Has not ended, or its end did not arrive."}</p>`}
    ${span.open && span.deadline && html`<${Stack} frames=${exceptions(span.deadline.node)[0]?.stack} />`}
    ${wrong && html`<p class="callout bad">${wrong}</p>`}
    <${Pairs} pairs=${[
      ["Name", node.name],
      ["Type", node.origin ?? { aws: "Call of an AWS service", remote: "Call over the network", import: "Import of a Python module", local: "Subsegment", segment: "Segment" }[span.kind]],
      ["Duration", time === null ? `longer than ${duration(span.end - span.start)}` : duration(time)],
      ...ownPairs(span),
      ["Begins", `${duration(span.start - trace.start)} into the trace`],
      ["Start", moment(span.start)],
      ["End", span.open ? "" : moment(span.end)],
      ["Method", request.method],
      ["URL", request.url && html`<span class="mono">${request.url}</span>`],
      ["Response code", response.status],
      ["Response length", typeof response.content_length === "number" ? `${response.content_length.toLocaleString("en")} bytes` : undefined],
      ["User agent", request.user_agent],
      ["Client IP", request.client_ip],
      ["User", node.user],
      ["Seen from", span.inferred ? "its caller: the service sent no segment of its own" : ""],
      ["Id", html`<span class="mono">${node.id}</span>`],
      ["Parent id", node.parent_id ?? span.parent?.node.id],
    ]} />
    ${!shared && html`<p><${CopyButton} text=${`${location.origin}${location.pathname}${href(["traces", trace.id], { span: span.id })}`} label="Copy link" name="to this row" /></p>`}`;
}

/** @param {Props} props */
export const Resources = ({ span }) => html`<${Values} value=${mapping(span.node, "aws")} />`;

/** @param {Props} props */
export function Annotations({ span, shared }) {
  const entries = Object.entries(mapping(span.node, "annotations"));
  const { timeRange } = parse(location.hash).params;
  return html`${!shared && html`<p class="quiet">Choose one to see the traces that have it.</p>`}
    <dl class="pairs">${entries.map(([key, value]) => html`<dt key=${key}>${key}</dt><dd>${shared
      ? String(value)
      : html`<a href=${href(["traces"], { filter: expressions.annotation(key, value), timeRange })}>${String(value)}</a>`}</dd>`)}</dl>`;
}

/** An object as names and values; objects inside it as JSON. @param {{value: Record<string, unknown>}} props */
export function Values({ value }) {
  return html`<dl class="pairs">${Object.entries(value).map(([key, one]) => {
    const simple = one === null || typeof one !== "object";
    const text = simple ? String(one) : Array.isArray(one) && one.every((item) => typeof item !== "object") ? one.join(", ") : JSON.stringify(one, null, 2);
    return html`<dt key=${key}>${key}</dt><dd>${simple || !text.includes("\n") ? text : html`<pre>${text}</pre>`}</dd>`;
  })}</dl>`;
}

/** The function's own frames; those of others can be opened, unless there are no other ones. @param {{frames: unknown}} props */
function Stack({ frames }) {
  if (!Array.isArray(frames) || !frames.length) return null;
  const all = parts(frames);
  const own = all.some((part) => part.own);
  return html`<div class="stack" role="group" aria-label="Stack, outermost first">${all.map((part) => {
    const list = html`<ol start=${part.first}>${part.frames.map((frame, place) => html`<li key=${place}><b>${String(frame?.label ?? "?")}</b> <span class="mono">${String(frame?.path ?? "?")}:${String(frame?.line ?? "?")}</span></li>`)}</ol>`;
    if (part.own) return html`<div key=${part.first} class="own">${list}</div>`;
    const said = `${part.frames.length} ${part.frames.length === 1 ? "frame" : "frames"} of ${part.names.join(", ")}`;
    return html`<details key=${part.first} open=${!own}><summary>${said}</summary>${list}</details>`;
  })}</div>`;
}

/** Where an exception of that id is recorded. @param {Trace} trace @param {string} id */
function recorded(trace, id) {
  return [...trace.spans.values()].find((span) => !span.inferred && exceptions(span.node).some((one) => one.id === id));
}

/** @param {Props} props */
export function Exceptions({ span, trace }) {
  const { cause } = span.node;
  const told = span.deadline && !exceptions(span.node).length ? span.deadline.node : span.node;
  const other = typeof cause === "string" ? recorded(trace, cause) : undefined;
  if (other) return html`<p>The same exception as in <a href=${href(["traces", trace.id], { span: other.id, tab: "exceptions" })}>${other.label}</a>.</p>`;
  return html`${exceptions(told).map((one, place) => html`<section key=${place} class="exception">
      <h3>${String(one.type ?? "Exception")} ${one.remote && html`<span class="tag">of the service that was called</span>`}</h3>
      <p class="message">${String(one.message ?? "")}</p>
      <${Stack} frames=${one.stack} />
      ${one.truncated > 0 && html`<p class="quiet">${one.truncated} frames were left out.</p>`}</section>`)}
    ${typeof cause === "string" && html`<p>Exception <span class="mono">${cause}</span>, which is recorded nowhere in this trace.</p>`}
    <${Pairs} pairs=${[["Message", mapping(told, "cause").message], ["Working directory", mapping(told, "cause").working_directory]]} />`;
}

/** @param {Props} props */
export function Sql({ span }) {
  const { sanitized_query: query, ...rest } = mapping(span.node, "sql");
  return html`${query && html`<pre class="wrap">${String(query)}</pre><p><${CopyButton} text=${String(query)} name="the statement" /></p>`}<${Values} value=${rest} />`;
}

/** @param {Props} props */
export function RawNode({ span }) {
  const { subsegments, ...own } = span.node;
  const text = JSON.stringify(own, null, 2);
  return html`${subsegments?.length > 0 && html`<p class="quiet">Without the ${subsegments.length} directly below: the raw data of the trace has them.</p>`}
    <pre class="wrap">${text}</pre><p><${CopyButton} text=${text} name="the document" /></p>`;
}
