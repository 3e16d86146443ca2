// @ts-check
/** A stack in parts: the function's own frames, and those of libraries and of the runtime, of which a person wants to know less. No DOM. */

/** @typedef {{path?: unknown, line?: unknown, label?: unknown}} Frame as documents have them, whatever they hold */
/** @typedef {{own: boolean, first: number, frames: Frame[], names: string[]}} Part `first`: the number of its first frame; `names` of the libraries in it */

// What runs the function is in none of its files: Lambda's bootstrap and runtime client, and the import system.
const RUNTIME = /(?:^|\/)(?:runtime\/bootstrap\.py|awslambdaric\/)|^<frozen /;
const LIBRARY = /(?:\/(?:site|dist)-packages|^\/opt\/python)\/([^/]+?)(?:\.py)?(?:\/|$)/;
const PYTHON = /\/lib\/python3\.\d+\//;

/** Whose file it is: "" for the function's own. @param {string} path */
function owner(path) {
  if (RUNTIME.test(path)) return "the runtime";
  return LIBRARY.exec(path)?.[1] ?? (PYTHON.test(path) ? "Python" : "");
}

/** Frames of one kind after each other together. @param {Frame[]} frames @returns {Part[]} */
export function parts(frames) {
  /** @type {Part[]} */
  const found = [];
  frames.forEach((frame, place) => {
    const name = owner(String(frame?.path ?? ""));
    const last = found.at(-1);
    if (!last || last.own !== !name) found.push({ own: !name, first: place + 1, frames: [frame], names: name ? [name] : [] });
    else {
      last.frames.push(frame);
      if (name && !last.names.includes(name)) last.names.push(name);
    }
  });
  return found;
}
