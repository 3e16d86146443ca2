// @ts-check
/** Moving and enlarging what is drawn: by wheel, drag, two fingers, buttons and keys. */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "../base.js";

/** @typedef {{x: number, y: number, scale: number}} Lens */
/** @typedef {{width: number, height: number}} Size */
/** @typedef {import("./layout.js").Box} Box */

const LEAST = 0.15;
const MOST = 3;
// Beyond that size a small map looks like one for children.
const MOST_FITTED = 1.15;
// Smaller than that no text can be read: a map that does not fit begins at its start, and is moved.
const READABLE = { LR: 0.6, TB: 0.6 };
const LARGE = 0.9;
export const STEP = 1.25;

/** @param {number} scale */
const limited = (scale) => Math.max(LEAST, Math.min(MOST, scale));

/** All of it, in the middle. @param {Box} box @param {Size} size @returns {Lens} */
export function fitted(box, size) {
  const scale = limited(Math.min(MOST_FITTED, size.width / (box.width || 1), size.height / (box.height || 1)));
  return { scale, x: size.width / 2 - (box.x + box.width / 2) * scale, y: size.height / 2 - (box.y + box.height / 2) * scale };
}

/**
 * All of it, or as much from the start of the flow as can be read.
 * @param {Box} box @param {Size} size @param {"LR" | "TB"} direction @returns {Lens}
 */
export function opened(box, size, direction) {
  const whole = fitted(box, size);
  // What flows downwards is moved anyway, and is as large as its breadth allows.
  const broad = direction === "TB" ? Math.min(LARGE, size.width / (box.width || 1)) : 0;
  const least = Math.max(READABLE[direction], broad);
  if (whole.scale >= least) return whole;
  const middle = zoomed(whole, least / whole.scale, { x: size.width / 2, y: size.height / 2 });
  // The end of a flow that is too long is out of sight, never its start.
  const start = { x: Math.max(middle.x, 0 - box.x * least), y: Math.max(middle.y, 0 - box.y * least) };
  return direction === "LR" ? { ...middle, x: start.x } : { ...middle, y: start.y };
}

/** Larger or smaller around a point that stays where it is. @param {Lens} lens @param {number} factor @param {{x: number, y: number}} at @returns {Lens} */
export function zoomed(lens, factor, at) {
  const scale = limited(lens.scale * factor);
  const own = scale / lens.scale;
  return { scale, x: at.x - (at.x - lens.x) * own, y: at.y - (at.y - lens.y) * own };
}

/** Moved as little as brings a box into view. @param {Lens} lens @param {Box} box @param {Size} size @returns {Lens} */
export function revealing(lens, box, size) {
  /** @param {number} low @param {number} high @param {number} most */
  const shift = (low, high, most) => (low < 0 ? -low : high > most ? Math.max(most - high, -low) : 0);
  const [left, top] = [lens.x + box.x * lens.scale, lens.y + box.y * lens.scale];
  const dx = shift(left, left + box.width * lens.scale, size.width);
  const dy = shift(top, top + box.height * lens.scale, size.height);
  return dx || dy ? { ...lens, x: lens.x + dx, y: lens.y + dy } : lens;
}

/** The size of an element, as it changes. @param {{current: Element | null}} element @returns {Size} */
export function useSize(element) {
  const [size, put] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const target = element.current;
    if (!target) return undefined;
    const measure = () => {
      const { width, height } = target.getBoundingClientRect();
      put((/** @type {Size} */ before) => (before.width === width && before.height === height ? before : { width, height }));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(target);
    measure();
    return () => observer.disconnect();
  }, []);
  return size;
}

/** What fingers and the mouse do. @param {{current: Element | null}} element @param {(change: (lens: Lens) => Lens) => void} move */
function usePointers(element, move) {
  const latest = useRef(move);
  latest.current = move;
  const pointers = useRef(/** @type {Map<number, {x: number, y: number}>} */ (new Map()));
  const dragged = useRef(false);
  useEffect(() => {
    const target = element.current;
    if (!target) return undefined;
    /** @param {Event} raw */
    const wheel = (raw) => {
      const event = /** @type {WheelEvent} */ (raw);
      // A page that is longer than its window is scrolled, not caught by the map; with Ctrl it enlarges there, too.
      const root = document.documentElement;
      if (root.scrollHeight > root.clientHeight + 1 && !event.ctrlKey) return;
      event.preventDefault();
      const box = target.getBoundingClientRect();
      const at = { x: event.clientX - box.left, y: event.clientY - box.top };
      // Lines on some systems, and small steps of trackpads on others.
      const by = event.deltaY * (event.deltaMode === 1 ? 24 : 1);
      latest.current((/** @type {Lens} */ lens) => zoomed(lens, Math.exp(-Math.max(-200, Math.min(200, by)) * 0.0018), at));
    };
    target.addEventListener("wheel", wheel, { passive: false });
    return () => target.removeEventListener("wheel", wheel);
  }, []);
  /** @param {PointerEvent} event */
  const onPointerMove = (event) => {
    const before = pointers.current.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    const others = [...pointers.current].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    if (Math.hypot(now.x - before.x, now.y - before.y) < 3 && !dragged.current) return;
    if (!dragged.current) element.current?.setPointerCapture(event.pointerId);
    dragged.current = true;
    pointers.current.set(event.pointerId, now);
    const box = /** @type {Element} */ (element.current).getBoundingClientRect();
    if (!others.length) return move((lens) => ({ ...lens, x: lens.x + now.x - before.x, y: lens.y + now.y - before.y }));
    const [other] = others;
    const factor = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
    move((lens) => zoomed(lens, factor, { x: (now.x + other.x) / 2 - box.left, y: (now.y + other.y) / 2 - box.top }));
  };
  /** @param {PointerEvent} event */
  const onPointerDown = (event) => {
    if (event.button !== 0) return;
    if (!pointers.current.size) dragged.current = false;
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
  };
  /** @param {PointerEvent} event */
  const lift = (event) => pointers.current.delete(event.pointerId);
  return { handlers: { onPointerDown, onPointerMove, onPointerUp: lift, onPointerCancel: lift }, dragged };
}

/**
 * The lens over a box. Until somebody moves it, it follows the box and the size of the element.
 * @param {{current: Element | null}} element its size is `size` @param {Size} size @param {Box} box @param {"LR" | "TB"} direction
 */
export function useLens(element, size, box, direction) {
  const [moved, put] = useState(/** @type {{lens: Lens, direction: "LR" | "TB"} | null} */ (null));
  // Where somebody went on a map that flows to the right is nowhere on one that flows down.
  const lens = moved?.direction === direction ? moved.lens : null;
  const measure = useRef(size);
  measure.current = size;
  const now = size.width && size.height ? (lens ?? opened(box, size, direction)) : null;
  const latest = useRef(now);
  latest.current = now;
  const move = useCallback((/** @type {(lens: Lens) => Lens} */ change) => {
    if (!latest.current) return;
    latest.current = change(latest.current);
    put({ lens: latest.current, direction });
  }, [direction]);
  const { handlers, dragged } = usePointers(element, move);
  const middle = () => ({ x: measure.current.width / 2, y: measure.current.height / 2 });
  return {
    lens: now,
    size,
    handlers,
    dragged,
    fit: () => put({ lens: fitted(box, measure.current), direction }),
    zoom: (/** @type {number} */ factor) => move((/** @type {Lens} */ one) => zoomed(one, factor, middle())),
    reveal: (/** @type {Box} */ part) => latest.current && revealing(latest.current, part, measure.current) !== latest.current && move((/** @type {Lens} */ one) => revealing(one, part, measure.current)),
  };
}
