// @ts-check
/** Lines to copy, and a button that copies a text and says so. */
import { html, useEffect, useState } from "./base.js";

const SAID_FOR_MS = 1500;

/** @param {string} text */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without a secure context, as under the name of a machine in the local network, there is only the old way.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("not copied");
}

/** @param {{text: string, label?: string, class?: string, name?: string}} props `name`: what is copied, for who cannot see it */
export function CopyButton({ text, label = "Copy", class: kind = "", name }) {
  const [said, say] = useState("");
  useEffect(() => {
    const timer = said ? setTimeout(() => say(""), SAID_FOR_MS) : undefined;
    return () => clearTimeout(timer);
  }, [said]);
  return html`<button type="button" class=${`copy ${kind}`} aria-label=${name && !said ? `${label} ${name}` : undefined}
    onClick=${() => copy(text).then(() => say("Copied"), () => say("Not copied"))}><span aria-live="polite">${said || label}</span></button>`;
}

/** Lines of a terminal. Where there is too little room they break between words, not in an option's or an address's middle. @param {{text: string, name: string}} props */
export function Lines({ text, name }) {
  const words = text.split(/(\s+)/).map((word, place) => (place % 2 ? word : html`<span key=${place} class="word">${word}</span>`));
  return html`<div class="code"><pre><code>${words}</code></pre><${CopyButton} text=${text} name=${name} /></div>`;
}
