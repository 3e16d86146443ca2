// What is proposed at the caret of a filter. Whether the server reads what is made of it is asked in test_completion.py.
import assert from "node:assert/strict";
import { test } from "node:test";
import { complete, inserted } from "../../local/xray_local/ui/completion.js";

const SEEN = {
  Keywords: ["fault", "http.status", "http.url", "service", "edge", "name", "annotation", "group.name", "rootcause.fault.entity"].map((Name) => ({ Name, Does: `what ${Name} is` })),
  Services: [{ Name: "orders", Type: "AWS::DynamoDB::Table" }, { Name: "orders", Type: "remote" }],
  Annotations: { cold_start: [true, false], "a b": ["x y"] },
};

/** The labels at the place of | in a text. */
function labels(marked, seen = SEEN) {
  const caret = marked.indexOf("|");
  return complete(marked.replace("|", ""), caret, seen).items.map((item) => item.label);
}

/** The text, with | at the caret, after the item of that label was taken. */
function taken(marked, label) {
  const caret = marked.indexOf("|");
  const text = marked.replace("|", "");
  const completion = complete(text, caret, SEEN);
  const done = inserted(text, completion, completion.items.find((item) => item.label === label));
  return `${done.text.slice(0, done.caret)}|${done.text.slice(done.caret)}`;
}

test("a condition begins with keywords, annotation keys and services, and each says what it is", () => {
  const { items } = complete("fau", 3, SEEN);
  assert.deepEqual(items.map(({ label, does }) => [label, does]), [["fault", "what fault is"], ["rootcause.fault.entity", "what rootcause.fault.entity is"]]);
  assert.deepEqual(labels("cold|"), ["annotation.cold_start"]);
  assert.deepEqual(labels("serv|"), ["service", 'service(id(name: "orders", type: "AWS::DynamoDB::Table"))', 'service(id(name: "orders", type: "remote"))']);
});

test("what follows depends on the kind of keyword", () => {
  assert.deepEqual(
    ["fault |", "http.status |", "http.url |", "group.name |", "fault AND ok|", 'user = "x" |', 'service("orders") |'].map((text) => labels(text)),
    [["AND", "OR", "= false"], ["<", "<=", ">", ">=", "=", "!="], ["=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH"], ["=", "!="], [], ["AND", "OR"], ["AND", "OR", "{ }"]],
  );
});

test("values are those that were seen", () => {
  assert.deepEqual(
    ["annotation.cold_start = |", 'annotation["a b"] = |', "service(id(name: |", "id(type:|", "service(|", 'service("ord|'].map((text) => labels(text)),
    [["true", "false"], ['"x y"'], ['"orders"'], ['"AWS::DynamoDB::Table"', '"remote"'], ['"orders"', 'id(name: "orders", type: "AWS::DynamoDB::Table")', 'id(name: "orders", type: "remote")'],
      ['"orders"', 'id(name: "orders", type: "AWS::DynamoDB::Table")', 'id(name: "orders", type: "remote")']],
  );
});

test("inside of a root cause and of service() only what may stand there is proposed", () => {
  assert.deepEqual(labels("rootcause.fault.entity { |"), ["first", "last", "remote", "index", "name"]);
  assert.deepEqual(labels('service("orders") { |'), ["fault", "http.status", "http.url", "name", "annotation", "annotation.cold_start", 'annotation["a b"]']);
});

test("taking a proposal writes it where the word was and puts the caret where one goes on", () => {
  assert.deepEqual(
    [taken("fault AND ser|", "service"), taken("rootc|", "rootcause.fault.entity"), taken('service("ord|") { fault }', '"orders"'), taken("service(|)", '"orders"'), taken("edge(|, )", '"orders"'),
      taken("http.st| AND ok", "http.status"), taken('service("orders") |', "{ }")],
    ["fault AND service(|)", "rootcause.fault.entity { | }", 'service("orders")| { fault }', 'service("orders")|', 'edge("orders", |)', "http.status| AND ok", 'service("orders") { | } '],
  );
});

test("nothing is proposed that is typed already, and a wild text proposes nothing that throws", () => {
  assert.deepEqual(labels("fault|"), ["rootcause.fault.entity"]);
  for (const text of ['"', "{{{", ")))", "annotation[", 'annotation["', "service(id(", "!!(", "rootcause.json = #[", "\u{1F600} ="]) assert.ok(Array.isArray(complete(text, text.length, SEEN).items), text);
});
