/** Two traces side by side. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { align, differs, ratio, shares } from "../../local/xray_local/ui/compare/align.js";
import { call, coldStart, part, segment, traceOf } from "./trace-making.mjs";

const round = (seconds) => (seconds == null ? null : Math.round(seconds * 1e6) / 1e6);
const told = (pairs) => pairs.map(({ depth, label, first, second, delta }) => [depth, label, round(first?.seconds), round(second?.seconds), round(delta)]);
const shop = (...subsegments) => traceOf(segment("s", "shop", 100, 110, { subsegments }));

test("the same call is the one of the same name, at the same place, the same time in a row", () => {
  const first = shop(call("a1", 100, 101), call("a2", 101, 103), part("w", "work", 104, 105, { subsegments: [call("a3", 104, 105, "items")] }));
  const second = shop(call("b1", 100, 102), part("w", "work", 104, 106, { subsegments: [call("b3", 104, 104.5, "items")] }), part("n", "new", 107, 108));
  assert.deepEqual(told(align(first, second)), [
    [0, "shop", 10, 10, 0],
    [1, "DynamoDB GetItem orders", 1, 2, 1],
    [1, "DynamoDB GetItem orders", 2, null, null],
    [1, "work", 1, 2, 1],
    [2, "DynamoDB GetItem items", 1, 0.5, -0.5],
    [1, "new", null, 1, null],
  ]);
});

test("what only the second has stands where it stands there", () => {
  const order = align(shop(call("a", 100, 101), part("z", "z", 108, 109)), shop(call("a", 100, 101), part("m", "m", 104, 105), part("z", "z", 108, 109)));
  assert.deepEqual(order.map((pair) => pair.label), ["shop", "DynamoDB GetItem orders", "m", "z"]);
});

test("loops are one row with their sums, however often each went round", () => {
  const calls = (name, count) => Array.from({ length: count }, (_, place) => call(`${name}${place}`, 100 + place, 100.5 + place));
  const [, row] = align(shop(...calls("a", 7)), shop(...calls("b", 4)));
  assert.deepEqual([row.label, row.first.spans.length, round(row.first.seconds), row.second.spans.length, round(row.second.seconds), round(row.delta)], ["DynamoDB GetItem orders", 7, 3.5, 4, 2, -1.5]);
});

test("a cold start and a warm one differ by the start and by nothing else", () => {
  const cold = coldStart();
  const [service, owner] = structuredClone(cold);
  owner.subsegments = owner.subsegments.slice(1);
  owner.subsegments[0].subsegments.shift();
  Object.assign(service, { start_time: 100.8 });
  const pairs = align(traceOf(...cold), traceOf(service, owner));
  assert.deepEqual(pairs.filter(differs).map((pair) => pair.label), ["f", "Initialization", "app.handler init", "runtime start", "boto3", "botocore"]);
  const all = shares(traceOf(...cold), traceOf(service, owner));
  assert.deepEqual(all.filter((share) => Math.abs(share.delta) > 1e-6).map(({ name, delta }) => [name, round(delta)]), [["Imports and module code", -0.5], ["Placement", -0.2], ["Environment start", -0.1]]);
});

test("traces of different names are compared from their beginnings on", () => {
  const other = traceOf(segment("x", "shop-v2", 100, 109, { subsegments: [call("c", 100, 101)] }));
  assert.deepEqual(told(align(shop(call("a", 100, 101)), other)), [[0, "shop", 10, 9, -1], [1, "DynamoDB GetItem orders", 1, 1, 0]]);
});

test("a pair differs by its status, its number, or more time than noise", () => {
  const side = (seconds, status = "ok", number = 1) => ({ seconds, status, spans: Array(number) });
  const pair = (first, second) => differs({ first, second, delta: first && second ? second.seconds - first.seconds : null });
  assert.deepEqual([pair(side(1), side(1.05)), pair(side(1), side(1.2)), pair(side(0.0001), side(0.0009)), pair(side(1), side(1, "fault")), pair(side(1), side(1, "ok", 2)), pair(side(1), null)], [false, true, false, true, true, true]);
});

test("how much longer is said in words", () => {
  assert.deepEqual([ratio(1, 1), ratio(1, 1.25), ratio(1, 0.75), ratio(1, 3.16), ratio(1, 0.25), ratio(0, 1)], ["as long", "25 % longer", "25 % shorter", "3.2 times as long", "4 times as quick", ""]);
});
