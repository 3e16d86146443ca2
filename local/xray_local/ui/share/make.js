// @ts-check
/** The file for sharing, from the page's own files. */
import { file, modules, styles } from "./bundle.js";

const HOME = new URL("../", import.meta.url);

/** @param {string} path below the page's folder */
async function read(path) {
  const answer = await fetch(new URL(path, HOME));
  if (!answer.ok) throw new Error(`The server has no ${path} any more: was it updated? Reload the page.`);
  return answer.text();
}

/** The style sheets of this page, in their order. */
const sheets = () =>
  [...document.querySelectorAll('link[rel="stylesheet"]')].map((link) => new URL(/** @type {HTMLLinkElement} */ (link).href).pathname.slice(HOME.pathname.length));

/** @param {string} title @param {{trace: unknown, services: unknown}} data */
export async function shareFile(title, data) {
  const nonce = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const [sources, css] = await Promise.all([modules(read), styles(sheets(), (path) => read(path.replace(/^ui\//, "")))]);
  return file({ title, data, sources, css, nonce });
}
