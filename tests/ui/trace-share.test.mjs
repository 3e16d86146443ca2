/** What goes into a file for others, and how the file is made. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { file, modules, resolved, rewritten, styles } from "../../local/xray_local/ui/share/bundle.js";
import { PARTS, REMOVED, redacted, usual } from "../../local/xray_local/ui/share/redact.js";

const UI = new URL("../../local/xray_local/ui/", import.meta.url);
const read = (path) => readFile(new URL(path, UI), "utf8");

const planted = () => ({
  Id: "1-5f84c7a5-123456789012000000000000",
  Notices: ["arn:aws:sqs:eu-west-1:123456789012:jobs is gone"],
  Segments: [
    {
      id: "123456789012abcd",
      name: "shop",
      user: "ana@example.com",
      origin: "AWS::Lambda",
      resource_arn: "arn:aws:lambda:eu-west-1:123456789012:function:shop",
      annotations: { customer: "ana", session_token: "s3cr3t", cold_start: true },
      metadata: { default: { body: "private" }, import: { total_ms: 3 } },
      http: { request: { method: "GET", url: "https://u:p4ss@x.com/a?key=1#f", client_ip: "10.1.2.3", user_agent: "curl" }, response: { status: 200 } },
      cause: { exceptions: [{ id: "e", type: "KeyError", message: "Bearer abcdefghijkl for AKIAABCDEFGHIJKLMNOP", stack: [{ path: "a.py", line: 1, label: "f" }] }] },
      sql: { url: "postgres://root:p4ss@db/x", user: "root", sanitized_query: "SELECT ?" },
      subsegments: [{ id: "1", name: "SecretsManager", aws: { operation: "GetSecretValue", secret_id: "prod/db", queue_url: "https://sqs/123456789012/jobs" } }],
    },
  ],
});

test("at first what is private stays out, and everything that is met is counted", () => {
  const before = planted();
  const { trace, services, met } = redacted(before, [{ AccountId: "123456789012", Name: "shop" }], usual());
  assert.deepEqual(before, planted());
  assert.deepEqual(trace, {
    Id: "1-5f84c7a5-123456789012000000000000",
    Notices: ["arn:aws:sqs:eu-west-1:000000000000:jobs is gone"],
    Segments: [
      {
        id: "123456789012abcd",
        name: "shop",
        origin: "AWS::Lambda",
        resource_arn: "arn:aws:lambda:eu-west-1:000000000000:function:shop",
        annotations: { customer: "ana", session_token: REMOVED, cold_start: true },
        metadata: { import: { total_ms: 3 } },
        http: { request: { method: "GET", url: "https://x.com/a" }, response: { status: 200 } },
        cause: { exceptions: [{ id: "e", type: "KeyError", message: `${REMOVED} for ${REMOVED}`, stack: [{ path: "a.py", line: 1, label: "f" }] }] },
        sql: { url: "postgres://db/x", sanitized_query: "SELECT ?" },
        subsegments: [{ id: "1", name: "SecretsManager", aws: { operation: "GetSecretValue", secret_id: REMOVED, queue_url: "https://sqs/000000000000/jobs" } }],
      },
    ],
  });
  assert.deepEqual(services, [{ AccountId: "000000000000", Name: "shop" }]);
  assert.deepEqual(met, { annotations: 3, exceptions: 1, sql: 1, metadata: 1, user: 2, client: 2, queries: 1, accounts: 2, secrets: 4 });
});

test("what is chosen goes along unchanged, but for passwords in addresses", () => {
  const all = new Set(PARTS.map((part) => part.name));
  const wanted = planted();
  wanted.Segments[0].http.request.url = "https://x.com/a?key=1#f";
  wanted.Segments[0].sql.url = "postgres://db/x";
  assert.deepEqual(redacted(planted(), [], all).trace, wanted);
});

test("with nothing chosen not even words of exceptions, statements and annotations go along", () => {
  const text = JSON.stringify(redacted(planted(), [], new Set()));
  for (const secret of ['"ana', "s3cr3t", "private", "p4ss", "10.1.2.3", "curl", "AKIA", "Bearer", "SELECT", "a.py", "prod/db", "key=1"]) assert.ok(!text.includes(secret), secret);
});

test("a secret is found by what it is called and by what it looks like", () => {
  const hidden = (metadata) => redacted({ Id: "", Segments: [{ id: "1", name: "x", metadata }] }, [], new Set(["metadata"])).trace.Segments[0].metadata;
  const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc";
  assert.deepEqual(hidden({ a: { apiKey: "1", "X-Auth": ["1"], Cookie: { a: 1 }, password: 7, token: null, tokens_left: true } }), { a: { apiKey: REMOVED, "X-Auth": REMOVED, Cookie: REMOVED, password: REMOVED, token: null, tokens_left: true } });
  assert.deepEqual(hidden({ a: [`x ${jwt} y`, "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", "plain"] }), { a: [`x ${REMOVED} y`, REMOVED, "plain"] });
});

test("imports become names of the import map, and what asks a server is exchanged", () => {
  const source = 'import { a } from "../base.js";\nexport { b } from "./c.js";\nimport*as d from"../api.js";\n/** @typedef {import("../url.js").Place} P */';
  assert.deepEqual(rewritten("map/mini.js", source), {
    text: 'import { a } from "x/base.js";\nexport { b } from "x/map/c.js";\nimport*as d from"x/share/offline-api.js";\n/** @typedef {import("../url.js").Place} P */',
    needs: ["base.js", "map/c.js", "share/offline-api.js"],
  });
  assert.equal(resolved("trace/load.js", "../live.js"), "share/offline-live.js");
});

test("the file has every module that it needs, and none that asks a server", async () => {
  const found = await modules(read);
  const names = [...found.keys()];
  assert.ok(["share/shared.js", "trace/page.js", "map/mini.js", "vendor/preact.mjs"].every((name) => names.includes(name)), names.join());
  assert.deepEqual(names.filter((name) => ["api.js", "live.js", "app.js", "compare/choose.js"].includes(name)), []);
  const left = [...found].filter(([, text]) => /(\bfrom\s*|\bimport\s*)"\./.test(text)).map(([name]) => name);
  assert.deepEqual(left, []);
});

test("style sheets are one text with those that they import, and nothing in it is fetched", async () => {
  const css = await styles(["tokens.css", "app.css", "trace/trace.css"], read);
  assert.ok(css.includes(".compare .card") && css.includes("dialog.share") && css.includes("--accent:"));
  assert.deepEqual(css.match(/@import|url\(|<\//g), null);
});

test("no text of a trace can end its element, and only what has the nonce may run", async () => {
  const data = { trace: { Segments: [{ name: '</script><script>alert("1")</script>' }] }, services: [] };
  const text = await file({ title: '</title><img src=x onerror="alert(1)">', data, sources: new Map([["share/shared.js", "export {};"]]), css: "a{}", nonce: "00ff" });
  assert.ok(text.includes("<title>&lt;/title&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;</title>"));
  assert.ok(text.includes("content=\"default-src 'none'; script-src 'nonce-00ff'; style-src 'nonce-00ff'; img-src data:; base-uri 'none'; form-action 'none'\""));
  assert.deepEqual(text.match(/<script[^>]*>/g), ['<script type="importmap" nonce="00ff">', '<script type="text/plain" id="data">', '<script type="module" nonce="00ff">']);
  const held = /id="data">([^<]*)</.exec(text)[1];
  assert.deepEqual(JSON.parse(gunzipSync(Buffer.from(held, "base64")).toString()), data);
});
