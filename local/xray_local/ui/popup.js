// @ts-check
/** A button that opens a panel: closed by Esc, by a click elsewhere, or by what is in it. */
import { html, useLayoutEffect, useRef, useState } from "./base.js";

// Distance from the button and from the edges of the window.
const AWAY = 4;
let made = 0;

/** Below the button, or above it where there is no room; never beyond the window's edges. @param {HTMLElement} panel @param {HTMLElement} button */
function place(panel, button) {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = at.bottom + AWAY;
  const fits = below + height <= innerHeight - AWAY || at.top < height + 2 * AWAY;
  panel.style.left = `${Math.max(AWAY, Math.min(at.left, document.documentElement.clientWidth - width - AWAY))}px`;
  panel.style.top = `${Math.max(AWAY, fits ? Math.min(below, innerHeight - height - AWAY) : at.top - height - AWAY)}px`;
}

/**
 * @param {{label: unknown, name: string, children: (close: () => void) => unknown, class?: string, pressed?: boolean, title?: string}} props
 * `name` is what the panel is called; its content is made when it is open.
 */
export function Popup({ label, name, children, class: kind = "", pressed, title }) {
  const [open, setOpen] = useState(false);
  const [id] = useState(() => `popup-${(made += 1)}`);
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const panel = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    if (open && panel.current && button.current) place(panel.current, button.current);
  });
  const close = () => {
    panel.current?.hidePopover();
    button.current?.focus();
  };
  return html`
    <button ref=${button} type="button" class=${kind} popovertarget=${id} aria-expanded=${open ? "true" : "false"} aria-haspopup="dialog"
      data-pressed=${pressed ? "" : undefined} title=${title}>${label}<span class="arrow" aria-hidden="true">▾</span></button>
    <div ref=${panel} id=${id} popover="auto" class="popup" role="dialog" aria-label=${name}
      onToggle=${(/** @type {ToggleEvent} */ event) => setOpen(event.newState === "open")}>${open && children(close)}</div>
  `;
}
