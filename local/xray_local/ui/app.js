// @ts-check
/** The frame around the views: navigation, time range, live state, theme, help, and which view the address names. */
import { html, render, useEffect, useState } from "./base.js";
import * as api from "./api.js";
import { Help } from "./help.js";
import { useKeys } from "./keys.js";
import { listen } from "./live.js";
import { Notices } from "./notices.js";
import { TimeRange } from "./range.js";
import { ThemeSwitch } from "./theme.js";
import { DropTarget } from "./transfer.js";
import { change, go, href, usePlace } from "./url.js";
import { CompareView } from "./compare/view.js";
import { MapView } from "./map/view.js";
import { TraceView } from "./trace/view.js";
import { TracesView } from "./traces/view.js";

/** @param {{place: import("./url.js").Place}} props */
function View({ place }) {
  const [where, id, part] = place.path;
  if (where === "compare") return html`<${CompareView} first=${id} second=${part} params=${place.params} />`;
  if (where === "traces" && id) return html`<${TraceView} key=${id} id=${id} raw=${part === "raw"} params=${place.params} />`;
  if (where === "traces") return html`<${TracesView} params=${place.params} />`;
  return html`<${MapView} params=${place.params} />`;
}

function App() {
  const place = usePlace();
  const [connected, setConnected] = useState(true);
  const [helping, setHelping] = useState(false);
  const keep = { timeRange: place.params.timeRange, filter: place.params.filter };
  useEffect(() => listen((news) => news.connected !== undefined && setConnected(news.connected)), []);
  useKeys("Everywhere", [
    { keys: "g m", does: "Service map", run: () => go(["service-map"], keep) },
    { keys: "g t", does: "Traces", run: () => go(["traces"], keep) },
    { keys: "?", does: "This help", run: () => setHelping(true) },
  ]);
  const here = place.path[0] ?? "service-map";
  /** @param {string} name @param {string} text */
  const link = (name, text) => html`<a href=${href([name], keep)} aria-current=${here === name ? "page" : undefined}>${text}</a>`;
  return html`
    <header class="top">
      <a class="brand" href=${href(["service-map"])}>xray-local</a>
      <nav aria-label="Views">${link("service-map", "Service map")}${link("traces", "Traces")}</nav>
      <div class="tools">
        <${TimeRange} value=${place.params.timeRange} onChange=${(/** @type {string} */ value) => change({ timeRange: value })} />
        <span class=${`live quiet ${connected ? "" : "off"}`} role="status">${connected ? "Live" : "Not connected"}</span>
        <${ThemeSwitch} />
        <button onClick=${() => setHelping(true)} aria-label="Help and keys">?</button>
      </div>
    </header>
    <${Notices} health=${api.health} />
    <main><${View} place=${place} /></main>
    <${DropTarget} />
    ${helping && html`<${Help} onClose=${() => setHelping(false)} />`}
  `;
}

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.replaceChildren();
render(html`<${App} />`, root);
