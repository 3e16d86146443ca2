/** The timeline's rows, its axis, find, and the flame chart. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bars, mark, marks, parseRange, rangeText, within, zoomed } from "../../local/xray_local/ui/trace/axis.js";
import { found, next, wrong } from "../../local/xray_local/ui/trace/find.js";
import { coldStart as opened, coldStarts, modules, unhidden } from "../../local/xray_local/ui/trace/flame.js";
import { leadingTo, rows } from "../../local/xray_local/ui/trace/rows.js";
import { call, coldStart, inferred, part, segment, traceOf } from "./trace-making.mjs";

const round = (seconds) => Math.round(seconds * 1e6) / 1e6;
const ALL = { folds: new Map(), gaps: true };
const shown = (trace, choice = {}) => rows(trace, { ...ALL, ...choice }).map((row) => `${"  ".repeat(row.depth)}${row.open === null ? "" : row.open ? "- " : "+ "}${row.label}`);

test("rows are segments with their subsegments and gaps, in the order of time; a long initialization is folded", () => {
  assert.deepEqual(shown(traceOf(...coldStart())), [
    "- f",
    "  Placement",
    "- f",
    "  - Initialization",
    "    Environment start",
    "    - app.handler init",
    "      runtime start",
    "      - boto3",
    "        botocore",
    "      Other loading",
    "  Not recorded",
    "  - Invocation",
    "    Runtime before",
    "    - app.handler",
    "      Own code",
    "      DynamoDB GetItem orders",
    "    Runtime after",
    "  Overhead",
  ]);
  const many = Array.from({ length: 9 }, (_, place) => part(`m${place}`, `m${place}`, 100, 101, { metadata: { import: { total_ms: 1, own_ms: 1 } } }));
  assert.deepEqual(shown(traceOf(segment("s", "f", 100, 101, { subsegments: [part("i", "app.handler init", 100, 101, { subsegments: many })] }))), ["- f", "  + app.handler init"]);
});

const loop = () => {
  const calls = Array.from({ length: 6 }, (_, place) => call(`c${place}`, 100 + place, 100.5 + place, "orders", place === 4 ? { error: true, throttle: true } : {}));
  return [segment("s", "shop", 100, 106, { subsegments: [...calls, call("other", 105.6, 105.7, "items")] }), ...calls.map((one, place) => inferred(`n${place}`, one))];
};

test("five and more calls of one kind are one row, which says how many, how long and how they went", () => {
  const trace = traceOf(...loop());
  const [, row] = rows(trace, { ...ALL, gaps: false });
  assert.deepEqual([row.label, row.kind, row.spans.length, round(row.seconds), row.status, row.open], ["DynamoDB GetItem orders × 6", "repeat", 6, 3, "throttle", false]);
  assert.deepEqual(shown(trace, { gaps: false }), ["- shop", "  + DynamoDB GetItem orders × 6", "  DynamoDB GetItem items", "+ Called services"]);
});

test("addresses that differ by a number or an id only are of one kind", () => {
  const get = (place) => part(`g${place}`, "api.x.com", 100 + place, 101 + place, { namespace: "remote", http: { request: { method: "GET", url: `https://api.x.com/users/${place}/7fa8b9c0d1e2f304?a` } } });
  assert.deepEqual(shown(traceOf(segment("s", "shop", 100, 105, { subsegments: [0, 1, 2, 3, 4].map(get) })), { gaps: false }), ["- shop", "  + api.x.com GET /users/*/* × 5"]);
});

test("called services are folded, one row for each, and a deep link unfolds what it needs", () => {
  const trace = traceOf(...loop());
  const unfolded = (id) => new Map(leadingTo(trace, id).map((key) => [key, true]));
  assert.deepEqual(leadingTo(trace, "c3"), ["s", "c0×"]);
  assert.ok(rows(trace, { ...ALL, folds: unfolded("c3") }).some((row) => row.key === "c3"));
  assert.deepEqual(leadingTo(trace, "n3"), ["called", "called/n0"]);
  assert.ok(rows(trace, { ...ALL, folds: unfolded("n3") }).some((row) => row.key === "n3"));
  assert.deepEqual(leadingTo(trace, "nothing"), []);
});

test("with only some spans asked for, nothing else is there", () => {
  assert.deepEqual(shown(traceOf(...coldStart()), { only: new Set(["a", "b", "inv", "root"]) }), ["f", "- f", "  - Invocation", "    app.handler"]);
});

test("find looks at labels, ids and values, for all words, in the order of the rows", () => {
  const trace = traceOf(segment("s", "shop", 100, 103, { annotations: { customer: "Ana" }, subsegments: [call("c1", 100, 101), call("c2", 101, 102, "items", { aws: { operation: "Query", table_name: "items" } })] }));
  assert.deepEqual(["dynamodb", "ITEMS query", "customer ana", "c1", "nothing", " "].map((words) => found(trace, words)), [["c1", "c2"], ["c2"], ["s"], ["c1"], [], []]);
});

test("what X-Ray infers is found where its call is not", () => {
  const caller = call("c1", 100, 101);
  const trace = traceOf(segment("s", "shop", 100, 103, { subsegments: [caller] }), inferred("i1", caller));
  assert.deepEqual(["dynamodb", "AWS::DynamoDB"].map((words) => found(trace, words)), [["c1"], ["i1"]]);
});

test("next and previous go around the end", () => {
  const order = ["a", "b", "c", "d"];
  const wanted = new Set(["b", "d"]);
  assert.deepEqual([next(order, wanted, "", 1), next(order, wanted, "b", 1), next(order, wanted, "d", 1), next(order, wanted, "", -1), next(order, wanted, "b", -1), next(order, new Set(), "a", 1)], ["b", "d", "b", "d", "d", undefined]);
});

test("problems are where something went wrong first, not everything above it", () => {
  const deep = call("deep", 101, 102, "orders", { fault: true });
  const trace = traceOf(segment("s", "shop", 100, 103, { fault: true, subsegments: [part("w", "work", 100, 102, { fault: true, subsegments: [deep] }), part("x", "other", 102, 103, { error: true })] }), inferred("inf", deep, { fault: true }));
  assert.deepEqual(wrong(trace), ["deep", "x"]);
});

test("the axis has round marks in one unit, and of hours and days, too", () => {
  const range = { from: 0, to: 0.61 };
  assert.deepEqual(marks(range, 7).map((at) => mark(at, range)), ["0 ms", "100 ms", "200 ms", "300 ms", "400 ms", "500 ms", "600 ms"]);
  assert.deepEqual(marks({ from: 1.13, to: 1.27 }, 4).map((at) => mark(at, { from: 1.13, to: 1.27 })), ["1.15 s", "1.2 s", "1.25 s"]);
  assert.deepEqual(marks({ from: 0, to: 12 }, 6).map((at) => mark(at, { from: 0, to: 12 })), ["0 s", "2 s", "4 s", "6 s", "8 s", "10 s", "12 s"]);
  assert.deepEqual(marks({ from: 0, to: 0 }, 5), [0]);
  const said = (to, most, from = 0) => marks({ from, to }, most).map((at) => mark(at, { from, to }));
  assert.deepEqual(
    [said(1500, 5), said(20_000, 6), said(13 * 86_400, 5), said(200 * 86_400, 4), said(400_000.1234, 3, 400_000.1232)],
    [
      ["0 s", "5 min", "10 min", "15 min", "20 min", "25 min"],
      ["0 s", "1 h", "2 h", "3 h", "4 h", "5 h"],
      ["0 s", "5 d", "10 d"],
      ["0 s", "50 d", "100 d", "150 d", "200 d"],
      ["400000.1232 s", "400000.1233 s", "400000.1234 s"],
    ],
  );
});

test("a range stays within the trace, and in the address", () => {
  assert.deepEqual([within({ from: -1, to: 2 }, 10), within({ from: 8, to: 12 }, 10), within({ from: 5, to: 4 }, 10)], [{ from: 0, to: 3 }, { from: 6, to: 10 }, { from: 4, to: 5 }]);
  assert.deepEqual([zoomed({ from: 0, to: 8 }, 0.5, 8), zoomed({ from: 2, to: 6 }, 4, 8), zoomed({ from: 0, to: 8 }, 0.5, 8, 2)], [{ from: 2, to: 6 }, { from: 0, to: 8 }, { from: 1, to: 5 }]);
  assert.deepEqual([parseRange("1~2.5", 8), parseRange("", 8), parseRange("x~y", 8), parseRange("9~10", 8)], [{ from: 1, to: 2.5 }, { from: 0, to: 8 }, { from: 0, to: 8 }, { from: 0, to: 8 }]);
  assert.deepEqual([rangeText({ from: 1, to: 2.5 }, 8), rangeText({ from: 0, to: 8 }, 8)], ["1~2.5", ""]);
});

test("bars have a least length, end at the edges, and are drawn once for each place", () => {
  const box = { width: 100, y: 2, height: 10, least: 2 };
  assert.equal(bars([[0, 5], [5, 5.01], [20, 30]], { from: 0, to: 10 }, box), "M0.00 2h50.00v10H0.00zM50.00 2h2.00v10H50.00z");
  assert.equal(bars([[1, 1.001], [1.001, 1.002]], { from: 0, to: 10 }, box), "M10.00 2h2.00v10H10.00zM10.01 2h2.00v10H10.01z");
  assert.equal(bars([[10, 10]], { from: 0, to: 10 }, box), "M98.00 2h2.00v10H98.00z");
});

test("a cold start is blocks by who imported what, from placement to its end, and modules by their own time", () => {
  const trace = traceOf(...coldStart());
  const [span] = coldStarts(trace);
  const cold = opened(span, trace);
  assert.deepEqual([round(cold.start - 100), round(cold.end - 100), cold.levels], [0, 0.8, 3]);
  assert.deepEqual(cold.phases.map((block) => [block.name, round(block.seconds)]), [["Placement", 0.2], ["Environment start", 0.1]]);
  assert.deepEqual(cold.blocks.map((block) => [block.name, block.level, round(block.seconds), round(block.own)]), [["app.handler init", 0, 0.5, 0.2], ["runtime start", 1, 0.1, 0.1], ["boto3", 1, 0.2, 0.05], ["botocore", 2, 0.15, 0.15]]);
  assert.deepEqual(modules(cold).map((module) => [module.name, module.own, module.times, module.by]), [["botocore", 0.15, 1, ["boto3"]], ["boto3", 0.05, 1, []]]);
});

test("a block's text has the room until the next block of its level begins", () => {
  const block = (key, level, start, end) => ({ key, level, start, end });
  const found = unhidden([block("a", 0, 0, 9), block("b", 1, 1, 6), block("c", 1, 3, 4), block("d", 1, 3.5, 8), block("e", 2, 3, 4)]);
  assert.deepEqual(Object.fromEntries(found), { a: 9, b: 2, c: 0.5, d: 4.5, e: 1 });
});
