/** The strip above the timeline: what touches is drawn as one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { paths } from "../../local/xray_local/ui/trace/overview.js";
import { rows } from "../../local/xray_local/ui/trace/rows.js";
import { call, segment, traceOf } from "./trace-making.mjs";

const drawn = (trace) => Object.fromEntries(paths(rows(trace, { folds: new Map(), gaps: false }), trace, 100));

test("calls that follow each other are one bar, one that stands apart and one that failed are their own", () => {
  const calls = [call("a", 100, 102), call("b", 102, 104), call("c", 104.04, 105), call("d", 107, 108), call("e", 108, 109), call("f", 109, 109.01, "orders", { fault: true })];
  const trace = traceOf(segment("s", "f", 100, 110, { subsegments: calls }));
  // Of two rows, so the second stands at half of what is left of 44 pixels below a bar of 3. The six calls are one row, and one failed.
  assert.deepEqual(drawn(trace), { segment: "M0.0 0H100.0v3H0.0z", fault: "M0.0 20.5H50.0v3H0.0zM70.0 20.5H91.0v3H70.0z" });
});

test("a bar at the very end is as long as one can see, and stays inside", () => {
  const trace = traceOf(segment("s", "f", 100, 110, { subsegments: [call("a", 110, 110)] }));
  assert.deepEqual(drawn(trace), { segment: "M0.0 0H100.0v3H0.0z", aws: "M99.0 20.5H100.0v3H99.0z" });
});
