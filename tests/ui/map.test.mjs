// The map's parts without a browser: the graph, what is made of it, and where it lies. Every name is the sentence of its test.
import assert from "node:assert/strict";
import { test } from "node:test";

import { condition, ofEdge, ofNode, outcomesOf } from "../../local/xray_local/ui/map/clause.js";
import { arc, curves, cuts, loop, middle, pathData } from "../../local/xray_local/ui/map/curves.js";
import { connections, fold, fromServices, holder, keyOf, mergeLambda, shares, weight } from "../../local/xray_local/ui/map/graph.js";
import { kindOf, shortName, shortened } from "../../local/xray_local/ui/map/kinds.js";
import { throttled } from "../../local/xray_local/ui/map/load.js";
import { fitted, opened, revealing, zoomed } from "../../local/xray_local/ui/map/pan.js";
import { litOf, looked, withHolders } from "../../local/xray_local/ui/map/shown.js";
import { percentile, within } from "../../local/xray_local/ui/map/times.js";
import { neighbour } from "../../local/xray_local/ui/map/walk.js";
import { edgeSentence, nodeSentence, often, rate } from "../../local/xray_local/ui/map/words.js";

const statistics = ({ ok = 0, error = 0, throttle = 0, fault = 0, time = 0 }) => ({
  OkCount: ok,
  ErrorStatistics: { ThrottleCount: throttle, OtherCount: error, TotalCount: throttle + error },
  FaultStatistics: { OtherCount: fault, TotalCount: fault },
  TotalCount: ok + error + throttle + fault,
  TotalResponseTime: time,
});
const times = (...values) => values.map(([Value, Count]) => ({ Value, Count }));
const edgeTo = (ReferenceId, given, ...histogram) => ({ ReferenceId, SummaryStatistics: statistics(given), ResponseTimeHistogram: times(...histogram), Aliases: [] });
const service = (ReferenceId, Name, Type, Edges = [], given = undefined, ...histogram) => ({
  ReferenceId, Name, Names: [Name], ...(Type && { Type }), Edges, ...(given && { SummaryStatistics: statistics(given), ResponseTimeHistogram: times(...histogram) }),
});
const counts = ({ ok = 0, error = 0, throttle = 0, fault = 0, time = 0 }) => ({ total: ok + error + throttle + fault, ok, error, throttle, fault, time });

// Two clients; a function that calls a table and a queue, from which another function takes.
const LINK = { ReferenceId: 4, EdgeType: "link", ReceivedEventAgeHistogram: times([0.5, 2]), Aliases: [] };
const SERVICES = [
  service(0, "orders", "client", [edgeTo(1, { ok: 3, fault: 1, time: 0.8 }, [0.2, 4])]),
  service(1, "orders", "AWS::Lambda", [edgeTo(2, { ok: 3, fault: 1, time: 0.6 }, [0.15, 4])], { ok: 3, fault: 1, time: 0.8 }, [0.2, 4]),
  service(2, "orders", "AWS::Lambda::Function", [edgeTo(3, { ok: 4, time: 0.04 }, [0.01, 4]), edgeTo(5, { ok: 1, throttle: 1, time: 0.02 }, [0.01, 2])], { ok: 3, fault: 1, time: 0.6 }, [0.15, 4]),
  service(3, "items", "AWS::DynamoDB::Table", [], { ok: 5, time: 0.05 }, [0.01, 5]),
  service(4, "worker", "AWS::Lambda", [edgeTo(3, { ok: 1, time: 0.01 }, [0.01, 1])], { ok: 1, time: 0.1 }, [0.1, 1]),
  service(5, "jobs", "AWS::SQS::Queue", [LINK], { ok: 1, throttle: 1, time: 0.02 }, [0.01, 2]),
  service(6, "worker", "client", [edgeTo(4, { ok: 1, time: 0.1 }, [0.1, 1])]),
];
const ORDERS = "orders~AWS::Lambda";
const FUNCTION = "orders~AWS::Lambda::Function";
const ITEMS = "items~AWS::DynamoDB::Table";
const JOBS = "jobs~AWS::SQS::Queue";
const WORKER = "worker~AWS::Lambda";
const names = (graph) => ({ nodes: graph.nodes.map((node) => node.key), edges: graph.edges.map((edge) => edge.key) });

test("All clients are one node, which has the figures of what it calls.", () => {
  const graph = fromServices(SERVICES);
  assert.deepEqual(names(graph), {
    nodes: ["client", ORDERS, FUNCTION, ITEMS, WORKER, JOBS],
    edges: [`client → ${ORDERS}`, `${ORDERS} → ${FUNCTION}`, `${FUNCTION} → ${ITEMS}`, `${FUNCTION} → ${JOBS}`, `${WORKER} → ${ITEMS}`, `${JOBS} ⇢ ${WORKER}`, `client → ${WORKER}`],
  });
  assert.deepEqual(graph.nodes[0], {
    key: "client", id: { Name: "Client", Type: "client" }, name: "Client", type: "", client: true,
    counts: { total: 5, ok: 4, error: 0, throttle: 0, fault: 1, time: 0.9 }, times: times([0.1, 1], [0.2, 4]),
  });
});

test("An edge has the caller's figures, and a link the ages of its messages.", () => {
  const { edges } = fromServices(SERVICES);
  const ids = { items: { Name: "items", Type: "AWS::DynamoDB::Table", Account: undefined }, jobs: { Name: "jobs", Type: "AWS::SQS::Queue", Account: undefined } };
  const source = { Name: "orders", Type: "AWS::Lambda::Function", Account: undefined };
  const shared = { from: FUNCTION, source, link: false, ages: [] };
  assert.deepEqual(edges[2], { ...shared, key: `${FUNCTION} → ${ITEMS}`, to: ITEMS, target: ids.items, counts: counts({ ok: 4, time: 0.04 }), times: times([0.01, 4]) });
  assert.deepEqual(edges[3], { ...shared, key: `${FUNCTION} → ${JOBS}`, to: JOBS, target: ids.jobs, counts: counts({ ok: 1, throttle: 1, time: 0.02 }), times: times([0.01, 2]) });
  assert.deepEqual(edges[5], {
    key: `${JOBS} ⇢ ${WORKER}`, from: JOBS, to: WORKER, source: ids.jobs, target: { Name: "worker", Type: "AWS::Lambda", Account: undefined },
    link: true, counts: counts({}), times: [], ages: times([0.5, 2]),
  });
});

test("An edge to a service that the answer does not have is left out.", () => {
  assert.deepEqual(names(fromServices([service(0, "a", undefined, [edgeTo(9, { ok: 1 })])])), { nodes: ["a~"], edges: [] });
});

test("Keys tell names with tildes, types and accounts apart.", () => {
  const ids = [{ Name: "a~b" }, { Name: "a", Type: "b" }, { Name: "a~", Type: "b" }, { Name: "a", Type: "b", Account: "1" }];
  assert.deepEqual(ids.map(keyOf), ["a~~b~", "a~b", "a~~~b", "a~b~1"]);
});

test("A merged Lambda pair shows the service's figures, keeps both parts and every call but the one between them.", () => {
  const merged = mergeLambda(fromServices(SERVICES));
  assert.deepEqual(names(merged), {
    nodes: ["client", ORDERS, ITEMS, WORKER, JOBS],
    edges: [`client → ${ORDERS}`, `${ORDERS} → ${ITEMS}`, `${ORDERS} → ${JOBS}`, `${WORKER} → ${ITEMS}`, `${JOBS} ⇢ ${WORKER}`, `client → ${WORKER}`],
  });
  const { type, counts: own, parts } = merged.nodes[1];
  assert.deepEqual({ type, own, parts: parts.map((part) => part.key) }, { type: "Lambda function", own: counts({ ok: 3, fault: 1, time: 0.8 }), parts: [ORDERS, FUNCTION] });
});

test("A function that calls itself still does when its pair is merged, and two functions of one name are not merged without a call.", () => {
  const itself = [service(0, "f", "AWS::Lambda", [edgeTo(1, { ok: 1 }), edgeTo(0, { ok: 1 })]), service(1, "f", "AWS::Lambda::Function")];
  assert.deepEqual(names(mergeLambda(fromServices(itself))), { nodes: ["f~AWS::Lambda"], edges: ["f~AWS::Lambda → f~AWS::Lambda"] });
  const strangers = [service(0, "f", "AWS::Lambda"), service(1, "f", "AWS::Lambda::Function")];
  assert.deepEqual(names(mergeLambda(fromServices(strangers))), { nodes: ["f~AWS::Lambda", "f~AWS::Lambda::Function"], edges: [] });
});

/** Two functions with three tables each, and one table and two buckets of both. */
function tables() {
  const own = (first) => [first, first + 1, first + 2].map((number) => service(number, `table-${number}`, "AWS::DynamoDB::Table", [], { ok: number, time: 0.01 * number }, [0.01, number]));
  const calls = (...targets) => targets.map((target) => edgeTo(target, { ok: 1, time: 0.02 }, [0.02, 1]));
  return fromServices([
    service(0, "a", "AWS::Lambda", calls(10, 11, 12, 30, 31, 32)),
    service(1, "b", "AWS::Lambda", calls(20, 21, 22, 30, 31, 32)),
    ...own(10), ...own(20), service(30, "shared", "AWS::DynamoDB::Table", [], { ok: 1 }),
    service(31, "one", "AWS::S3::Bucket", [], { ok: 1 }), service(32, "two", "AWS::S3::Bucket", [], { ok: 1 }),
  ]);
}

test("As many nodes as may be are not folded.", () => {
  const graph = tables();
  assert.equal(fold(graph, graph.nodes.length), graph);
});

test("Too many nodes fold to one for the leaves of a type that have the same callers, with their sum.", () => {
  const folded = fold(tables(), 6);
  assert.deepEqual(folded.nodes.map((node) => [node.name, node.counts.total, node.folded?.map((one) => one.name)]), [
    ["a", 0, undefined], ["b", 0, undefined],
    ["3 × Table", 33, ["table-10", "table-11", "table-12"]], ["3 × Table", 63, ["table-20", "table-21", "table-22"]],
    ["shared", 1, undefined], ["2 × Bucket", 2, ["one", "two"]],
  ]);
  assert.deepEqual(folded.edges.map((edge) => [edge.from, edge.to, edge.counts.total]), [
    ["a~AWS::Lambda", "folded AWS::DynamoDB::Table of a~AWS::Lambda", 3], ["a~AWS::Lambda", "shared~AWS::DynamoDB::Table", 1],
    ["a~AWS::Lambda", "folded AWS::S3::Bucket of a~AWS::Lambda b~AWS::Lambda", 2],
    ["b~AWS::Lambda", "folded AWS::DynamoDB::Table of b~AWS::Lambda", 3], ["b~AWS::Lambda", "shared~AWS::DynamoDB::Table", 1],
    ["b~AWS::Lambda", "folded AWS::S3::Bucket of a~AWS::Lambda b~AWS::Lambda", 2],
  ]);
});

test("If that is not enough, all leaves of a type are one.", () => {
  assert.deepEqual(names(fold(tables(), 5)).nodes, ["a~AWS::Lambda", "b~AWS::Lambda", "folded AWS::DynamoDB::Table", "folded AWS::S3::Bucket"]);
});

test("What an address names is found merged, folded, and without its account.", () => {
  const accounts = fromServices([{ ...service(0, "f", "AWS::Lambda::Function"), AccountId: "123" }, service(1, "f", "AWS::Lambda", [edgeTo(0, { ok: 1 })])]);
  const found = (graph, key) => holder(graph, key)?.key;
  assert.deepEqual(
    [found(mergeLambda(fromServices(SERVICES)), FUNCTION), found(fold(tables(), 5), "one~AWS::S3::Bucket"), found(accounts, "f~AWS::Lambda::Function"), found(accounts, "f~AWS::Lambda"), found(accounts, "g")],
    [ORDERS, "folded AWS::S3::Bucket", "f~AWS::Lambda::Function~123", "f~AWS::Lambda", undefined],
  );
});

test("A focus shows a node with its calls in both directions, and of those what a filter finds.", () => {
  const graph = fromServices(SERVICES);
  const near = [JOBS, `${FUNCTION} → ${JOBS}`, FUNCTION, `${JOBS} ⇢ ${WORKER}`, WORKER];
  assert.deepEqual([...connections(graph, JOBS)], [JOBS, `${FUNCTION} → ${JOBS}`, FUNCTION, JOBS, `${JOBS} ⇢ ${WORKER}`, WORKER].filter((key, place, all) => all.indexOf(key) === place));
  assert.deepEqual(new Set(near), litOf(graph, null, JOBS));
  assert.deepEqual([...litOf(graph, new Set([JOBS, FUNCTION, ITEMS]), JOBS)], [JOBS, FUNCTION]);
  assert.deepEqual([litOf(graph, null, undefined), litOf(graph, null, "gone")], [null, null]);
});

test("With a filter what it finds has the figures of its traces, and the rest keeps its own.", () => {
  const matching = [service(0, "orders", "AWS::Lambda", [edgeTo(1, { fault: 1, time: 0.3 })], { fault: 1, time: 0.3 }, [0.3, 1]), service(1, "orders", "AWS::Lambda::Function", [], { fault: 1, time: 0.2 })];
  const { graph, found } = looked({ services: SERVICES, matching }, false);
  assert.deepEqual([...found], [ORDERS, FUNCTION, `${ORDERS} → ${FUNCTION}`]);
  assert.deepEqual(graph.nodes.map((node) => node.counts.total), [5, 1, 1, 5, 1, 2]);
  assert.equal(looked({ services: SERVICES, matching: null }, false).found, null);
});

test("A folded node is not greyed while one of its nodes is found, nor the call that leads there.", () => {
  const folded = fold(tables(), 5);
  const shown = withHolders(folded, new Set(["a~AWS::Lambda", "table-10~AWS::DynamoDB::Table"]));
  assert.deepEqual([...shown], ["a~AWS::Lambda", "table-10~AWS::DynamoDB::Table", "folded AWS::DynamoDB::Table", "a~AWS::Lambda → folded AWS::DynamoDB::Table"]);
});

test("Shares go from the gravest to the best; what is large is traffic, or what went wrong.", () => {
  const own = counts({ ok: 5, error: 2, throttle: 1, fault: 2 });
  assert.deepEqual(shares(own), [{ outcome: "fault", share: 0.2 }, { outcome: "throttle", share: 0.1 }, { outcome: "error", share: 0.2 }, { outcome: "ok", share: 0.5 }]);
  assert.deepEqual(["traffic", "health", undefined].map((by) => weight(own, by)), [10, 5, 0]);
});

test("Conditions are written as the console writes them, and an error is told from a throttle.", () => {
  const all = counts({ ok: 1, error: 1, throttle: 1, fault: 1 });
  const made = (outcomes, span = null, own = all) => condition({ outcomes, times: span }, own);
  assert.deepEqual(
    [made([]), made(["fault"]), made(["error"]), made(["error"], null, counts({ ok: 1, error: 1 })), made(["error", "throttle"]), made(["ok", "fault"]), made(["ok", "error", "throttle", "fault"])],
    ["", "fault", "(error AND !throttle)", "error", "error", "fault OR ok", ""],
  );
  assert.deepEqual(
    [made([], { from: 0.1, to: 0.5 }), made(["fault"], { from: 0.1, to: 0.5 }), made(["fault", "ok"], { from: 0.1, to: 0.5 })],
    ["responsetime >= 0.1 AND responsetime <= 0.5", "fault AND responsetime >= 0.1 AND responsetime <= 0.5", "(fault OR ok) AND responsetime >= 0.1 AND responsetime <= 0.5"],
  );
});

test("A node, the client, an edge and a link each have their clause.", () => {
  const graph = fromServices(SERVICES);
  const fault = { outcomes: ["fault"], times: null };
  assert.deepEqual(
    [ofNode(graph.nodes[1], fault), ofNode(graph.nodes[0], fault), ofEdge(graph.edges[0], fault), ofEdge(graph.edges[5], fault)],
    [
      'service(id(name: "orders", type: "AWS::Lambda")) { fault }',
      "fault",
      'edge(id(name: "orders", type: "client"), id(name: "orders", type: "AWS::Lambda")) { fault }',
      'edge(id(name: "jobs", type: "AWS::SQS::Queue"), id(name: "worker", type: "AWS::Lambda"))',
    ],
  );
  assert.deepEqual([outcomesOf("ok,fault,nonsense"), outcomesOf(undefined)], [["fault", "ok"], []]);
});

test("Types have kinds; what is unknown is a service.", () => {
  const types = ["AWS::Lambda", "AWS::Lambda::Function", "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS", "AWS::ApiGateway::Stage", "Database::SQL", "remote", "AWS::Secrets Manager", "AWS::EC2::Instance", "", "AWS::Unheard"];
  assert.deepEqual(types.map((type) => kindOf({ type })), ["function", "function", "table", "bucket", "queue", "topic", "api", "database", "host", "secret", "machine", "service", "service"]);
  assert.equal(kindOf({ type: "", client: true }), "client");
});

test("Of addresses of queues and ARNs the last part is shown, and both ends of what is too long.", () => {
  const long = ["https://sqs.eu-west-1.amazonaws.com/123456789012/jobs", "http://127.0.0.1:5000/123456789012/jobs", "http://localhost:4566/queue/eu-west-1/000000000000/jobs", "arn:aws:sns:eu-west-1:123456789012:news", "https://example.com/a/b", "orders"];
  assert.deepEqual(long.map(shortName), ["jobs", "jobs", "jobs", "news", "https://example.com/a/b", "orders"]);
  assert.deepEqual([shortened("orders", 6), shortened("shipments@db.internal", 12), shortened("shipments@db.internal", 12).length], ["orders", "shipmen…rnal", 12]);
});

test("Rates are per minute with as many digits as say something.", () => {
  assert.deepEqual([rate(3, 3600), rate(1, 86400), rate(90, 60), rate(0, 60), rate(5000, 60), rate(75, 900)], ["0.05", "< 0.01", "90", "0", "5,000", "5"]);
  assert.deepEqual([often(90, 60), often(3, 0), often(1, 0)], ["90 t/min", "3 ×", ""]);
});

test("Each node and edge is a sentence for who hears the page; of two nodes of one name the second is told apart.", () => {
  const graph = fromServices(SERVICES);
  const sentence = (place) => edgeSentence(graph.edges[place], ...["from", "to"].map((end) => graph.nodes.find((node) => node.key === graph.edges[place][end])));
  assert.deepEqual(
    [nodeSentence(graph.nodes[1], 60), nodeSentence(graph.nodes[1], 0), sentence(3), sentence(5), sentence(1)],
    [
      "orders, AWS::Lambda, average 200 ms, 4 traces per minute, 25 % fault (5xx)",
      "orders, AWS::Lambda, average 200 ms, 4 requests, 25 % fault (5xx)",
      "orders to jobs, average 10 ms, 2 calls, 50 % throttle (429)",
      "jobs to worker, linked traces, waited 500 ms (median)",
      "orders to orders (Function), average 150 ms, 4 calls, 25 % fault (5xx)",
    ],
  );
});

test("Percentiles and ranges count what X-Ray's histograms hold.", () => {
  const histogram = times([0.01, 5], [0.02, 4], [1, 1]);
  assert.deepEqual([0.5, 0.51, 0.9, 0.95, 1].map((share) => percentile(histogram, share)), [0.01, 0.02, 0.02, 1, 1]);
  assert.deepEqual([percentile([], 0.5), within(histogram, { from: 0.02, to: 1 }), within(histogram, { from: 0.011, to: 0.019 })], [null, 5, 0]);
});

test("Rings are cut by share, with gaps, and the smallest share can be seen.", () => {
  assert.deepEqual(cuts([1]), [{ from: 0, to: 360 }]);
  assert.deepEqual(cuts([0.25, 0.75], 4), [{ from: 2, to: 88 }, { from: 92, to: 358 }]);
  assert.deepEqual(cuts([0.001, 0.999], 4)[0], { from: 2, to: 6 });
  assert.equal(arc({ x: 0, y: 0 }, 10, { from: 0, to: 90 }), "M0 -10A10 10 0 0 1 10 0");
  assert.equal(arc({ x: 0, y: 0 }, 10, { from: 0, to: 360 }), "M0 -10a10 10 0 1 1 0 20a10 10 0 1 1 0 -20");
});

test("Arrows leave and arrive along the flow, in both directions of it, and go around when they lead back.", () => {
  const [from, to] = [{ x: 0, y: 0 }, { x: 100, y: 50 }];
  assert.deepEqual(curves([from, to], "LR"), [[from, { x: 50, y: 0 }, { x: 50, y: 50 }, to]]);
  assert.deepEqual(curves([from, to], "TB"), [[from, { x: 0, y: 25 }, { x: 100, y: 25 }, to]]);
  const text = (...points) => pathData(curves(points, "LR"));
  assert.equal(text(to, from), "M100 50C136 50 136 122 100 122C50 122 50 122 0 122C-36 122 -36 0 0 0");
  assert.equal(text(to, { x: 40, y: 45 }, from), "M100 50C136 50 136 14 100 14C70 14 70 45 40 45C20 45 20 45 0 45C-36 45 -36 0 0 0");
  assert.equal(text(to, { x: 40, y: -90 }, from), "M100 50C136 50 136 -90 100 -90C70 -90 70 -90 40 -90C20 -90 20 -90 0 -90C-36 -90 -36 0 0 0");
  assert.equal(pathData(curves([from, to], "LR")), "M0 0C50 0 50 50 100 50");
  assert.deepEqual([middle(curves([from, to], "LR")), middle(curves([from, { x: 40, y: 9 }, to], "LR"))], [{ x: 50, y: 25 }, { x: 40, y: 9 }]);
  assert.equal(pathData(loop({ x: 0, y: 0 }, 10)), "M6 -8C13.2 -22 -13.2 -22 -6 -12");
});

test("Long names are shortened between letters, whatever a letter is made of.", () => {
  const family = "\u{1F469}\u200D\u{1F469}\u200D\u{1F467}";
  assert.deepEqual(
    [shortened("orders", 6), shortened("a-very-long-name", 9), shortened(family.repeat(9), 5), shortened("\u{1F680}".repeat(4), 5)],
    ["orders", "a-ver…ame", `${family.repeat(3)}…${family}`, "\u{1F680}".repeat(4)],
  );
});

test("A small map is shown whole, in the middle, and not larger than life.", () => {
  const size = { width: 1000, height: 500 };
  assert.deepEqual(fitted({ x: 0, y: 0, width: 2000, height: 800 }, size), { scale: 0.5, x: 0, y: 50 });
  assert.deepEqual(fitted({ x: 10, y: 10, width: 100, height: 100 }, size), { scale: 1.15, x: 431, y: 181 });
});

test("A map that cannot be read as a whole is opened at the start of its flow.", () => {
  const shown = (width, height, size, direction) => Object.values(opened({ x: 0, y: 0, width, height }, size, direction)).map((value) => Math.round(value * 1000) / 1000 + 0);
  assert.deepEqual(shown(4000, 800, { width: 1000, height: 500 }, "LR"), [0.6, 0, 10]);
  const narrow = { width: 400, height: 600 };
  assert.deepEqual([500, 800, 200].map((width) => shown(width, 4000, narrow, "TB")), [[0.8, 0, 0], [0.6, -40, 0], [0.9, 110, 0]]);
});

test("Enlarging keeps the point under the pointer, within limits, and revealing moves no further than it must.", () => {
  assert.deepEqual(zoomed({ scale: 1, x: 0, y: 0 }, 2, { x: 100, y: 50 }), { scale: 2, x: -100, y: -50 });
  assert.equal(zoomed({ scale: 1, x: 0, y: 0 }, 1000, { x: 0, y: 0 }).scale, 3);
  const [lens, size] = [{ scale: 1, x: 0, y: 0 }, { width: 100, height: 100 }];
  assert.equal(revealing(lens, { x: 10, y: 10, width: 50, height: 50 }, size), lens);
  assert.deepEqual(revealing(lens, { x: 90, y: -20, width: 50, height: 50 }, size), { scale: 1, x: -40, y: 20 });
});

test("Arrow keys lead to the nearest node ahead.", () => {
  const places = new Map(Object.entries({ a: { x: 0, y: 0 }, b: { x: 100, y: -40 }, c: { x: 100, y: 30 }, d: { x: 0, y: 200 }, e: { x: 300, y: 0 } }));
  assert.deepEqual(["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "Enter"].map((key) => neighbour(places, "a", key)), ["c", "d", null, null, null]);
  assert.deepEqual([neighbour(places, "c", "ArrowUp"), neighbour(places, "c", "ArrowLeft"), neighbour(places, "gone", "ArrowLeft")], ["b", "a", null]);
});

test("News in a burst are answered at once and once more, never twice within the pause.", async () => {
  const at = [];
  const begun = performance.now();
  const fetching = throttled(async () => at.push(performance.now() - begun), 60);
  fetching.soon();
  for (let round = 0; round < 10; round += 1) fetching.soon();
  await new Promise((done) => setTimeout(done, 200));
  fetching.end();
  assert.equal(at.length, 2);
  assert.ok(at[1] - at[0] >= 55, `after ${at[1] - at[0]} ms`);
});
