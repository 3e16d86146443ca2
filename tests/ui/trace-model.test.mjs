/** The trace as the page shows it: spans, ends of what is open, links. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { criticalPath } from "../../local/xray_local/ui/trace/critical.js";
import { wrong } from "../../local/xray_local/ui/trace/find.js";
import { build, isInitialization, links, timedOut, took, walk } from "../../local/xray_local/ui/trace/model.js";
import { TRACE, call, coldStart, inferred, part, segment, traceOf } from "./trace-making.mjs";

const below = (span) => span.children.map((child) => child.id);

test("segments hang below the subsegment that called them, and stand in the order of calls", () => {
  const caller = call("c", 101, 104);
  const trace = traceOf(segment("late", "second", 101.5, 103, { parent_id: "c" }), segment("first", "shop", 100, 105, { subsegments: [caller] }), inferred("inf", call("x", 1, 2)));
  assert.deepEqual(trace.roots.map((span) => span.id), ["first"]);
  assert.deepEqual(trace.segments.map((span) => span.id), ["first", "late"]);
  assert.deepEqual(below(trace.spans.get("c")), ["late"]);
  assert.deepEqual(trace.inferred.map((span) => span.id), ["inf"]);
});

test("what the layer says of a cold start is shown in Lambda's initialization", () => {
  const { spans } = traceOf(...coldStart());
  assert.deepEqual(below(spans.get("ini")), ["init"]);
  assert.deepEqual(below(spans.get("inv")), ["root"]);
  assert.equal(spans.get("init").parent, spans.get("ini"));
  assert.deepEqual([isInitialization(spans.get("init")), isInitialization(spans.get("root"))], [true, false]);
});

test("what is open ends with what is around it, and is told where the time ran out", () => {
  const stack = [{ path: "app.py", line: 3, label: "handler" }];
  const deadline = part("d", "Deadline", 102.8, 103, { fault: true, cause: { exceptions: [{ id: "e", type: "Timeout", stack }] } });
  const hangs = part("h", "api", 100.5, null, { namespace: "remote" });
  const done = call("c", 100.2, 100.3);
  const handler = part("r", "app.handler", 100, null, { subsegments: [done, hangs, deadline] });
  const trace = traceOf(segment("f", "f", 100, 103, { subsegments: [part("i", "Invocation", 100, 103, { fault: true, subsegments: [handler] })] }));
  const { spans } = trace;
  const told = (id) => [spans.get(id).end, spans.get(id).open, spans.get(id).deadline?.id ?? null, spans.get(id).status, took(spans.get(id))];
  assert.deepEqual(told("h"), [103, true, "d", "open", null]);
  assert.deepEqual(told("r"), [103, true, "d", "open", null]);
  assert.deepEqual(told("c").slice(0, 4), [100.3, false, null, "ok"]);
  assert.deepEqual(wrong(trace), ["h"]);
  assert.deepEqual(criticalPath(trace).map(({ span, start, end }) => [span.id, start, end]), [["r", 100, 100.2], ["c", 100.2, 100.3], ["r", 100.3, 100.5], ["h", 100.5, 103]]);
});

test("a trace that still runs goes to its last known moment", () => {
  const trace = traceOf(segment("f", "f", 100, null, { subsegments: [call("c", 101, 102), call("o", 102.5, null)] }));
  assert.deepEqual([trace.start, trace.end, trace.spans.get("f").end, trace.spans.get("o").end], [100, 102.5, 102.5, 102.5]);
});

test("segments that call each other, and ids that come twice, end in a tree", () => {
  const trace = traceOf(
    segment("a", "one", 100, 101, { parent_id: "bb", subsegments: [part("aa", "x", 100, 101)] }),
    segment("b", "two", 100.5, 101, { parent_id: "aa", subsegments: [part("bb", "x", 100.5, 101), part("bb", "x", 100.6, 101)] }),
  );
  assert.deepEqual(trace.roots.map((span) => span.id), ["a"]);
  assert.deepEqual([...walk(trace.roots)].map((span) => span.id), ["a", "aa", "b", "bb", "bb#2"]);
});

test("nothing is a trace, too", () => {
  const { roots, segments, start, end, notices } = build({ Id: TRACE, Segments: [] });
  assert.deepEqual({ roots, segments, start, end, notices }, { roots: [], segments: [], start: 0, end: 0, notices: [] });
});

test("an import took what its own sum says, though it was interrupted", () => {
  const { spans } = traceOf(...coldStart());
  assert.deepEqual([took(spans.get("i1")), spans.get("i1").kind, spans.get("get").kind], [0.2, "import", "aws"]);
});

test("links say in which direction a message went, each other trace once", () => {
  const link = (trace_id, kind, name) => ({ trace_id, id: "x", attributes: { "aws.xray.reserved.reference_type": kind, "aws.xray.reserved.names": [name] } });
  const trace = traceOf(segment("a", "f", 100, 101, { links: [link("1-a", "parent", "queue"), link("1-b", "child", "g"), link(TRACE, "child", "f"), null] }), segment("c", "g", 100, 101, { links: [link("1-b", "child", "h"), { trace_id: "1-c" }] }));
  assert.deepEqual(links(trace), [
    { trace: "1-a", direction: "before", names: ["queue"] },
    { trace: "1-b", direction: "after", names: ["g", "h"] },
    { trace: "1-c", direction: "linked", names: [] },
  ]);
});

test("a timeout is known by Lambda's own words", () => {
  const failed = (exception) => traceOf(segment("a", "f", 100, 103, { cause: { exceptions: [exception] } })).segments[0];
  const told = [{ type: "Sandbox.Timedout" }, { message: "2026-11-23T08:00:00Z 5c Task timed out after 3.00 seconds" }, { message: "no" }].map((one) => timedOut(failed(one)));
  assert.deepEqual(told, [true, true, false]);
});
