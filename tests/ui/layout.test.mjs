// Where the nodes and edges of the map lie. Every name is the sentence of its test.
import assert from "node:assert/strict";
import { test } from "node:test";

import { broken, mostRows } from "../../local/xray_local/ui/map/columns.js";
import { MANY_FOR_CIRCLES, layout, lookFor } from "../../local/xray_local/ui/map/layout.js";

const LIMIT_MS = 500;

/** "client a b; a c": a client that calls a and b, and a that calls c. */
function shape(text) {
  const edges = text.split(";").flatMap((line) => {
    const [from, ...targets] = line.trim().split(" ");
    return targets.map((to) => ({ key: `${from} → ${to}`, from, to }));
  });
  const keys = [...new Set(edges.flatMap(({ from, to }) => [from, to]))];
  return { nodes: keys.map((key) => ({ key, client: key === "client" })), edges };
}

/** Numbers in an order that looks random and is the same each time. */
function drawing(seed) {
  let state = seed;
  return (below) => Math.floor(((state = (state * 16807) % 2147483647) / 2147483647) * below);
}

/** A tree with some more edges, as maps of many services are. */
function large(count, seed) {
  const draw = drawing(seed);
  const edges = new Map();
  const connect = (from, to) => edges.set(`n${from} → n${to}`, { key: `n${from} → n${to}`, from: `n${from}`, to: `n${to}` });
  for (let to = 1; to < count; to += 1) connect(draw(Math.ceil(to * 0.6)), to);
  for (let more = 0; more < count / 4; more += 1) {
    const [one, other] = [draw(count), draw(count)];
    if (one !== other) connect(Math.min(one, other), Math.max(one, other));
  }
  return { nodes: Array.from({ length: count }, (_none, number) => ({ key: `n${number}`, client: number === 0 })), edges: [...edges.values()] };
}

/** Columns by the places along the flow, each with its nodes from one end to the other. */
function columns(laid) {
  const [along, across] = laid.direction === "LR" ? ["x", "y"] : ["y", "x"];
  const found = new Map();
  for (const [key, point] of laid.nodes) found.set(point[along], [...(found.get(point[along]) ?? []), { key, at: point[across] }]);
  return [...found].sort(([one], [other]) => one - other).map(([, column]) => column.sort((one, other) => one.at - other.at).map(({ key }) => key));
}

/** Pairs of nodes whose circles or texts lie above each other. */
function overlaps({ nodes, look }) {
  const places = [...nodes];
  const apart = ([, one], [, other]) => Math.abs(one.x - other.x) >= look.box.width || Math.abs(one.y - other.y) >= look.box.height;
  return places.flatMap((one, number) => places.slice(number + 1).filter((other) => !apart(one, other)).map((other) => [one[0], other[0]]));
}

test("The client is at the left, and each node right of those that call it.", () => {
  assert.deepEqual(columns(layout(shape("client api; api orders; orders table queue; queue worker"))), [["client"], ["api"], ["orders"], ["table", "queue"], ["worker"]]);
});

test("From top to bottom the same columns are rows.", () => {
  const laid = layout(shape("client api; api orders; orders table queue"), { direction: "TB" });
  assert.deepEqual([laid.direction, columns(laid)], ["TB", [["client"], ["api"], ["orders"], ["table", "queue"]]]);
});

test("The client is further left than a queue that nobody is seen to fill.", () => {
  const laid = layout(shape("client orders; orders table; queue worker; worker table"));
  assert.ok([...laid.nodes].every(([key, { x }]) => key === "client" || x >= laid.nodes.get("client").x));
});

test("Nothing, one node alone, a node that calls itself and calls in a circle have their places.", () => {
  assert.deepEqual(layout({ nodes: [], edges: [] }).box, { x: 0, y: 0, width: 0, height: 0 });
  const alone = layout({ nodes: [{ key: "a" }], edges: [{ key: "a → a", from: "a", to: "a" }] });
  assert.deepEqual(alone.edges.get("a → a"), [alone.nodes.get("a"), alone.nodes.get("a")]);
  assert.deepEqual(columns(layout(shape("client a; a b; b a"))), [["client"], ["a"], ["b"]]);
});

test("An edge goes from circle to circle, and passes a column between its nodes.", () => {
  const laid = layout(shape("client a; a b; b c; a c; a d; d c"));
  const points = laid.edges.get("a → c");
  assert.deepEqual([points[0], points[points.length - 1]], [laid.nodes.get("a"), laid.nodes.get("c")]);
  const passing = points.slice(1, -1);
  assert.deepEqual(passing.map(({ x }) => x), [laid.nodes.get("b").x]);
  assert.ok(["b", "d"].every((key) => Math.abs(passing[0].y - laid.nodes.get(key).y) > laid.look.circle / 2));
});

test("The same graph in another order has the same places.", () => {
  const one = shape("client a b; a t1 t2 t3; b t3 t4");
  const other = { nodes: [...one.nodes].reverse(), edges: [...one.edges].reverse() };
  assert.deepEqual(new Map([...layout(other).nodes].sort()), new Map([...layout(one).nodes].sort()));
});

test("New figures move nothing: the layout is the very same.", () => {
  const first = layout(shape("client a; a b c"));
  assert.equal(layout(shape("client a; a c b"), { earlier: first }), first);
});

test("A node that is new leaves the order of all others as it was.", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const before = large(40, seed);
    const first = layout(before);
    const after = { nodes: [...before.nodes, { key: "new" }], edges: [...before.edges, { key: "n3 → new", from: "n3", to: "new" }] };
    const second = layout(after, { earlier: first });
    const kept = [...first.nodes.keys()];
    // Nodes that were in one column and still are.
    const rank = (laid) => new Map(columns(laid).flatMap((column, place) => column.map((key) => [key, place])));
    const [was, is] = [rank(first), rank(second)];
    const ordered = (laid, one, other) => Math.sign(laid.nodes.get(one).y - laid.nodes.get(other).y);
    const turned = kept.flatMap((one) => kept.filter((other) => one < other && was.get(one) === was.get(other) && is.get(one) === is.get(other) && ordered(first, one, other) !== ordered(second, one, other)).map((other) => [one, other]));
    assert.deepEqual(turned, [], `seed ${seed}`);
  }
});

test("No node lies on another one, few or many, in both directions, equal or sized.", () => {
  const found = [];
  for (const count of [2, MANY_FOR_CIRCLES, MANY_FOR_CIRCLES + 1, 80])
    for (const direction of ["LR", "TB"]) for (const sized of [false, true]) found.push(...overlaps(layout(large(count, count), { direction, sized })));
  assert.deepEqual(found, []);
});

test("All that is drawn lies in the box.", () => {
  const laid = layout(large(60, 7));
  const { x, y, width, height } = laid.box;
  const outside = [...laid.nodes.values(), ...[...laid.edges.values()].flat()].filter((point) => point.x < x || point.y < y || point.x > x + width || point.y > y + height);
  assert.deepEqual(outside, []);
});

test("Few nodes are circles with their figures inside, many have their texts beside, and sizes make room.", () => {
  const looks = [lookFor(MANY_FOR_CIRCLES), lookFor(MANY_FOR_CIRCLES + 1), lookFor(2, true)];
  assert.deepEqual(looks.map(({ dense, circle }) => [dense, circle]), [[false, 76], [true, 44], [false, 76]]);
  assert.ok(looks[2].box.height > looks[0].box.height);
});

test("Long columns are broken until the map is as broad as wanted, and short ones never.", () => {
  const room = { along: 100, across: 50, whole: 6, wanted: 1.7 };
  assert.deepEqual([mostRows([1, 4, 5], room), mostRows([1, 3, 30], room), mostRows([], room), mostRows([1, 30], { ...room, whole: 3, wanted: Infinity })], [5, 7, 0, 3]);
  assert.deepEqual(broken([1, 30, 3], room), [{ parts: 1, moved: 0 }, { parts: 5, moved: 0 }, { parts: 1, moved: 400 }]);
});

test(`200 nodes are laid out within ${LIMIT_MS} ms of a processor.`, () => {
  layout(large(50, 3));
  const graph = large(200, 5);
  const begun = process.cpuUsage();
  layout(graph);
  const { user, system } = process.cpuUsage(begun);
  assert.ok((user + system) / 1000 <= LIMIT_MS, `${(user + system) / 1000} ms`);
});
