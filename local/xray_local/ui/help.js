// @ts-check
/** What the keys do and how filters are written; the keys come from the table that handles them. */
import { html, useLayoutEffect, useRef } from "./base.js";
import { table } from "./keys.js";

const EXAMPLES = [
  ["fault", "the server failed (5xx)"],
  ["error AND http.url CONTAINS \"/orders\"", "the client was told of an error (4xx)"],
  ["responsetime > 2", "slower than 2 seconds"],
  ['service("orders") { fault }', "something failed in a service, even if nobody outside saw it"],
  ['edge("checkout", "payments") { duration > 0.5 }', "one service waited for another"],
  ["annotation.cold_start = true", "an annotation has a value"],
];

const NAMES = /** @type {Record<string, string>} */ ({ ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "Space", Escape: "Esc" });

/** @param {{keys: string}} props */
const Keys = ({ keys }) =>
  html`${keys.split(keys === " " ? "none" : " ").map((key) => html`<kbd>${key.split("+").map((part) => NAMES[part] ?? part).join(" + ")}</kbd> `)}`;

/** @param {{onClose: () => void}} props */
export function Help({ onClose }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  // With the drawing: a key that is pressed right after it is the dialog's.
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const groups = table().filter(([, bindings]) => bindings.length);
  return html`<dialog ref=${dialog} class="help" aria-label="Help" onClose=${onClose}
    onClick=${(/** @type {Event} */ event) => event.target === dialog.current && dialog.current?.close()}>
    <div class="line"><h2>Keys</h2><button type="button" class="plain" aria-label="Close" onClick=${() => dialog.current?.close()}>×</button></div>
    <div class="groups">
      ${groups.map(([name, bindings]) => html`<section key=${name}>
        <h3>${name}</h3>
        <dl>${bindings.map((one) => html`<dt><${Keys} keys=${one.keys} /></dt><dd>${one.does}</dd>`)}</dl>
      </section>`)}
    </div>
    <h2>Filters</h2>
    <dl class="examples">${EXAMPLES.map(([filter, does]) => html`<dt><code>${filter}</code></dt><dd>${does}</dd>`)}</dl>
    <p class="quiet">A keyword alone looks at the answer that the client got. <code>service() { … }</code> looks at every service on the way.</p>
  </dialog>`;
}
