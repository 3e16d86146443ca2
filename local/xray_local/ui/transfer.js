// @ts-check
/** Traces to files and back: export of what is listed, import by button or by dropping files anywhere on the page. */
import { html, useEffect, useRef, useState } from "./base.js";
import * as api from "./api.js";
import { count } from "./format.js";
import { fileName, moments, parcels, reasons, told } from "./parcels.js";
import { around } from "./period.js";
import { href } from "./url.js";

// What BatchGetTraces answers at once, and how many of those questions are open at a time.
const AT_ONCE = 5;
const ABREAST = 4;
const REASONS_SHOWN = 8;

/** Give the browser a file to save. @param {string} name @param {string} text @param {string} [type] */
export function download(name, text, type = "application/json") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  // The download has begun by then, and has its own hold on the data.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * Whole traces in the shape of BatchGetTraces, as text; ids that are gone are left out.
 * @param {string[]} ids @param {(done: number) => void} [onProgress] @param {AbortSignal} [signal]
 */
export async function exported(ids, onProgress = () => undefined, signal) {
  /** @type {unknown[][]} */
  const answers = [];
  let next = 0;
  let done = 0;
  const worker = async () => {
    while (next < ids.length && !signal?.aborted) {
      const from = next;
      next += AT_ONCE;
      const wanted = ids.slice(from, next);
      answers[from / AT_ONCE] = (await api.batch(wanted)).Traces;
      onProgress((done += wanted.length));
    }
  };
  await Promise.all(Array.from({ length: ABREAST }, worker));
  return JSON.stringify({ Traces: answers.flat(), UnprocessedTraceIds: [] });
}

/** Exports traces to a file; tells how far it is, and stops when clicked again. @param {{ids: string[], label?: string}} props */
export function ExportButton({ ids, label = "Export" }) {
  const [said, say] = useState("");
  const running = useRef(/** @type {AbortController | null} */ (null));
  const start = async () => {
    if (running.current) return running.current.abort();
    const control = new AbortController();
    running.current = control;
    try {
      const text = await exported(ids, (done) => say(`${count(done)} of ${count(ids.length)} – stop`), control.signal);
      if (!control.signal.aborted) download(fileName(ids), text);
      say("");
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
    running.current = null;
  };
  return html`<button type="button" disabled=${!ids.length} onClick=${start}
    title="As JSON of BatchGetTraces: for tickets, xray-local import, and this page elsewhere">${said || label}</button>`;
}

/** @typedef {{name: string, done: boolean, problem?: string, outcome: import("./parcels.js").Outcome}} Report */

/** @type {Set<(reports: Report[]) => void>} */
const watchers = new Set();

/** @param {File} file @param {(report: Report) => void} onReport */
async function importFile(file, onReport) {
  /** @type {import("./parcels.js").Outcome} */
  const outcome = { imported: 0, refused: [], ids: [] };
  const report = { name: file.name, done: false, outcome };
  onReport(report);
  try {
    for (const parcel of parcels(await file.text())) {
      const answer = await api.importTraces(parcel);
      outcome.imported += answer.Imported;
      outcome.refused.push(...answer.Refused);
      outcome.ids = [...new Set([...outcome.ids, ...answer.Ids])];
      onReport({ ...report });
    }
    onReport({ ...report, done: true });
  } catch (error) {
    const text = error instanceof SyntaxError ? `This is not JSON: ${error.message}.` : /** @type {Error} */ (error).message;
    onReport({ ...report, done: true, problem: text });
  }
}

/** Import files one after the other; the reports are shown by DropTarget. @param {Iterable<File>} files */
export async function importFiles(files) {
  /** @type {Report[]} */
  const reports = [];
  for (const [place, file] of [...files].entries()) {
    await importFile(file, (report) => {
      reports[place] = report;
      for (const watcher of watchers) watcher([...reports]);
    });
  }
}

/** @param {{label?: string, class?: string}} props */
export function ImportButton({ label = "Import…", class: kind = "" }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const chosen = () => {
    const files = [...(input.current?.files ?? [])];
    if (input.current) input.current.value = ""; // the same file may be chosen again
    importFiles(files);
  };
  return html`<button type="button" class=${kind} onClick=${() => input.current?.click()}
      title="A file of aws xray batch-get-traces, of an export, or of segment documents; it can be dropped anywhere, too">${label}</button>
    <input ref=${input} type="file" accept=".json,.ndjson,.jsonl,.txt,application/json" multiple hidden onChange=${chosen} />`;
}

/** @param {{report: Report, onLeave: () => void}} props */
function Told({ report, onLeave }) {
  const { name, outcome, problem, done } = report;
  const times = moments(outcome.ids);
  const [first] = outcome.ids;
  const place = outcome.ids.length === 1 ? href(["traces", first]) : href(["traces"], { timeRange: times.length ? around(times) : "" });
  const listed = reasons(outcome.refused);
  return html`<li>
    <p><strong>${name}</strong> ${problem ? "" : done ? told(outcome) : `${count(outcome.imported)} documents so far…`}</p>
    ${problem && html`<p class="problem"><span aria-hidden="true">! </span>${problem}</p>`}
    ${listed.length > 0 &&
    html`<ul class="reasons">${listed.slice(0, REASONS_SHOWN).map(([reason, times]) => html`<li>${times > 1 ? `${count(times)} × ` : ""}${reason}</li>`)}
      ${listed.length > REASONS_SHOWN && html`<li class="quiet">and ${listed.length - REASONS_SHOWN} other reasons</li>`}</ul>`}
    ${done && outcome.ids.length > 0 && html`<p><a class="button" href=${place} onClick=${onLeave}>${outcome.ids.length === 1 ? "Open the trace" : "Show these traces"}</a></p>`}
  </li>`;
}

/** Takes files that are dropped anywhere on the page, and reports what became of them. */
export function DropTarget() {
  const [over, setOver] = useState(false);
  const [reports, setReports] = useState(/** @type {Report[]} */ ([]));
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    watchers.add(setReports);
    const unlisten = listenForFiles(setOver);
    return () => {
      watchers.delete(setReports);
      unlisten();
    };
  }, []);
  useEffect(() => {
    if (reports.length && !dialog.current?.open) dialog.current?.showModal();
  }, [reports]);
  const close = () => dialog.current?.close();
  return html`
    ${over && html`<div class="drop" aria-hidden="true"><p>Drop files of traces to import them</p></div>`}
    <dialog ref=${dialog} class="import" aria-label="Import" onClose=${() => setReports([])}>
      <div class="line"><h2>Import</h2><button type="button" class="plain" aria-label="Close" onClick=${close}>×</button></div>
      <ul class="reports" aria-live="polite">${reports.map((report) => html`<${Told} key=${report.name} report=${report} onLeave=${close} />`)}</ul>
    </dialog>
  `;
}

/** @param {(over: boolean) => void} setOver */
function listenForFiles(setOver) {
  let depth = 0;
  /** @param {DragEvent} event */
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;
  /** @type {Record<string, (event: DragEvent) => void>} */
  const heard = {
    dragenter: () => setOver((depth += 1) > 0),
    dragleave: () => setOver((depth -= 1) > 0),
    dragover: (event) => event.preventDefault(),
    drop: (event) => {
      event.preventDefault();
      depth = 0;
      setOver(false);
      importFiles(event.dataTransfer?.files ?? []);
    },
  };
  const guarded = Object.entries(heard).map(([name, handler]) => [name, (/** @type {Event} */ event) => hasFiles(/** @type {DragEvent} */ (event)) && handler(/** @type {DragEvent} */ (event))]);
  for (const [name, handler] of guarded) addEventListener(/** @type {string} */ (name), /** @type {EventListener} */ (handler));
  return () => {
    for (const [name, handler] of guarded) removeEventListener(/** @type {string} */ (name), /** @type {EventListener} */ (handler));
  };
}
