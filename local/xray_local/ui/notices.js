// @ts-check
/** What keeps traces from being complete, in a strip below the header: each one can be opened, and put away. */
import { html, useEffect, useState } from "./base.js";
import { Lines } from "./copy.js";
import { listen } from "./live.js";
import { warnings } from "./warnings.js";

const ASKED_EVERY_MS = 5000;
const PUT_AWAY = "xray-local-notices";
const SIGNS = { problem: "!", note: "i", info: "λ" };

/** Keys of what was put away in this tab. @returns {string[]} */
function keptAway() {
  try {
    return JSON.parse(sessionStorage.getItem(PUT_AWAY) ?? "[]");
  } catch {
    return [];
  }
}

/** What the server says about itself, while the page is looked at. @param {() => Promise<any>} ask */
function useHealth(ask) {
  const [found, put] = useState(/** @type {any} */ (null));
  useEffect(() => {
    let gone = false;
    const look = () => document.visibilityState === "visible" && ask().then((health) => !gone && put(health), () => undefined);
    look();
    const timer = setInterval(look, ASKED_EVERY_MS);
    document.addEventListener("visibilitychange", look);
    // A server that has come back may have other things to say.
    const unlisten = listen((news) => news.connected && look());
    return () => {
      gone = true;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
      unlisten();
    };
  }, [ask]);
  return found;
}

/** @param {{warning: import("./warnings.js").Warning, onPutAway: () => void}} props */
function Notice({ warning, onPutAway }) {
  const { level, text, advice, details } = warning;
  const said = html`<span class="sign" aria-hidden="true">${SIGNS[level]}</span><span><strong>${text}</strong> ${advice}</span>`;
  return html`<li class=${`strip ${level}`}>
    ${details.length
      ? html`<details><summary>${said}</summary>
          <ul>${details.map((one, place) => html`<li key=${place}><span>${one.head}</span>
            <${Lines} text=${one.text} name=${one.head} /></li>`)}</ul>
        </details>`
      : html`<div class="said">${said}</div>`}
    <button type="button" class="plain" aria-label=${`Put away: ${text}`} onClick=${onPutAway}>×</button>
  </li>`;
}

/** @param {{health: () => Promise<any>}} props */
export function Notices({ health }) {
  const found = useHealth(health);
  const [away, putAway] = useState(keptAway);
  const shown = found ? warnings(found).filter((warning) => !away.includes(warning.key)) : [];
  /** @param {string} key */
  const remove = (key) => {
    const keys = [...away, key];
    putAway(keys);
    try {
      sessionStorage.setItem(PUT_AWAY, JSON.stringify(keys));
    } catch {
      // It comes back with the next page.
    }
  };
  return html`<ul class="notices" aria-label="Notices" aria-live="polite">
    ${shown.map((warning) => html`<${Notice} key=${warning.key} warning=${warning} onPutAway=${() => remove(warning.key)} />`)}
  </ul>`;
}
