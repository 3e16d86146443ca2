// @ts-check
/** What to compare a trace with: a newer or older one of the same name, one from a file, or one whose id is known. */
import { html, useEffect, useRef, useState } from "../base.js";
import * as api from "../api.js";
import { service } from "../expressions.js";
import { STATUS, age, duration, status } from "../format.js";
import { parcels } from "../parcels.js";
import { Popup } from "../popup.js";
import { go, href } from "../url.js";

/** @typedef {import("../trace/model.js").Trace} Trace */

const OFFERED = 8;
const BACK_S = 7 * 86400;

/** @param {{trace: Trace}} props */
export const CompareButton = ({ trace }) => html`<${Popup} label="Compare" name="Compare with">${() => html`<${Choice} trace=${trace} />`}<//>`;

/** The newest others that begin with the same thing. @param {Trace} trace */
function useOthers(trace) {
  const [found, put] = useState(/** @type {any[] | null} */ (null));
  const root = trace.roots[0];
  useEffect(() => {
    let gone = false;
    const now = Date.now() / 1000;
    const filter = root ? service({ Name: root.node.name, Type: root.node.origin ?? null }) : undefined;
    api.summaries({ start: now - BACK_S, end: now + 60, filter, limit: OFFERED + 1 }).then(
      (answer) => !gone && put(answer.Traces.filter((/** @type {any} */ one) => one.Id !== trace.id).slice(0, OFFERED)),
      () => !gone && put([]),
    );
    return () => {
      gone = true;
    };
  }, [trace.id]);
  return found;
}

/** The first trace of a file, after it has been imported. @param {File} file */
async function imported(file) {
  for (const parcel of parcels(await file.text())) {
    const { Ids, Refused } = await api.importTraces(parcel);
    if (Ids.length) return Ids[0];
    if (Refused.length) throw new Error(Refused[0]);
  }
  throw new Error("There is no trace in this file.");
}

/** @param {{trace: Trace}} props */
export function Choice({ trace }) {
  const others = useOthers(trace);
  const [id, setId] = useState("");
  const [problem, say] = useState("");
  const file = useRef(/** @type {HTMLInputElement | null} */ (null));
  const open = (/** @type {string} */ other) => go(["compare", trace.id, other]);
  const chosen = () => {
    const [one] = file.current?.files ?? [];
    if (one) imported(one).then(open, (error) => say(error instanceof SyntaxError ? "This is not JSON." : error.message));
  };
  const asked = (/** @type {Event} */ event) => {
    event.preventDefault();
    const wanted = /1-[0-9a-f]{8}-[0-9a-f]{24}/i.exec(id)?.[0];
    if (wanted) open(wanted);
    else say("A trace id looks like 1-5f84c7a5-7fa8b9c0d1e2f30415263748.");
  };
  return html`<div class="choose-other">
    <h3>The newest of ${trace.roots[0]?.node.name ?? "all"}</h3>
    ${others === null ? html`<p class="quiet">Loading…</p>` : others.length ? html`<ul>${others.map((one) => html`<${Other} key=${one.Id} trace=${trace} one=${one} />`)}</ul>` : html`<p class="quiet">There is no other one yet.</p>`}
    <h3>Another one</h3>
    <form class="line" onSubmit=${asked}><input value=${id} aria-label="Id of a trace" placeholder="Trace id" onInput=${(/** @type {Event} */ event) => setId(/** @type {HTMLInputElement} */ (event.target).value)} /><button>Compare</button></form>
    <p><button type="button" onClick=${() => file.current?.click()}>With a file…</button><input ref=${file} type="file" hidden accept=".json,.ndjson,.jsonl,.txt,application/json" onChange=${chosen} /></p>
    ${problem && html`<p class="problem" role="alert"><span aria-hidden="true">! </span>${problem}</p>`}
  </div>`;
}

/** @param {{trace: Trace, one: any}} props */
function Other({ trace, one }) {
  const went = status({ fault: one.HasFault, error: one.HasError, throttle: one.HasThrottle, in_progress: one.IsPartial });
  const cold = one.Annotations?.cold_start?.some((/** @type {any} */ value) => value.AnnotationValue?.BooleanValue);
  const began = Number.parseInt(one.Id.slice(2, 10), 16);
  return html`<li><a href=${href(["compare", trace.id, one.Id])}><span class=${`status ${went}`} title=${STATUS[went].text}><span class="sign" aria-hidden="true">${STATUS[went].sign}</span><span class="visually-hidden">${STATUS[went].text}</span></span>
    <span>${age(began)} ago</span><b>${duration(one.ResponseTime ?? one.Duration)}</b>${cold && html`<span class="tag">cold start</span>`}<span class="mono quiet">…${one.Id.slice(-6)}</span></a></li>`;
}
