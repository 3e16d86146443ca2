/** Stacks: whose frames are whose. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parts } from "../../local/xray_local/ui/trace/stack.js";

const told = (...paths) => parts(paths.map((path) => ({ path, line: 1, label: "f" }))).map(({ own, first, frames, names }) => [own ? "own" : names.join(", "), first, frames.length]);

test("frames of the runtime, of libraries and of Python are told from the function's own, on Lambda and on this machine", () => {
  assert.deepEqual(
    told(
      "/var/runtime/bootstrap.py", "/var/lang/lib/python3.12/site-packages/awslambdaric/bootstrap.py", "<frozen importlib._bootstrap>", "/var/task/app.py", "orders/store.py",
      "/var/lang/lib/python3.12/site-packages/botocore/client.py", "/home/a/.venv/lib/python3.11/site-packages/six.py", "/var/lang/lib/python3.12/socket.py", "/opt/python/requests/api.py",
      "/var/task/app.py",
    ),
    [["the runtime", 1, 3], ["own", 4, 2], ["botocore, six, Python, requests", 6, 4], ["own", 10, 1]],
  );
});

test("whatever a stack holds, no frame is lost", () => {
  assert.deepEqual([parts([]), parts([null, {}, { path: 3 }]).map(({ own, frames }) => [own, frames])], [[], [[true, [null, {}, { path: 3 }]]]]);
  assert.deepEqual(told(...Array(1000).fill("/var/task/app.py")), [["own", 1, 1000]]);
});
