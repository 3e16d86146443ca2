// @ts-check
/** All documents of a trace as JSON. */
import { html, useMemo, useRef } from "../base.js";
import { CopyButton } from "../copy.js";
import { count } from "../format.js";
import { download } from "../transfer.js";
import { useShown } from "./state.js";

// As in trace.css. Beyond so many lines only those in the window are in the document.
const LINE = 18;
const VIRTUAL_FROM = 3000;

/** @param {{answer: import("./model.js").Answer}} props */
export function Raw({ answer }) {
  const text = useMemo(() => JSON.stringify(answer.Segments, null, 2), [answer]);
  const lines = useMemo(() => text.split("\n"), [text]);
  return html`<section class="raw" aria-label="Raw data">
    <div class="line"><p class="quiet">${count(answer.Segments.length)} ${answer.Segments.length === 1 ? "document" : "documents"} as X-Ray returns them, ${count(lines.length)} lines</p>
      <${CopyButton} text=${text} name="all documents" />
      <button type="button" onClick=${() => download(`${answer.Id}.json`, text)}>Download</button></div>
    ${lines.length > VIRTUAL_FROM ? html`<${Lines} lines=${lines} />` : html`<pre class="json" tabindex="0">${text}</pre>`}
  </section>`;
}

/** @param {{lines: string[]}} props */
function Lines({ lines }) {
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  const [from, to] = useShown(body, lines.length, LINE);
  return html`<div class="json" tabindex="0"><div ref=${body} style=${{ height: `${lines.length * LINE}px` }}>
    <pre style=${{ transform: `translateY(${from * LINE}px)` }}>${lines.slice(from, to).join("\n")}</pre></div></div>`;
}
