// @ts-check
/** Light, dark, or as the system has it; kept in this browser. */
import { html, useState } from "./base.js";

const KEPT = "xray-local-theme";
const THEMES = /** @type {const} */ ({
  system: { sign: "◐", text: "As the system" },
  light: { sign: "☀", text: "Light" },
  dark: { sign: "☾", text: "Dark" },
});
/** @typedef {keyof typeof THEMES} Theme */
const ORDER = /** @type {Theme[]} */ (Object.keys(THEMES));

/** @returns {Theme} */
function kept() {
  try {
    const found = /** @type {Theme} */ (localStorage.getItem(KEPT));
    return found in THEMES ? found : "system";
  } catch {
    return "system"; // a browser that keeps nothing
  }
}

/** @param {Theme} theme */
function show(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** @param {Theme} theme */
function keep(theme) {
  show(theme);
  try {
    localStorage.setItem(KEPT, theme);
  } catch {
    // It holds until the page is closed.
  }
}

// Before anything is drawn.
show(kept());

export function ThemeSwitch() {
  const [theme, put] = useState(kept);
  const next = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
  const { sign, text } = THEMES[theme];
  return html`<button type="button" class="icon" title=${`Colours: ${text}`} aria-label=${`Colours: ${text}. Change to: ${THEMES[next].text}`}
    onClick=${() => (keep(next), put(next))}><span aria-hidden="true">${sign}</span></button>`;
}
