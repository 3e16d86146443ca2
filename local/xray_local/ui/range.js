// @ts-check
/** The choice of a time range: what has passed since, or a start and an end. */
import { html, useState } from "./base.js";
import { PRESETS, between, forInput, lastWords, words } from "./period.js";
import { Popup } from "./popup.js";
import { DEFAULT_RANGE, frozen, timeRange } from "./url.js";

/** @param {{value: string | undefined, onDone: (value: string) => void}} props */
function Own({ value, onDone }) {
  const range = timeRange(value);
  const [from, setFrom] = useState(() => forInput(range.start));
  const [to, setTo] = useState(() => forInput(range.end));
  const [problem, setProblem] = useState("");
  /** @param {Event} event */
  const apply = (event) => {
    event.preventDefault();
    const found = between(from, to);
    if ("problem" in found) setProblem(found.problem);
    else onDone(found.value);
  };
  /** @param {(text: string) => void} put */
  const typed = (put) => (/** @type {Event} */ event) => (put(/** @type {HTMLInputElement} */ (event.target).value), setProblem(""));
  return html`<form class="own-range" onSubmit=${apply} novalidate>
    <label>Start <input type="datetime-local" step="1" value=${from} onInput=${typed(setFrom)} /></label>
    <label>End <input type="datetime-local" step="1" value=${to} onInput=${typed(setTo)} /></label>
    ${problem && html`<p class="problem" role="alert"><span aria-hidden="true">! </span>${problem}</p>`}
    <div class="line">
      <button type="submit" class="primary">Show this time</button>
      ${range.live && html`<button type="button" onClick=${() => onDone(frozen(range))} title="Keep the present start and end">Hold still</button>`}
    </div>
  </form>`;
}

/** @param {{value: string | undefined, onChange: (value: string) => void}} props */
export function TimeRange({ value, onChange }) {
  const live = timeRange(value).live;
  const chosen = live ? (value ?? DEFAULT_RANGE) : undefined;
  return html`<${Popup} label=${words(value)} name="Time range" says=${`Time range: ${words(value)}`}>
    ${(/** @type {() => void} */ close) => {
      const done = (/** @type {string} */ wanted) => (close(), onChange(wanted));
      return html`<div class="presets" role="group" aria-label="Until now">
          ${PRESETS.map((preset) => html`<button type="button" class="plain" aria-pressed=${preset === chosen ? "true" : "false"}
            onClick=${() => done(preset)}>${lastWords(preset)}</button>`)}
        </div>
        <${Own} value=${value} onDone=${done} />`;
    }}
  <//>`;
}
