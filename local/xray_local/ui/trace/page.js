// @ts-check
/** The page of one trace, wherever it came from: heading, notices, its own map, and the timeline, the cold start or the raw data. */
import { html, useEffect, useMemo, useState } from "../base.js";
import { MiniMap } from "../map/mini.js";
import { change, go, href } from "../url.js";
import { ColdStarts } from "./coldstart.js";
import { wrong } from "./find.js";
import { coldStarts } from "./flame.js";
import { Header, title } from "./header.js";
import { Raw } from "./raw.js";
import { useParam } from "./state.js";
import { Work } from "./work.js";

/** @typedef {import("./load.js").Loaded} Loaded */

const SEGMENT_LIMIT = "Larger than X-Ray's limit for a trace: X-Ray would leave out what is beyond it.";

/** What the page says about the trace before anything else. @param {import("./model.js").Trace} trace */
function notices(trace) {
  const lonely = trace.roots.filter((root) => root.node.parent_id).length;
  // The server tells it with the names; what it tells nothing of is a file of another program.
  const missing = !trace.notices.length && trace.roots.length > 1 && lonely ? [`${lonely} ${lonely === 1 ? "part names a caller" : "parts name callers"} that did not arrive, or not yet.`] : [];
  return [...trace.notices, ...missing, ...(trace.limitExceeded ? [SEGMENT_LIMIT] : [])];
}

/** The first segment of a service on the map. @param {import("./model.js").Trace} trace @param {{Name: string, Type?: string | null}} node */
function ofNode(trace, node) {
  const all = [...trace.segments, ...trace.inferred];
  /** @param {import("./model.js").Span} span */
  const named = ({ node: { name, aws } }) => name === node.Name || aws?.resource_names?.includes(node.Name);
  return all.find((span) => named(span) && (span.node.origin ?? "") === (node.Type ?? "")) ?? all.find(named);
}

/** @param {{loaded: Loaded, raw: boolean, params: Record<string, string>, problem?: string, shared?: boolean, children?: unknown}} props `shared`: there is no server behind it; `children`: what can be done with it */
export function TracePage({ loaded: { answer, trace }, raw, params, problem = "", shared = false, children }) {
  const cold = useMemo(() => coldStarts(trace), [trace]);
  const problems = useMemo(() => wrong(trace), [trace]);
  const [span, select] = useParam(params, "span");
  const [asked, ask] = useState(0);
  const view = raw ? "raw" : params.view === "cold-start" && cold.length ? "cold-start" : "timeline";
  const keep = { ...params, span, view: undefined };
  useEffect(() => {
    const before = document.title;
    document.title = `${title(trace).text} – xray-local`;
    return () => {
      document.title = before;
    };
  }, [trace]);
  const all = notices(trace);
  if (!trace.segments.length && !trace.inferredCount) return html`<${Nothing} id=${trace.id} said=${all} />`;
  /** A row of the timeline, from wherever. @param {string} id */
  const show = (id) => go(["traces", trace.id], { ...keep, span: id });
  const onNode = (/** @type {{Name: string, Type?: string | null}} */ node) => {
    const span = ofNode(trace, node);
    if (span) show(span.id);
  };
  const onProblem = () => (view === "timeline" ? ask(asked + 1) : show(problems[0]));
  return html`<div class="trace-page">
    <${Header} trace=${trace} problems=${problems.length} onProblem=${onProblem} shared=${shared}>
      ${children}
    <//>
    ${(all.length > 0 || problem) && html`<ul class="said" aria-label="Notices of this trace">${[...(problem ? [problem] : []), ...all].map((text) => html`<li key=${text}><span class="sign" aria-hidden="true">i</span>${text}</li>`)}</ul>`}
    <${OwnMap} trace=${trace} params=${params} onNode=${onNode} />
    <nav class="views" aria-label="Ways to look at the trace">
      ${[["timeline", "Timeline", href(["traces", trace.id], keep)], ...(cold.length ? [["cold-start", "Cold start", href(["traces", trace.id], { ...keep, view: "cold-start" })]] : []), ["raw", "Raw data", href(["traces", trace.id, "raw"], keep)]].map(
        ([name, text, to]) => html`<a key=${name} href=${to} aria-current=${view === name ? "page" : undefined}>${text}</a>`)}
    </nav>
    ${view === "raw" && html`<${Raw} answer=${answer} />`}
    ${view === "cold-start" && html`<${ColdStarts} trace=${trace} spans=${cold} onSelect=${show} />`}
    ${view === "timeline" && html`<${Work} trace=${trace} params=${params} span=${span} onSpan=${select} wrong=${problems} asked=${asked} cold=${cold} shared=${shared} />`}
  </div>`;
}

/** @param {{id: string, said: string[]}} props */
const Nothing = ({ id, said }) => html`<div class="trace-page pad"><h1>Nothing has arrived of this trace</h1>
  <p class="quiet"><span class="mono">${id}</span> appears here by itself when it does.</p>${said.map((text) => html`<p key=${text}>${text}</p>`)}</div>`;

/** Its own map, which can be put away. @param {{trace: import("./model.js").Trace, params: Record<string, string>, onNode: (node: {Name: string, Type?: string | null}) => void}} props */
function OwnMap({ trace, params, onNode }) {
  const hidden = params.map === "no";
  return html`<section class="own-map" aria-label="Map of this trace">
    <button type="button" class="plain small" aria-expanded=${String(!hidden)} onClick=${() => change({ map: hidden ? "" : "no" }, true)}>${hidden ? "▸" : "▾"} Map</button>
    ${!hidden && html`<${MiniMap} traceId=${trace.id} onNode=${onNode} />`}
  </section>`;
}
