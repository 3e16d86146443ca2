/** Links of the CloudWatch console, as its pages and people write them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../local/xray_local/ui/url.js";

const ID = "1-5f84c7a6-000000000000000000000002";
const DAY = "2026-11-23T10:00:00.000Z~2026-11-23T11:30:00.000Z";

test("traces, the map, and one trace are found, with filter and time", () => {
  const links = [
    `#xray:traces/${ID}`,
    `#xray:traces/${ID}?~(query~()~context~(timeRange~(delta~21600000)))`,
    "#xray:traces/5f84c7a6000000000000000000000002",
    "#xray:traces/query",
    "#xray:traces/query?~(query~(expression~'Annotation.order_id*20*3d*20*22o-1*22)~context~(timeRange~(delta~900000)))",
    "#xray:traces/query?~(query~(filter~'service(id(name~%27x%27))))",
    "#xray:traces/query?~(query~(filter~'service*28id*28name*3a*20*22x*22*20*29*29)~context~())",
    "#xray:service-map",
    "#xray:service-map/map?~(query~()~context~(timeRange~(start~'2026-11-23T10*3a00*3a00.000Z~end~'2026-11-23T11*3a30*3a00.000Z)))",
    "#xray:service-map/map?~(query~(expression~'caf**00e9!)~groups~(~'a~'b~1)~context~(timeRange~(end~1795433400000~start~1795428000000)))",
  ];
  assert.deepEqual(links.map(parse), [
    { path: ["traces", ID], params: {} },
    { path: ["traces", ID], params: { timeRange: "PT360M" } },
    { path: ["traces", ID], params: {} },
    { path: ["traces"], params: {} },
    { path: ["traces"], params: { filter: 'Annotation.order_id = "o-1"', timeRange: "PT15M" } },
    { path: ["traces"], params: { filter: "service" } },
    { path: ["traces"], params: { filter: 'service(id(name: "x" ))' } },
    { path: ["service-map"], params: {} },
    { path: ["service-map"], params: { timeRange: DAY } },
    { path: ["service-map"], params: { filter: "caf\u00e9$", timeRange: DAY } },
  ]);
});

test("what cannot be read leaves the view, and addresses of ours stay", () => {
  const links = ["#xray:traces/query?~(", `#xray:traces/query?${"~(a".repeat(99)}`, "#xray:traces/no-id?%", "#xray:insights", "#xray:", "#/traces?filter=fault", `#/traces/${ID}?span=a`];
  assert.deepEqual(links.map(parse), [
    { path: ["traces"], params: {} },
    { path: ["traces"], params: {} },
    { path: ["traces"], params: {} },
    { path: ["service-map"], params: {} },
    { path: ["service-map"], params: {} },
    { path: ["traces"], params: { filter: "fault" } },
    { path: ["traces", ID], params: { span: "a" } },
  ]);
});
