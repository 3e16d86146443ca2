// @ts-check
/** Every key there is, in one table: it drives the help and the handling. A view adds its own with useKeys. */
import { useLayoutEffect } from "./base.js";

/** @typedef {{keys: string, does: string, run: (event: KeyboardEvent) => void}} Binding `keys`: "j", "g m" (one after the other), "Shift+E", "?" */

/** @type {Map<string, Binding[]>} */
const groups = new Map();
let before = "";
let beforeAt = 0;

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

/** @param {KeyboardEvent} event */
function typing(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** @param {KeyboardEvent} event */
export function handle(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  // A dialog has the keys to itself; it would not close by Esc if a view took that.
  if (document.querySelector("dialog[open]")) return;
  if (typing(event) && event.key !== "Escape") return;
  const key = event.shiftKey && event.key.length === 1 && /[A-Z]/.test(event.key) ? `Shift+${event.key}` : event.key;
  const chord = event.timeStamp - beforeAt < 1000 ? `${before} ${key}` : key;
  for (const wanted of [chord, key]) {
    for (const bindings of [...groups.values()].reverse()) {
      const found = bindings.find((binding) => binding.keys === wanted);
      if (found) {
        before = "";
        event.preventDefault();
        found.run(event);
        return;
      }
    }
  }
  before = key;
  beforeAt = event.timeStamp;
}

/** For panels: a key that is pressed in them means nothing to the page behind, and Esc closes them only. @param {KeyboardEvent} event */
export const within = (event) => event.stopPropagation();

addEventListener("keydown", handle);
