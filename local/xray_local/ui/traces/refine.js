// @ts-check
/** What narrows the list with a click: statuses, annotations that are true, and values that write themselves into the filter. */
import { html, useState } from "../base.js";
import { asks } from "../expressions.js";
import { STATUS, count } from "../format.js";
import { shortName } from "../map/kinds.js";
import { Popup } from "../popup.js";
import { FACETS, STATUSES, counts, flags, options } from "./rows.js";

/** @typedef {import("./rows.js").Row} Row */

// Among more values than that one looks for a name instead of reading.
const SEARCHED_FROM = 9;
const SHOWN = 60;
const FLAGS_SHOWN = 3;

/** "Fault (5xx)": where it is narrow the code goes. @param {{status: import("./rows.js").Status}} props */
function Name({ status }) {
  const [name, code] = STATUS[status].text.split(/ (?=\()/);
  return html`<span class=${`status ${status}`}><span class="sign" aria-hidden="true">${STATUS[status].sign}</span></span>${name}${code && html`<span class="how"> ${code}</span>`}`;
}

/** Status boxes with how many rows have each. @param {{rows: Row[], chosen: Set<string>, onChange: (chosen: string) => void}} props */
export function StatusChips({ rows, chosen, onChange }) {
  const found = counts(rows);
  /** @param {string} status */
  const toggle = (status) => STATUSES.filter((one) => chosen.has(one) !== (one === status)).join(",");
  return html`<div class="chips" role="group" aria-label="Status">
    ${STATUSES.filter((one) => found[one] || chosen.has(one)).map((one) => html`<button type="button" key=${one} class="chip" aria-pressed=${chosen.has(one) ? "true" : "false"}
      onClick=${() => onChange(toggle(one))}><${Name} status=${one} /> <span class="quiet">${count(found[one])}</span></button>`)}
  </div>`;
}

/** @param {{rows: Row[], filter: string, onToggle: (clause: string) => void}} props */
export function FlagChips({ rows, filter, onToggle }) {
  const found = flags(rows, FLAGS_SHOWN);
  return html`${found.map((one) => html`<button type="button" key=${one.label} class="chip" aria-pressed=${asks(filter, one.clause) ? "true" : "false"} title=${one.clause}
    onClick=${() => onToggle(one.clause)}>${one.label.replaceAll("_", " ")} <span class="quiet">${count(one.count)}</span></button>`)}`;
}

/** @param {{rows: Row[], facet: string, filter: string, onToggle: (clause: string) => void}} props */
function Values({ rows, facet, filter, onToggle }) {
  const [found] = useState(() => options(rows, facet));
  const [typed, type] = useState("");
  if (!found.length) return html`<p class="quiet">No trace in the list has one.</p>`;
  const fitting = found.filter((one) => one.label.toLowerCase().includes(typed.toLowerCase()));
  const most = found[0].count;
  return html`
    ${found.length >= SEARCHED_FROM && html`<input type="search" placeholder="Search" aria-label=${`Search ${facet}`} value=${typed} autofocus
      onInput=${(/** @type {Event} */ event) => type(/** @type {HTMLInputElement} */ (event.target).value)} />`}
    <ul class="values">
      ${fitting.slice(0, SHOWN).map((one) => html`<li key=${one.clause}><button type="button" class="plain" aria-pressed=${asks(filter, one.clause) ? "true" : "false"}
        onClick=${() => onToggle(one.clause)} title=${one.clause}>
        <span class="label">${facet === "Service" ? shortName(one.label) : one.label}${one.note && html` <span class="quiet">${one.note}</span>`}</span><span class="quiet">${count(one.count)}</span>
        <i class="share" style=${{ width: `${(one.count / most) * 100}%` }} aria-hidden="true"></i></button></li>`)}
    </ul>
    ${fitting.length > SHOWN && html`<p class="quiet">and ${count(fitting.length - SHOWN)} more</p>`}
  `;
}

/** @param {{rows: Row[], filter: string, onToggle: (clause: string) => void}} props */
export function Refiners({ rows, filter, onToggle }) {
  return html`<div class="refiners" role="group" aria-label="Refine by">
    ${Object.keys(FACETS).map((facet) => html`<${Popup} key=${facet} label=${facet} name=${`Refine by ${facet}`} class="plain">
      ${(/** @type {() => void} */ close) => html`<div class="facet"><${Values} rows=${rows} facet=${facet} filter=${filter}
        onToggle=${(/** @type {string} */ clause) => (close(), onToggle(clause))} /></div>`}
    <//>`)}
  </div>`;
}
