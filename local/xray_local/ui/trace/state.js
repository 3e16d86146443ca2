// @ts-check
/** State that is kept in the address, though it may change with every key press; and what a component must know of its surroundings. */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "../base.js";
import { change, parse } from "../url.js";

// A browser takes some 200 new addresses in ten seconds; a key that is held down makes 30 a second.
const WRITTEN_AFTER_MS = 200;
/** @type {Record<string, string>} */
let pending = {};
let timer = 0;

/** Change parameters of the address soon, all together. @param {Record<string, string>} changes */
function write(changes) {
  const path = parse(location.hash).path.join("/");
  Object.assign(pending, changes);
  clearTimeout(timer);
  timer = setTimeout(() => {
    const mine = pending;
    pending = {};
    if (parse(location.hash).path.join("/") === path) change(mine, true);
  }, WRITTEN_AFTER_MS);
}

/** A parameter of the address: its value now, and how to set it. @param {Record<string, string>} params @param {string} name @returns {[string, (value: string) => void]} */
export function useParam(params, name) {
  const outside = params[name] ?? "";
  const [value, put] = useState(outside);
  const last = useRef(outside);
  useEffect(() => {
    if (outside !== last.current && !(name in pending)) put(outside);
    last.current = outside;
  }, [outside]);
  const set = useCallback((/** @type {string} */ next) => {
    put(next);
    write({ [name]: next });
  }, []);
  return [value, set];
}

/** Whether a media query holds. @param {string} query */
export function useMedia(query) {
  const [holds, put] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const look = () => put(list.matches);
    look();
    list.addEventListener("change", look);
    return () => list.removeEventListener("change", look);
  }, [query]);
  return holds;
}

/** The width of an element in pixels, as it changes. @param {{current: Element | null}} ref @param {number} [first] */
export function useWidth(ref, first = 600) {
  const [width, put] = useState(first);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const look = () => put(Math.max(40, Math.floor(element.getBoundingClientRect().width)));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return width;
}

// Rows beyond the window's edges, so that scrolling by a few shows no white.
const BEYOND = 6;

/** Which rows of a list are in the window, whatever scrolls. @param {{current: Element | null}} ref @param {number} count @param {number} height of a row @returns {[number, number]} */
export function useShown(ref, count, height) {
  const [range, put] = useState(/** @type {[number, number]} */ ([0, 40]));
  useLayoutEffect(() => {
    const look = () => {
      const top = ref.current?.getBoundingClientRect().top ?? 0;
      const from = Math.max(0, Math.floor(-top / height) - BEYOND);
      const to = Math.ceil((innerHeight - top) / height) + BEYOND;
      put((old) => (old[0] === from && old[1] === to ? old : [from, to]));
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(document.body);
    addEventListener("scroll", look, { capture: true, passive: true });
    addEventListener("resize", look);
    return () => {
      observer.disconnect();
      removeEventListener("scroll", look, { capture: true });
      removeEventListener("resize", look);
    };
  }, [height, count]);
  return [Math.min(range[0], count), Math.min(range[1], count)];
}

/** The dragging of a pointer over an element, as fractions of its width. @param {(from: number, to: number, done: boolean) => void} onDrag */
export function dragged(onDrag) {
  return (/** @type {PointerEvent} */ event) => {
    if (event.button !== 0) return;
    const element = /** @type {HTMLElement} */ (event.currentTarget);
    const box = element.getBoundingClientRect();
    const at = (/** @type {PointerEvent} */ one) => Math.min(1, Math.max(0, (one.clientX - box.left) / box.width));
    const from = at(event);
    element.setPointerCapture(event.pointerId);
    const move = (/** @type {PointerEvent} */ one) => onDrag(from, at(one), false);
    const end = (/** @type {PointerEvent} */ one) => {
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", end);
      element.removeEventListener("pointercancel", cancel);
      onDrag(from, at(one), true);
    };
    const cancel = () => {
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", end);
      element.removeEventListener("pointercancel", cancel);
      onDrag(from, from, true);
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", cancel);
  };
}
