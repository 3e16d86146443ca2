// @ts-check
/** The line above the timeline: find, critical path, fold, zoom. */
import { html } from "../base.js";

/**
 * @param {object} props
 * @param {string} props.words
 * @param {(words: string) => void} props.onWords
 * @param {string[]} props.matches
 * @param {string} props.span what is selected
 * @param {(by: 1 | -1) => void} props.onMatch
 * @param {{current: HTMLInputElement | null}} props.input
 * @param {boolean} props.critical
 * @param {() => void} props.onCritical
 * @param {string[]} props.stops
 * @param {(by: 1 | -1) => void} props.onStop
 * @param {boolean} props.zoomed
 * @param {() => void} props.onWhole
 * @param {(open: boolean) => void} props.onFold
 */
export function Tools(props) {
  const { words, onWords, matches, onMatch, input, critical, onCritical, stops, onStop, zoomed, onWhole, onFold, span } = props;
  const keyed = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter") onMatch(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") {
      onWords("");
      input.current?.blur();
      event.preventDefault();
    }
  };
  return html`<div class="tools" role="group" aria-label="Tools of the timeline">
    <span class="find"><input ref=${input} type="search" value=${words} placeholder="Find in this trace" aria-label="Find in this trace"
        onInput=${(/** @type {Event} */ event) => onWords(/** @type {HTMLInputElement} */ (event.target).value)} onKeyDown=${keyed} />
      ${words && html`<span class="quiet" role="status">${told(matches, span)}</span><${Steps} what="match" onStep=${onMatch} off=${!matches.length} />`}</span>
    <span class="group"><button type="button" aria-pressed=${String(critical)} onClick=${onCritical} title="What one would have to shorten to make the trace shorter (c)">Critical path</button>
      ${critical && html`<${Steps} what="step of the critical path" onStep=${onStop} off=${!stops.length} /><span class="quiet" role="status">${told(stops, span, "step")}</span>`}</span>
    <span class="group end">
      ${zoomed && html`<button type="button" onClick=${onWhole} title="(0)">Whole time</button>`}
      <button type="button" onClick=${() => onFold(false)}>Fold all</button><button type="button" onClick=${() => onFold(true)}>Unfold all</button></span>
  </div>`;
}

/** @param {{what: string, onStep: (by: 1 | -1) => void, off: boolean}} props */
const Steps = ({ what, onStep, off }) => html`<span class="steps"><button type="button" aria-label=${`Previous ${what}`} disabled=${off} onClick=${() => onStep(-1)}>‹</button><button type="button" aria-label=${`Next ${what}`} disabled=${off} onClick=${() => onStep(1)}>›</button></span>`;

/** "3 of 12" @param {string[]} ids @param {string} span @param {string} [word] */
function told(ids, span, word = "match") {
  const place = ids.indexOf(span);
  if (!ids.length) return `no ${word}`;
  return place < 0 ? `${ids.length} ${word}${ids.length === 1 ? "" : word === "match" ? "es" : "s"}` : `${place + 1} of ${ids.length}`;
}
