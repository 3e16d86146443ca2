// @ts-check
/** A cold start opened up: imports and calls as blocks on a time axis, one level for each importer. No DOM. */
import { gaps } from "./gaps.js";
import { importTime } from "./labels.js";
import { isInitialization, took, walk } from "./model.js";

/** @typedef {import("./model.js").Span} Span */
/** @typedef {import("./model.js").Trace} Trace */
/** @typedef {{key: string, name: string, level: number, start: number, end: number, seconds: number, own: number, kind: "init" | "import" | "aws" | "remote" | "local" | "gap", span: Span | null, does: string}} Block */
/** @typedef {{span: Span, lambda: Span | null, start: number, end: number, levels: number, blocks: Block[], phases: Block[]}} ColdStart */

/** The cold starts that the layer opened up in this trace. @param {Trace} trace @returns {Span[]} */
export const coldStarts = (trace) => [...walk(trace.roots)].filter((span) => isInitialization(span) && span.children.length > 0);

/** @param {Span} span of the layer @param {Trace} trace @returns {ColdStart} */
export function coldStart(span, trace) {
  const lambda = span.parent?.node.name === "Initialization" ? span.parent : null;
  const top = lambda ?? span;
  const phases = lambda ? gaps(lambda, trace).map(gapBlock) : [];
  const placed = lambda?.parent?.parent;
  const before = placed ? gaps(placed, trace).filter((gap) => gap.name === "Placement" && gap.pieces[0][0] <= lambda.start) : [];
  const blocks = blocksOf(span);
  const shown = [...before.map(gapBlock), ...phases];
  const start = Math.min(top.start, ...shown.map((block) => block.start), ...blocks.map((block) => block.start));
  const end = Math.max(top.end, ...blocks.map((block) => block.end));
  return { span, lambda, start, end, levels: blocks.reduce((most, block) => Math.max(most, block.level), 0) + 1, blocks, phases: shown };
}

/** @param {import("./gaps.js").Gap} gap @returns {Block} */
const gapBlock = (gap) => ({
  key: gap.key, name: gap.name, level: 0, start: gap.pieces[0][0], end: gap.pieces[0][1],
  seconds: gap.pieces[0][1] - gap.pieces[0][0], own: gap.pieces[0][1] - gap.pieces[0][0], kind: "gap", span: null, does: gap.does,
});

/** @param {Span} top @returns {Block[]} */
function blocksOf(top) {
  /** @type {Block[]} */
  const blocks = [];
  /** @type {[Span, number][]} */
  const rest = [[top, 0]];
  while (rest.length) {
    const [span, level] = /** @type {[Span, number]} */ (rest.pop());
    const seconds = took(span) ?? span.end - span.start;
    const below = span.children.reduce((sum, child) => sum + (took(child) ?? 0), 0);
    const kind = span === top ? "init" : span.kind === "segment" ? "local" : span.kind;
    blocks.push({
      key: span.id, name: kind === "import" || span === top ? span.node.name : span.label, level, start: span.start, end: span.end,
      seconds, own: importTime(span.node, "own_ms") ?? Math.max(0, seconds - below), kind, span, does: "",
    });
    for (const child of [...span.children].reverse()) rest.push([child, level + 1]);
  }
  return blocks;
}

/** How much of each block no later one of its level lies over, in seconds from its start. @param {Block[]} blocks @returns {Map<string, number>} */
export function unhidden(blocks) {
  /** @type {Map<string, number>} */
  const found = new Map();
  /** @type {Map<number, number>} where the next block of a level begins */
  const next = new Map();
  for (const { key, level, start, end } of [...blocks].sort((one, other) => other.start - one.start)) {
    found.set(key, Math.min(end, next.get(level) ?? end) - start);
    next.set(level, start);
  }
  return found;
}

/** @typedef {{name: string, seconds: number, own: number, times: number, keys: string[], by: string[]}} Module */

/** Whether a block is a module: the layer gives the start of Python itself, which is none, the same fields. @param {Block} block */
export const isModule = (block) => block.kind === "import" && !/\s/.test(block.name);

/** The modules of the cold start, each once, by their own time. @param {ColdStart} cold @returns {Module[]} */
export function modules(cold) {
  /** @type {Map<string, Module>} */
  const found = new Map();
  for (const block of cold.blocks.filter(isModule)) {
    const module = found.get(block.name) ?? { name: block.name, seconds: 0, own: 0, times: 0, keys: [], by: [] };
    const by = block.span?.parent && block.span.parent !== cold.span ? block.span.parent.node.name : "";
    found.set(block.name, {
      ...module,
      seconds: module.seconds + block.seconds,
      own: module.own + block.own,
      times: module.times + 1,
      keys: [...module.keys, block.key],
      by: by && !module.by.includes(by) ? [...module.by, by] : module.by,
    });
  }
  return [...found.values()].sort((one, other) => other.own - one.own);
}
