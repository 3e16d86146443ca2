// @ts-check
/** A button that opens a panel: closed by Esc, by a click elsewhere, or by what is in it. */
import { html, useLayoutEffect, useRef, useState } from "./base.js";
import { within } from "./keys.js";

// Distance from the button and from the edges of the window.
const AWAY = 4;
// A panel that is lower than that is better placed above its button.
const LOW = 240;
let made = 0;

/** Below the button, or above it where there is more room; within the window's edges, and scrolling what does not fit. @param {HTMLElement} panel @param {HTMLElement} button */
function place(panel, button) {
  const at = button.getBoundingClientRect();
  panel.style.maxHeight = "";
  const { offsetWidth: width, offsetHeight: height } = panel;
  const [above, below] = [at.top - 2 * AWAY, innerHeight - at.bottom - 2 * AWAY];
  const under = below >= Math.min(height, LOW) || below >= above;
  const shown = Math.min(height, under ? below : above);
  panel.style.maxHeight = `${shown}px`;
  panel.style.left = `${Math.max(AWAY, Math.min(at.left, document.documentElement.clientWidth - width - AWAY))}px`;
  panel.style.top = `${under ? at.bottom + AWAY : at.top - shown - AWAY}px`;
}

/**
 * @param {{label: string, name: string, children: (close: () => void) => unknown, class?: string, says?: string}} props
 * `name` is what the panel is called; its content is made when it is open. `says` is what the button is called, if its label does not
 * say it.
 */
export function Popup({ label, name, children, class: kind = "", says }) {
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
      aria-label=${says} onKeyDown=${open ? within : undefined}>${label}<span class="arrow" aria-hidden="true">▾</span></button>
    <div ref=${panel} id=${id} popover="auto" class="popup" role="dialog" aria-label=${name} onKeyDown=${within}
      onToggle=${(/** @type {ToggleEvent} */ event) => setOpen(event.newState === "open")}>${open && children(close)}</div>
  `;
}
