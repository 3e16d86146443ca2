// @ts-check
/**
 * One HTML file with a trace and the page's own modules in it, which opens from a disk and asks for nothing. The modules are
 * data addresses behind an import map; the trace is gzip in base64, in which nothing can end the element that it stands in.
 */

const ENTRY = "share/shared.js";
// In the file there is no server: what asks one is exchanged for what has the answers.
const EXCHANGED = /** @type {Record<string, string>} */ ({ "api.js": "share/offline-api.js", "live.js": "share/offline-live.js" });
const IMPORTS = /(\bfrom\s*|\bimport\s*)"(\.{1,2}\/[^"]+)"/g;
const PREFIX = "x/";

/** The path of an import as the importing module writes it. @param {string} from @param {string} to */
export function resolved(from, to) {
  const path = new URL(to, `http://x/${from}`).pathname.slice(1);
  return EXCHANGED[path] ?? path;
}

/** A module's source with its imports as names of the import map, and what it imports. @param {string} path @param {string} source */
export function rewritten(path, source) {
  /** @type {string[]} */
  const needs = [];
  const text = source.replace(IMPORTS, (_all, before, to) => {
    const target = resolved(path, to);
    needs.push(target);
    return `${before}"${PREFIX}${target}"`;
  });
  return { text, needs };
}

/** All modules that the entry needs, by path. @param {(path: string) => Promise<string>} read @returns {Promise<Map<string, string>>} */
export async function modules(read) {
  /** @type {Map<string, string>} */
  const found = new Map();
  /** @param {string} path */
  const take = async (path) => {
    if (found.has(path)) return;
    found.set(path, "");
    const { text, needs } = rewritten(path, await read(path));
    found.set(path, text);
    await Promise.all(needs.map(take));
  };
  await take(ENTRY);
  return found;
}

/** Style sheets as one text, with what they import. @param {string[]} paths @param {(path: string) => Promise<string>} read */
export async function styles(paths, read) {
  /** @param {string} path @returns {Promise<string>} */
  const whole = async (path) => {
    const text = await read(path);
    const imported = [...text.matchAll(/@import url\("([^"]+)"\);/g)].map(([, to]) => whole(new URL(to, `http://x/${path}`).pathname.slice(1)));
    return [...(await Promise.all(imported)), text.replace(/@import url\("[^"]+"\);/g, "")].join("\n");
  };
  return (await Promise.all(paths.map(whole))).join("\n");
}

/** @param {Uint8Array} bytes */
export function base64(bytes) {
  let text = "";
  // A call takes some 100,000 arguments.
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** @param {string} text */
async function zipped(text) {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return base64(new Uint8Array(await new Response(stream).arrayBuffer()));
}

const ESCAPES = /** @type {Record<string, string>} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" });
const escaped = (/** @type {string} */ text) => text.replace(/[&<>"]/g, (sign) => ESCAPES[sign]);

/**
 * @param {object} parts
 * @param {string} parts.title
 * @param {unknown} parts.data what shared.js shows
 * @param {ReadonlyMap<string, string>} parts.sources modules
 * @param {string} parts.css
 * @param {string} parts.nonce of the only scripts and styles that may run
 */
export async function file({ title, data, sources, css, nonce }) {
  const encoder = new TextEncoder();
  const imports = Object.fromEntries([...sources].map(([path, text]) => [PREFIX + path, `data:text/javascript;base64,${base64(encoder.encode(text))}`]));
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style nonce="${nonce}">${css}</style>
<script type="importmap" nonce="${nonce}">${JSON.stringify({ imports })}</script>
</head>
<body>
<div id="app"><p class="quiet pad">Loading…</p></div>
<noscript><p class="pad">This file shows a trace with JavaScript.</p></noscript>
<script type="text/plain" id="data">${await zipped(JSON.stringify(data))}</script>
<script type="module" nonce="${nonce}">import "${PREFIX}${ENTRY}";</script>
</body>
</html>
`;
}
