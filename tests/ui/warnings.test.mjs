// What /health tells as notices. That the shapes are the server's own is asked in test_frame_modules.py and by the Lambda service's tests of health.
import assert from "node:assert/strict";
import { test } from "node:test";
import { warnings } from "../../local/xray_local/ui/warnings.js";

const UDP = { bad_datagrams: 0, kernel_drops: 0, backlog_drops: 0, store_errors: 0, backlog: 0, granted_buffer: 212992, last_error: "" };
const quiet = { since: null, failures: 0, text: "" };
const STORE = { unreadable: null, trouble: quiet, misplaced: null, counts: { rejected: 0, pending: 0 } };
const HEALTH = { now: 1000, clock_set_s: 0, endpoint: "http://127.0.0.1:2000", udp: UDP, store: STORE, forward: null, rejected: [] };
const FUNCTION = { name: "orders", handler: "app.handler", runtime: "python3.13", environments: [{ state: "idle" }, { state: "busy" }, { state: "idle" }] };
const told = (more) => warnings({ ...HEALTH, ...more }).map(({ level, text, advice }) => [level, text, advice]);

test("a server in good health has no notices", () => {
  assert.deepEqual(warnings(HEALTH), []);
});

test("each way of losing something is said with its number and what to do", () => {
  assert.deepEqual(told({ udp: { ...UDP, kernel_drops: 1200, backlog_drops: 1, store_errors: 2, last_error: "disk full" } }), [
    ["problem", "The system dropped 1,200 datagrams: they came faster than they could be taken. Traces of that time are incomplete.",
      "To lose fewer, allow a larger buffer (now 212,992 bytes): sysctl -w net.core.rmem_max=8388608, and start again."],
    ["problem", "1 datagram was dropped, because the disk did not keep up.", "Start with --memory, or keep the database on a faster disk."],
    ["problem", "2 batches of datagrams were lost on the way to the store: disk full", ""],
  ]);
});

test("a store that takes nothing, is gone, is behind, or cannot be read", () => {
  const trouble = { since: 880, failures: 3, text: "the disk is full" };
  assert.deepEqual(told({ udp: { ...UDP, backlog: 200 }, store: { ...STORE, trouble, misplaced: "the file was deleted" }, clock_set_s: -3600 }), [
    ["problem", "Nothing could be stored for 2 min: the disk is full", "200 datagrams wait in memory until that is mended."],
    ["problem", "These traces are gone when xray-local ends: the file was deleted", "Export those that you want to keep, and start xray-local up again."],
    ["note", "200 documents and traces are still being worked on.", ""],
    ["note", "This machine's clock was set by -3600 s while xray-local ran.", "Once it is right, start xray-local up again."],
  ]);
  assert.deepEqual(told({ store: { ...STORE, unreadable: "it is locked", counts: {} } }), [["problem", "The store cannot be read: it is locked", "Start xray-local up again."]]);
});

test("forwarding speaks only when it fails or has lost something", () => {
  const forward = { dropped: 0, refused: 0, waiting: 7, last_error: "ExpiredToken", trouble: quiet };
  const advice = "Check credentials and region of the shell that started xray-local up.";
  assert.deepEqual(
    [forward, { ...forward, dropped: 2 }, { ...forward, trouble: { since: 940 } }].map((one) => told({ forward: one })),
    [[], [["problem", "Forwarding to AWS X-Ray: 2 documents were dropped, 0 refused: ExpiredToken", advice]],
      [["problem", "Forwarding to AWS X-Ray fails for 1 min: ExpiredToken. 7 documents wait, 0 were dropped.", advice]]],
  );
});

test("functions are told with how to invoke them, and sources in trouble come first", () => {
  const source = { name: "Queue", function: "orders", source: "sqs:jobs", trouble: "no such queue" };
  const found = warnings({ ...HEALTH, lambda: { functions: [FUNCTION, { ...FUNCTION, name: "idle", environments: [] }], sources: [source, { ...source, trouble: "" }], dropped_documents: 0 } });
  assert.deepEqual(found, [
    { key: "source Queue no such queue", level: "problem", text: "Queue of orders cannot read sqs:jobs: no such queue",
      advice: "Create it, or name the AWS stand-in with --aws-endpoint. It is tried again.", details: [] },
    { key: "functions", level: "info", text: "2 functions run here.", advice: "", details: [
      { head: "orders · app.handler · python3.13 · 1 busy, 2 idle", text: "aws lambda invoke --function-name orders --endpoint-url http://127.0.0.1:2000 out.json" },
      { head: "idle · app.handler · python3.13 · not started yet", text: "aws lambda invoke --function-name idle --endpoint-url http://127.0.0.1:2000 out.json" },
    ] },
  ]);
});
