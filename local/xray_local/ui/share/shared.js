// @ts-check
/** The page of a shared file: one trace, without a server. */
import { html, render, useMemo, useState } from "../base.js";
import { Help } from "../help.js";
import { useKeys } from "../keys.js";
import { build } from "../trace/model.js";
import { TracePage } from "../trace/page.js";
import { usePlace } from "../url.js";
import { keep } from "./offline-api.js";

/** The data that the file holds. */
async function read() {
  const text = document.getElementById("data")?.textContent ?? "";
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

/** @param {{answer: import("../trace/model.js").Answer}} props */
function Shared({ answer }) {
  const place = usePlace();
  const [helping, setHelping] = useState(false);
  const loaded = useMemo(() => ({ answer, trace: build(answer) }), [answer]);
  useKeys("Everywhere", [{ keys: "?", does: "This help", run: () => setHelping(true) }]);
  return html`
    <header class="top"><span class="brand">xray-local</span><span class="quiet">A trace in a file: nothing is asked from anywhere.</span>
      <div class="tools"><button type="button" aria-label="Help and keys" onClick=${() => setHelping(true)}>?</button></div></header>
    <main><${TracePage} loaded=${loaded} raw=${place.path[2] === "raw"} params=${place.params} shared=${true} /></main>
    ${helping && html`<${Help} onClose=${() => setHelping(false)} />`}`;
}

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
read().then(
  (data) => {
    keep(data);
    root.replaceChildren();
    render(html`<${Shared} answer=${data.trace} />`, root);
  },
  (error) => {
    root.textContent = `This browser cannot read the file: ${error.message}`;
  },
);
