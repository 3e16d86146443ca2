// @ts-check
/**
 * Every key there is, in one table: it drives the help and the handling. A view adds its own with useKeys.
 * People type ahead. A key means what it means in the view that the keys before it lead to, however long that takes: what a view that is
 * still on its way may know, waits for it.
 */
import { useLayoutEffect } from "./base.js";

/** @typedef {{keys: string, does: string, run: (event: KeyboardEvent) => void}} Binding `keys`: "j", "g m" (one after the other), "Shift+E", "?" */

/** @type {Map<string, Binding[]>} */
const groups = new Map();
let before = "";
let beforeAt = 0;
// Views that are on their way, and the keys that wait for them.
let coming = 0;
/** @type {KeyboardEvent[]} */
let early = [];
let catchingUp = false;

/** The table for the help, by the name of the group. */
export const table = () => [...groups.entries()];

/** Bind keys while a component is shown. @param {string} group @param {Binding[]} bindings */
export function useKeys(group, bindings) {
  // With the drawing and not after it: a key pressed in between would mean the rows that were there before.
  useLayoutEffect(() => {
    groups.set(group, bindings);
    return () => {
      if (groups.get(group) === bindings) groups.delete(group);
    };
  });
}

/** Keys that nobody knows wait for a view while it is on its way. @param {boolean} waited */
export function useComing(waited) {
  useLayoutEffect(() => {
    if (!waited) return undefined;
    coming += 1;
    return () => {
      coming -= 1;
      catchUp();
    };
  }, [waited]);
}

/** @param {EventTarget | null} target */
function isText(target) {
  const element = /** @type {HTMLElement | null} */ (target);
  return Boolean(element?.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element?.tagName ?? ""));
}

/** Whether the key did something. @param {KeyboardEvent} event */
function act(event) {
  const key = event.shiftKey && event.key.length === 1 && /[A-Z]/.test(event.key) ? `Shift+${event.key}` : event.key;
  const chord = event.timeStamp - beforeAt < 1000 ? `${before} ${key}` : key;
  for (const wanted of [chord, key]) {
    for (const bindings of [...groups.values()].reverse()) {
      const found = bindings.find((binding) => binding.keys === wanted);
      if (found) {
        before = "";
        event.preventDefault();
        found.run(event);
        return true;
      }
    }
  }
  before = key;
  beforeAt = event.timeStamp;
  return false;
}

/** What is typed where nothing has the focus. The browser's own keys are left to it, and a space scrolls unless it is within a text. @param {KeyboardEvent} event */
const canWait = ({ target, key }) => target === document.body && (key === " " ? early.length > 0 : key.length === 1 || ["Enter", "Escape", "Home", "End"].includes(key));

/** @param {KeyboardEvent} event */
function wait(event) {
  event.preventDefault();
  early.push(event);
}

/** What a person does meanwhile ends the waiting: it is not meant for the time after that. */
const forget = () => {
  if (!catchingUp) early = [];
};

/** A letter after the key that leads into a field of text. @param {HTMLInputElement} field @param {string} key */
function write(field, key) {
  if (key.length !== 1) return;
  field.setRangeText(key, field.selectionStart ?? field.value.length, field.selectionEnd ?? field.value.length, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true, data: key, inputType: "insertText" }));
}

/** The keys that waited, one after the other, each after what the one before has drawn. */
async function catchUp() {
  if (catchingUp) return;
  catchingUp = true;
  for (;;) {
    await new Promise((done) => setTimeout(done));
    const event = coming ? undefined : early.shift();
    if (!event) break;
    const field = document.activeElement;
    if (isText(field) && event.key !== "Escape") write(/** @type {HTMLInputElement} */ (field), event.key);
    else act(event);
  }
  catchingUp = false;
}

/** @param {KeyboardEvent} event */
export function handle(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  // A dialog has the keys to itself; it would not close by Esc if a view took that.
  if (document.querySelector("dialog[open]")) return;
  if (isText(event.target) && event.key !== "Escape") return;
  // One that leads away is not kept waiting.
  if (catchingUp && early.length && canWait(event)) wait(event);
  else if (act(event)) forget();
  else if (coming && canWait(event)) wait(event);
}

/** For panels: a key that is pressed in them means nothing to the page behind, and Esc closes them only. @param {KeyboardEvent} event */
export const within = (event) => event.stopPropagation();

addEventListener("keydown", handle);
for (const name of ["hashchange", "pointerdown"]) addEventListener(name, forget);
