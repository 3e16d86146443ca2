// @ts-check
/** Save one trace as a file for others, after a look at what goes into it. */
import { html, useLayoutEffect, useMemo, useRef, useState } from "../base.js";
import * as api from "../api.js";
import { count } from "../format.js";
import { download } from "../transfer.js";
import { title } from "../trace/header.js";
import { build } from "../trace/model.js";
import { shareFile } from "./make.js";
import { PARTS, redacted, usual } from "./redact.js";

/** @typedef {import("../trace/model.js").Answer} Answer */

// A preview is for looking at; what is longer is in the file.
const PREVIEW_CHARACTERS = 60_000;

/** @param {{answer: Answer}} props */
export function ShareButton({ answer }) {
  const [open, setOpen] = useState(false);
  return html`<button type="button" aria-haspopup="dialog" onClick=${() => setOpen(true)} title="As one HTML file that opens anywhere">Share</button>
    ${open && html`<${ShareDialog} answer=${answer} onClose=${() => setOpen(false)} />`}`;
}

/** @param {{answer: Answer, onClose: () => void}} props */
function ShareDialog({ answer, onClose }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [kept, keep] = useState(usual);
  const [services, putServices] = useState(/** @type {unknown[]} */ ([]));
  const [said, say] = useState("");
  useLayoutEffect(() => {
    dialog.current?.showModal();
    api.graph({ traces: answer.Id }).then(({ Services }) => putServices(Services), () => undefined);
  }, []);
  const found = useMemo(() => redacted(answer, services, kept), [answer, services, kept]);
  const preview = useMemo(() => JSON.stringify(found.trace.Segments, null, 2), [found]);
  const turn = (/** @type {string} */ name) => keep((old) => new Set(old.has(name) ? [...old].filter((one) => one !== name) : [...old, name]));
  const save = async () => {
    say("…");
    try {
      const text = await shareFile(`${title(build(found.trace)).text} – trace ${answer.Id}`, found);
      download(`trace-${answer.Id}.html`, text, "text/html");
      say(`Saved, ${count(Math.ceil(text.length / 1024))} KB.`);
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  };
  return html`<dialog ref=${dialog} class="share" aria-labelledby="share-title" onClose=${onClose}>
    <div class="line"><h2 id="share-title">Share this trace</h2><button type="button" class="plain" aria-label="Close" onClick=${() => dialog.current?.close()}>×</button></div>
    <p>One HTML file with the trace in it. It opens in any browser, from a disk or a mail, and asks for nothing.</p>
    <fieldset><legend>What goes along</legend>
      ${PARTS.map((part) => html`<label key=${part.name} class=${found.met[part.name] ? "" : "none"}><input type="checkbox" checked=${kept.has(part.name)} onChange=${() => turn(part.name)} />
        <span><b>${part.text}</b> <span class="quiet">${part.does}</span></span><span class="number">${found.met[part.name] ? count(found.met[part.name]) : "none"}</span></label>`)}
      <p class="quiet">Names of services, tables, queues and files, and all times, always go along. Passwords in addresses never do.</p></fieldset>
    <details><summary>What the file holds</summary><pre tabindex="0" aria-label="The documents as they go along">${preview.slice(0, PREVIEW_CHARACTERS)}${preview.length > PREVIEW_CHARACTERS ? "\n…" : ""}</pre></details>
    <div class="line end"><span role="status">${said}</span><button type="button" class="primary" onClick=${save}>Save the file</button></div>
  </dialog>`;
}
