// Summaries as rows: what they say, sorted, narrowed, counted, refined.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as rows from "../../local/xray_local/ui/traces/rows.js";

const ID = "1-5f84c7a6-000000000000000000000002";
/** A summary as GetTraceSummaries has it. */
const summary = (more = {}) => ({ Id: ID, StartTime: 1602537382.5, Duration: 0.6, ResponseTime: 0.5, Http: {}, Annotations: {}, Users: [], ServiceIds: [], ...more });
const numbered = (number, more) => rows.row(summary({ Id: ID.slice(0, -1) + number, StartTime: 1000 + number, ...more }));

test("a summary becomes a row with everything that the list shows", () => {
  const service = { Name: "orders", Names: ["orders"], Type: "AWS::Lambda" };
  const cause = { Services: [{ ...service, EntityPath: [{ Name: "orders", Exceptions: [{ Name: "KeyError", Message: "x" }] }] }], ClientImpacting: true };
  const found = rows.row(summary({
    HasFault: true, Http: { HttpStatus: 500, HttpMethod: "GET", HttpURL: "https://x.test/a?b=1" }, EntryPoint: service, ServiceIds: [service],
    Users: [{ UserName: "ana" }], FaultRootCauses: [cause], Annotations: { cold_start: [{ AnnotationValue: { BooleanValue: true } }], n: [{ AnnotationValue: { NumberValue: 2 } }] },
  }));
  assert.deepEqual(found, {
    id: ID, start: 1602537382.5, status: "fault", inside: [], code: 500, method: "GET", url: "https://x.test/a?b=1", entry: "orders", kind: "AWS::Lambda",
    response: 0.5, duration: 0.6, services: [{ Name: "orders", Type: "AWS::Lambda" }], annotations: [["cold_start", true], ["n", 2]], users: ["ana"],
    causes: ['rootcause.fault.exception { name = "KeyError" }'],
  });
});

test("the status is the client's answer; trouble that was dealt with further down stands beside it", () => {
  const told = [
    {}, { HasFault: true, HasError: true }, { HasError: true, Http: { HttpStatus: 404 } }, { HasError: true, HasThrottle: true, Http: { HttpStatus: 429 } },
    { HasThrottle: true, Http: { HttpStatus: 200 } }, { HasError: true, HasThrottle: true, Http: { HttpStatus: 404 } }, { IsPartial: true }, { FaultRootCauses: [{}] }, { ErrorRootCauses: [{}] },
  ].map((more) => rows.row(summary(more)));
  assert.deepEqual(told.map(({ status, inside }) => [status, ...inside]), [
    ["ok"], ["fault"], ["error"], ["throttle"], ["ok", "throttle"], ["error", "throttle"], ["open"], ["ok", "fault"], ["ok", "error"],
  ]);
});

test("a trace of which nothing but the id is known is a row, too", () => {
  const { id, start, status, response, duration, entry } = rows.row({ Id: ID });
  assert.deepEqual({ id, start, status, response, duration, entry }, { id: ID, start: 0x5f84c7a6, status: "ok", response: null, duration: null, entry: "" });
});

test("rows are sorted either way, without a value they come last, and equals begin with the newest", () => {
  const list = [numbered(1, { ResponseTime: 2 }), numbered(2, { ResponseTime: null }), numbered(3, { ResponseTime: 1 }), numbered(4, { ResponseTime: 2 })];
  const order = (by) => rows.sorted(list, by).map((row) => row.start - 1000).join("");
  assert.deepEqual([order(), order("response"), order("-response"), order("start"), order("nonsense")], ["4321", "3412", "4132", "1234", "1234"]);
});

test("statuses and a range of response times narrow the list, both ends included", () => {
  const list = [numbered(1, { ResponseTime: 1 }), numbered(2, { ResponseTime: 2, HasFault: true }), numbered(3, { ResponseTime: 3 }), numbered(4, { ResponseTime: null })];
  const left = (text, range) => rows.narrowed(list, rows.statuses(text), range).map((row) => row.start - 1000);
  assert.deepEqual([left("", null), left("fault,nonsense", null), left("ok", { from: 1, to: 2 }), left("", { from: 2, to: 3 })], [[1, 2, 3, 4], [2], [1], [2, 3]]);
  assert.deepEqual(rows.counts(list), { ok: 3, error: 0, throttle: 0, fault: 1, open: 0 });
});

test("refiners count traces, not mentions, and write the clause that finds them", () => {
  const orders = { Name: "orders", Type: "AWS::DynamoDB::Table" };
  const list = [
    numbered(1, { ServiceIds: [orders, orders, { Name: "orders", Type: "client" }], Http: { HttpStatus: 200, HttpURL: "/a", HttpMethod: "GET" } }),
    numbered(2, { ServiceIds: [orders], Annotations: { who: [{ AnnotationValue: { StringValue: 'a "b"' } }], hot: [{ AnnotationValue: { BooleanValue: true } }] } }),
  ];
  assert.deepEqual(
    ["Service", "URL", "Method", "Code", "Annotation", "User", "Cause"].map((facet) => rows.options(list, facet).map(({ label, clause, count }) => [label, clause, count])),
    [
      [["orders", 'service(id(name: "orders", type: "AWS::DynamoDB::Table"))', 2]], [["/a", 'http.url = "/a"', 1]], [["GET", 'http.method = "GET"', 1]], [["200", "http.status = 200", 1]],
      [["hot = true", "annotation.hot = true", 1], ['who = a "b"', 'annotation.who = "a \\"b\\""', 1]], [], [],
    ],
  );
  assert.deepEqual(rows.flags(list, 3), [{ label: "hot", note: "", clause: "annotation.hot = true", count: 1 }]);
});

test("a URL shows host and path; what is no URL is shown as it is", () => {
  assert.deepEqual(["https://x.test:8/a?b=1", "/a", "<b>"].map(rows.address), [{ host: "x.test:8", path: "/a?b=1" }, { host: "", path: "/a" }, { host: "", path: "<b>" }]);
});

test("host and path are those that the browser's reader of URLs finds, whatever the URL is made of", () => {
  const parts = ["https://", "http://", "shop", ".example", ".com", "/", "a", "..", ".", "//", "x.y", "%", "1", ".1", ".0x1", "-", "_", "xn--", "?q", "#h", "ä", "@", ":80", "\\", "A", " "];
  let state = 7;
  const random = (below) => ((state = (state * 48271) % 2147483647) % below);
  const read = (url) => {
    try {
      const { host, pathname, search } = new URL(url);
      return { host, path: pathname + search };
    } catch {
      return { host: "", path: url };
    }
  };
  const urls = Array.from({ length: 60_000 }, (_none, at) => (at % 2 ? "https://a.b/" : "http://shop") + Array.from({ length: random(9) }, () => parts[random(parts.length)]).join(""));
  assert.deepEqual(urls.map(rows.address), urls.map(read));
});
