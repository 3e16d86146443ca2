// Filter expressions as texts: made, joined, taken apart, and ids that are pasted in their place.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as made from "../../local/xray_local/ui/expressions.js";

test("names and values are quoted, keys that follow no dot stand in brackets", () => {
  const node = { Name: 'or"ders\\', Type: "AWS::DynamoDB::Table" };
  assert.deepEqual(
    [made.service(node), made.service({ Name: "a" }, "fault"), made.edge({ Name: "a" }, { Name: "b" }), made.annotation("cold_start", true),
      made.annotation("two words", "x"), made.compare("http.status", 500), made.between({ from: 0.1, to: 2 })],
    ['service(id(name: "or\\"ders\\\\", type: "AWS::DynamoDB::Table"))', 'service(id(name: "a")) { fault }', 'edge(id(name: "a"), id(name: "b"))',
      "annotation.cold_start = true", 'annotation["two words"] = "x"', "http.status = 500", "responsetime >= 0.1 AND responsetime <= 2"],
  );
});

test("words, texts and signs keep their places, also where a text is not closed", () => {
  assert.deepEqual(
    made.tokens('ok AND annotation["a b"]>=2 id(name:"x').map(({ kind, text, at }) => [kind, text, at]),
    [["word", "ok", 0], ["word", "AND", 3], ["word", 'annotation["a b"]', 7], ["sign", ">=", 24], ["word", "2", 26], ["word", "id", 28],
      ["sign", "(", 30], ["word", "name", 31], ["sign", ":", 35], ["text", '"x', 36]],
  );
});

test("AND joins whole expressions: an OR at the top gets brackets, what is asked already is not asked twice", () => {
  assert.deepEqual(
    [made.and("", "fault"), made.and("ok", "fault"), made.and("ok OR error", "fault"), made.and("ok  AND fault", "fault"), made.and('user = "a OR b"', "ok")],
    ["fault", "ok AND fault", "(ok OR error) AND fault", "ok  AND fault", 'user = "a OR b" AND ok'],
  );
});

test("a clause goes and comes back, and nothing within brackets is touched", () => {
  const whole = 'service("a AND b") { ok AND fault } AND fault AND responsetime >= 1 AND responsetime <= 2';
  const shorter = made.toggled(whole, "responsetime>=1 AND responsetime<=2");
  assert.deepEqual(
    [shorter, made.toggled(shorter, "fault"), made.toggled("fault", "fault"), made.asks(whole, "ok")],
    ['service("a AND b") { ok AND fault } AND fault', 'service("a AND b") { ok AND fault }', "", false],
  );
});

test("a trace id is known in all forms in which logs have it, and nothing else is one", () => {
  const id = "1-5f84c7a6-000000000000000000000002";
  const w3c = "5f84c7a6000000000000000000000002";
  assert.deepEqual(
    [id, ` ${id.toUpperCase()} `, w3c, `00-${w3c}-00f067aa0ba902b7-01`, `Root=${id};Parent=53995c3f42cd8ad8;Sampled=1`, `Self=1-x;Root=${id}`,
      "fault", w3c.slice(1), `${id}0`, ""].map(made.traceId),
    [id, id, id, id, id, id, null, null, null, null],
  );
  assert.deepEqual([made.idTime(id), made.idTime("fault")], [0x5f84c7a6, NaN]);
});
