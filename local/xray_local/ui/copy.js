// @ts-check
/** A button that copies a text, and says so. */
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
