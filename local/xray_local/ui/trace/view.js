// @ts-check
/** A trace of the server: its page, kept up to date, with what can be done with it. */
import { html } from "../base.js";
import { CompareButton } from "../compare/choose.js";
import { useComing } from "../keys.js";
import { ShareButton } from "../share/dialog.js";
import { ExportButton } from "../transfer.js";
import { useTrace } from "./load.js";
import { TracePage } from "./page.js";

/** @param {{id: string, raw: boolean, params: Record<string, string>}} props */
export function TraceView({ id, raw, params }) {
  const { loaded, problem } = useTrace(id);
  useComing(!loaded && !problem);
  if (!loaded) {
    return html`<div class="trace-page pad" role="status">${problem ? html`<h1>This trace cannot be shown</h1><p>${problem}</p>` : html`<p class="quiet">Loading…</p>`}</div>`;
  }
  return html`<${TracePage} loaded=${loaded} raw=${raw} params=${params} problem=${problem}>
    <${CompareButton} trace=${loaded.trace} /><${ShareButton} answer=${loaded.answer} /><${ExportButton} ids=${[id]} label="Export" />
  <//>`;
}
