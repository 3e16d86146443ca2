// @ts-check
/**
 * The box for filter expressions, here and on the map: proposes what may come next, tells what cannot be read and where,
 * and runs with Enter. A trace id that is pasted into it opens that trace.
 */
import { html, useEffect, useLayoutEffect, useRef, useState } from "./base.js";
import * as api from "./api.js";
import { complete, inserted } from "./completion.js";
import { traceId } from "./expressions.js";
import { useKeys } from "./keys.js";
import { go } from "./url.js";

// Long enough that a person who types is not told of every half word.
const CHECKED_AFTER_MS = 400;
// Names change as traces come; asked anew when the box is entered after that time.
const SEEN_FOR_MS = 10_000;
const NOTHING = { Keywords: [], Services: [], Annotations: {} };

/** Names and values to propose, fetched when the box is entered. @param {{start: number, end: number}} range */
function useSeen(range) {
  const [seen, put] = useState(/** @type {import("./completion.js").Seen} */ (NOTHING));
  const at = useRef(0);
  const enter = () => {
    if (Date.now() - at.current < SEEN_FOR_MS) return;
    at.current = Date.now();
    api.seen(range).then(put, () => (at.current = 0));
  };
  return { seen, enter };
}

/** What is wrong with the text once typing has stopped, and a way to say it at once. @param {string} text */
function useProblem(text) {
  const [problem, put] = useState(/** @type {{text: string, error: api.ApiError | null}} */ ({ text: "", error: null }));
  useEffect(() => {
    if (!text.trim() || traceId(text)) return put({ text, error: null });
    let late = false;
    const timer = setTimeout(
      () => api.check(text).then(() => !late && put({ text, error: null }), (error) => !late && put({ text, error })),
      CHECKED_AFTER_MS,
    );
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [text]);
  return { problem: problem.text === text ? problem.error : null, tell: (/** @type {api.ApiError} */ error) => put({ text, error }) };
}

/** The text with the place marked that could not be read. @param {{text: string, error: api.ApiError, id: string, onGo: () => void}} props */
function Problem({ text, error, id, onGo }) {
  const column = error.column ?? 0;
  const said = error.message.replace(/^Invalid filter expression: /, "");
  // At the end nothing is wrong yet: something is missing.
  const unfinished = column > text.trimEnd().length;
  const shown = column > 0 && !unfinished;
  return html`<div class=${`filter-problem ${unfinished ? "unfinished" : ""}`} id=${id} role="status">
    ${shown &&
    html`<button type="button" class="plain mono place" onClick=${onGo} title="Put the cursor there" aria-label=${`Go to column ${column}`}
      >${text.slice(0, column - 1)}<mark>${text[column - 1]}</mark>${text.slice(column)}</button>`}
    <span><span aria-hidden="true">${unfinished ? "…" : "!"}</span> ${unfinished ? said.replace(/^column \d+: /, "Not complete: ") : said}</span>
  </div>`;
}

/** @param {{completion: import("./completion.js").Completion, active: number, id: string, onTake: (item: import("./completion.js").Item) => void}} props */
function Proposals({ completion, active, id, onTake }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => list.current?.children[active]?.scrollIntoView({ block: "nearest" }), [active]);
  return html`<ul class="proposals" role="listbox" aria-label="What can come next" id=${id} ref=${list}>
    ${completion.items.map(
      (item, place) => html`<li
        key=${item.kind + item.label} role="option" id=${`${id}-${place}`} aria-selected=${place === active ? "true" : "false"}
        onMouseDown=${(/** @type {MouseEvent} */ event) => (event.preventDefault(), onTake(item))}
      ><span class="mono">${item.label}</span><span class="quiet">${item.does}</span></li>`,
    )}
  </ul>`;
}

/** The completion list and the keys that move in it. @param {string} text @param {import("./completion.js").Seen} seen */
function useProposals(text, seen) {
  const [caret, setCaret] = useState(0);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const completion = complete(text, Math.min(caret, text.length), seen);
  const shown = open && completion.items.length > 0;
  /** @param {number} step */
  const move = (step) => {
    const count = completion.items.length;
    if (!shown) setOpen(true);
    else setActive((active + step + (active < 0 && step < 0 ? 1 : 0) + count) % count);
  };
  return { caret, setCaret, shown, setOpen, active: shown ? active : -1, setActive, completion, move };
}

/** @typedef {ReturnType<typeof useProposals>} Proposing */

/** What each key does in the box. @param {Proposing} list @param {{take: (item: import("./completion.js").Item) => void, run: () => void}} does */
const keys = (list, { take, run }) => (/** @type {KeyboardEvent} */ event) => {
  const chosen = list.completion.items[list.active];
  if (event.key === "ArrowDown" || event.key === "ArrowUp") list.move(event.key === "ArrowDown" ? 1 : -1);
  else if (event.key === "Enter") chosen ? take(chosen) : run();
  else if (event.key === "Tab" && chosen && !event.shiftKey) take(chosen);
  else if (event.key === "Escape" && list.shown) list.setOpen(false);
  else if (event.key === "Escape") /** @type {HTMLElement} */ (event.target).blur();
  else return;
  event.preventDefault();
  event.stopPropagation();
};

/**
 * The input itself.
 * @param {{input: {current: HTMLInputElement | null}, text: string, setText: (text: string) => void, list: Proposing, problem: boolean,
 *   label: string, onEnter: () => void, onKey: (event: KeyboardEvent) => void, onId: (id: string) => void}} props
 */
function Field({ input, text, setText, list, problem, label, onEnter, onKey, onId }) {
  /** @param {Event} event */
  const place = (event) => list.setCaret(/** @type {HTMLInputElement} */ (event.target).selectionStart ?? 0);
  /** @param {Event} event */
  const typed = (event) => {
    setText(/** @type {HTMLInputElement} */ (event.target).value);
    place(event);
    list.setActive(-1);
    list.setOpen(true);
  };
  /** A trace id in place of everything that stands there is not a filter. @param {ClipboardEvent} event */
  const pasted = (event) => {
    const box = /** @type {HTMLInputElement} */ (event.target);
    const id = traceId(event.clipboardData?.getData("text") ?? "");
    if (!id || (box.selectionEnd ?? 0) - (box.selectionStart ?? 0) < text.length) return;
    event.preventDefault();
    onId(id);
  };
  return html`<input
    ref=${input} type="text" class="mono" value=${text} aria-label=${label} spellcheck="false" autocomplete="off" autocapitalize="off"
    placeholder='Filter, such as service("orders") { fault }, or a trace id' role="combobox" aria-autocomplete="list"
    aria-controls=${list.shown ? "filter-proposals" : undefined} aria-expanded=${list.shown ? "true" : "false"}
    aria-activedescendant=${list.active >= 0 ? `filter-proposals-${list.active}` : undefined}
    aria-invalid=${problem ? "true" : undefined} aria-describedby=${problem ? "filter-problem" : undefined}
    onFocus=${() => (onEnter(), list.setOpen(true))} onBlur=${() => (list.setOpen(false), list.setActive(-1))}
    onInput=${typed} onPaste=${pasted} onKeyDown=${onKey} onKeyUp=${place} onClick=${(/** @type {Event} */ event) => (place(event), list.setOpen(true))}
  />`;
}

/**
 * @param {{value: string, range: {start: number, end: number}, onRun: (expression: string) => void, label?: string}} props
 * `value` is the expression that is in force; `onRun` gets the one to put in its place.
 */
export function FilterBox({ value, range, onRun, label = "Filter traces" }) {
  const [text, setText] = useState(value);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const { seen, enter } = useSeen(range);
  const list = useProposals(text, seen);
  const { problem: found, tell } = useProblem(text);
  // A word that is still being typed, and of which something can become, is no mistake yet.
  const problem = found && list.shown && (found.column ?? 0) > list.completion.from ? null : found;
  const ran = useRef(/** @type {string | null} */ (null));
  useLayoutEffect(() => {
    const from = ran.current;
    ran.current = null;
    // What has been typed while it was checked is typed on, not taken back.
    setText((/** @type {string} */ now) => (from !== null && from.trim() === value && now !== from ? now : value));
  }, [value]);
  useKeys("Filter", [{ keys: "/", does: "Go to the filter", run: () => input.current?.focus() }]);
  /** After the value is in place, or the caret jumps to its end; and before the next key. @param {number} from @param {number} to */
  const select = (from, to) => queueMicrotask(() => (input.current?.focus(), input.current?.setSelectionRange(from, to)));
  /** @param {string} id */
  const open = (id) => go(["traces", id]);
  const run = (wanted = text) => {
    list.setOpen(false);
    const id = traceId(wanted);
    const take = () => {
      ran.current = wanted;
      onRun(wanted.trim());
    };
    if (id) open(id);
    else if (!wanted.trim()) take();
    // One that cannot be read does not take the place of the one in force.
    else api.check(wanted).then(take, tell);
  };
  /** @param {import("./completion.js").Item} item */
  const take = (item) => {
    const done = inserted(text, list.completion, item);
    setText(done.text);
    list.setCaret(done.caret);
    list.setActive(-1);
    select(done.caret, done.caret);
  };
  const clear = () => {
    setText("");
    run("");
    input.current?.focus();
  };
  return html`<form class="filter" role="search" onSubmit=${(/** @type {Event} */ event) => (event.preventDefault(), run())}>
    <div class="filter-line">
      <div class="filter-field">
        <${Field} input=${input} text=${text} setText=${setText} list=${list} problem=${Boolean(problem)} label=${label} onEnter=${enter}
          onKey=${keys(list, { take, run })} onId=${open} />
        ${text && html`<button type="button" class="plain clear" aria-label="Clear the filter" onClick=${clear}>×</button>`}
      </div>
      <button type="submit" class=${text.trim() === value ? "" : "primary"}>Run</button>
    </div>
    ${problem && html`<${Problem} text=${text} error=${problem} id="filter-problem" onGo=${() => select((problem.column ?? 1) - 1, problem.column ?? 1)} />`}
    ${list.shown && html`<${Proposals} completion=${list.completion} active=${list.active} id="filter-proposals" onTake=${take} />`}
  </form>`;
}
