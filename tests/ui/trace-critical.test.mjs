/** The critical path, the gaps, and where the time went. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { criticalPath, onPath, stops } from "../../local/xray_local/ui/trace/critical.js";
import { gaps, uncovered } from "../../local/xray_local/ui/trace/gaps.js";
import { whereTimeWent } from "../../local/xray_local/ui/trace/where.js";
import { call, coldStart, part, segment, traceOf } from "./trace-making.mjs";

const round = (seconds) => Math.round(seconds * 1e6) / 1e6;
const path = (trace) => criticalPath(trace).map(({ span, start, end }) => [span?.id ?? null, round(start - 100), round(end - 100)]);

test("of calls that overlap, the one that ended last was waited for", () => {
  const trace = traceOf(segment("s", "shop", 100, 110, { subsegments: [call("short", 101, 105), call("long", 102, 108)] }));
  assert.deepEqual(path(trace), [["s", 0, 1], ["short", 1, 2], ["long", 2, 8], ["s", 8, 10]]);
});

test("a call that outlives its caller is on the path only with what nothing else explains", () => {
  const trace = traceOf(segment("s", "shop", 100, 103, { subsegments: [part("sync", "work", 100, 102), part("later", "attempt", 104, 106)] }));
  assert.deepEqual(path(trace), [["sync", 0, 2], ["s", 2, 3], [null, 3, 4], ["later", 4, 6]]);
});

test("the path goes through the segments that were called", () => {
  const caller = call("c", 101, 104);
  const trace = traceOf(segment("a", "shop", 100, 105, { subsegments: [caller] }), segment("b", "bank", 101.5, 103.5, { parent_id: "c" }));
  assert.deepEqual(path(trace), [["a", 0, 1], ["c", 1, 1.5], ["b", 1.5, 3.5], ["c", 3.5, 4], ["a", 4, 5]]);
  assert.deepEqual(stops(criticalPath(trace)).map((span) => span.id), ["a", "c", "b"]);
  assert.deepEqual(onPath(criticalPath(trace)), new Set(["a", "c", "b"]));
});

test("whatever the documents, the path covers the trace once, from its first moment to its last", () => {
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const grown = (depth) => Array.from({ length: depth ? Math.floor(random() * 4) : 0 }, () => {
    const start = 100 + random() * 10;
    const end = random() < 0.1 ? null : start + random() * 5 - (random() < 0.05 ? 6 : 0);
    return part(`p${random()}`, "x", start, end, { subsegments: grown(depth - 1) });
  });
  for (let run = 0; run < 300; run += 1) {
    const trace = traceOf(...grown(4).map((one, place) => ({ ...one, trace_id: "t", parent_id: place ? `p${place}` : undefined })));
    const steps = criticalPath(trace);
    const joints = steps.flatMap(({ start, end }) => [start, end]);
    if (!(trace.end > trace.start)) continue;
    assert.deepEqual([joints[0], joints.at(-1)], [trace.start, trace.end]);
    for (let at = 1; at + 1 < joints.length; at += 2) assert.equal(joints[at], joints[at + 1]);
    for (const { start, end } of steps) assert.ok(end > start);
  }
});

test("gaps have names: placement, the start of the environment, loading, the runtime, the handler's own code", () => {
  const trace = traceOf(...coldStart());
  const named = [...trace.spans.values()].flatMap((span) => gaps(span, trace).map((gap) => [span.id, gap.name, round(gap.total), gap.pieces.length]));
  assert.deepEqual(named, [
    ["a", "Placement", 0.2, 1],
    ["b", "Not recorded", 0.1, 1],
    ["ini", "Environment start", 0.1, 1],
    ["inv", "Runtime before", 0.1, 1],
    ["inv", "Runtime after", 0.1, 1],
    ["init", "Other loading", 0.2, 1],
    ["root", "Own code", 0.3, 2],
  ]);
});

test("a warm environment needs no placement, and an invocation that the layer did not record is the function's own", () => {
  const invocation = part("inv", "Invocation", 100.5, 101, { subsegments: [call("c", 100.6, 100.7)] });
  const trace = traceOf(segment("a", "f", 100, 101.5, { origin: "AWS::Lambda" }), segment("b", "f", 100.5, 101, { origin: "AWS::Lambda::Function", parent_id: "a", subsegments: [invocation] }));
  const named = [...trace.spans.values()].flatMap((span) => gaps(span, trace).map((gap) => [gap.name, round(gap.total)]));
  assert.deepEqual(named, [["Before the function", 0.5], ["After the function", 0.5], ["Own code", 0.4]]);
});

test("gaps too short for a row are left out, and overlapping calls leave no time twice", () => {
  const trace = traceOf(segment("s", "shop", 100, 110, { subsegments: [call("a", 100.05, 106), call("b", 103, 109.9)] }));
  const [span] = trace.segments;
  assert.deepEqual(uncovered(span).map(([start, end]) => [round(start - 100), round(end - 100)]), [[0, 0.05], [9.9, 10]]);
  assert.deepEqual(gaps(span, trace).map((gap) => [gap.name, round(gap.total)]), [["Own code", 0.15]]);
  const short = traceOf(segment("s", "shop", 100, 110, { subsegments: [call("a", 100.05, 110)] }));
  assert.deepEqual(gaps(short.segments[0], short), []);
});

test("where the time went adds up to the trace's duration", () => {
  const trace = traceOf(...coldStart());
  const shares = whereTimeWent(trace);
  assert.deepEqual(shares.map(({ name, kind, seconds, count }) => [name, kind, round(seconds), count]), [
    ["Placement", "start", 0.2, 0],
    ["Environment start", "init", 0.1, 0],
    ["Imports and module code", "init", 0.5, 0],
    ["Not recorded", "other", 0.1, 0],
    ["Runtime before", "lambda", 0.1, 0],
    ["Own code", "own", 0.3, 0],
    ["DynamoDB", "aws", 0.2, 1],
    ["Runtime after", "lambda", 0.1, 0],
    ["Overhead: extensions and clean-up", "lambda", 0.1, 0],
  ]);
  assert.equal(round(shares.reduce((sum, share) => sum + share.seconds, 0)), round(trace.end - trace.start));
});
