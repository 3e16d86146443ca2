// The frame's pure parts: time ranges in words, files in parcels.
import assert from "node:assert/strict";
import { test } from "node:test";
import { duration } from "../../local/xray_local/ui/format.js";
import * as parcels from "../../local/xray_local/ui/parcels.js";
import * as period from "../../local/xray_local/ui/period.js";
import { timeRange } from "../../local/xray_local/ui/url.js";

process.env.TZ = "Europe/Berlin";
const ID = "1-5f84c7a6-000000000000000000000002";

test("durations have one unit, or two from two minutes on, and never sixty of one", () => {
  const day = 86_400;
  const values = [null, NaN, -1, 0, 0.0000004, 0.00084, 0.9996e-3, 0.0123, 0.09996, 0.4567, 0.9996, 1.842, 119.99, 119.999, 125, 179.7, 3569, 3599, 3600, 7200, 7500, day - 1, day, 2 * day - 1, 14 * day - 120, 14 * day + 3 * 3600];
  assert.deepEqual(values.map(duration), [
    "–", "–", "0 ms", "0 ms", "0 ms", "840 µs", "1 ms", "12.3 ms", "100 ms", "457 ms", "1 s", "1.84 s", "119.99 s", "2 min", "2 min 5 s", "3 min", "59 min 29 s", "1 h", "1 h", "2 h",
    "2 h 5 min", "1 d", "1 d", "2 d", "14 d", "14 d 3 h",
  ]);
});

test("time ranges are said in words, and nonsense is the last hour", () => {
  assert.deepEqual(
    ["PT5M", "PT1H", "P1DT2H", "P7D", undefined, "nonsense"].map(period.words),
    ["Last 5 minutes", "Last hour", "Last day 2 hours", "Last 7 days", "Last hour", "Last hour"],
  );
  assert.match(period.words("2026-03-01T10:00:00Z~2026-03-01T11:30:00Z"), /^\D*1\D*, 11:00\D+12:30\D*$/);
  assert.doesNotMatch(period.words("2026-03-01T13:00:00Z~2026-03-01T14:30:00Z"), /[AP]M/i);
});

test("a form's start and end become a range in UTC, and what is missing or turned around is said", () => {
  const at = Date.parse("2026-07-01T10:00:00Z") / 1000;
  assert.equal(period.forInput(at), "2026-07-01T12:00:00");
  assert.deepEqual(
    [period.between(period.forInput(at), period.forInput(at + 60)), period.between("", "x"), period.between("2026-07-01T12:00", ""), period.between("2026-07-01T12:00", "2026-07-01T12:00")],
    [{ value: "2026-07-01T10:00:00.000Z~2026-07-01T10:01:00.000Z" }, { problem: "The start needs a date and a time." }, { problem: "The end needs a date and a time." },
      { problem: "The start has to be before the end." }],
  );
});

test("the range around imported traces holds all of them", () => {
  const { start, end, live } = timeRange(period.around(parcels.moments([ID, "1-5f84c7b6-000000000000000000000002", "no id"])));
  assert.deepEqual([start, end, live], [0x5f84c7a6 - 60, 0x5f84c7b6 + 60, false]);
});

test("files are cut into parcels without losing or mixing anything, in each of their forms", () => {
  const documents = Array.from({ length: 10 }, (_none, number) => ({ id: String(number), text: "x".repeat(50) }));
  for (const text of [JSON.stringify(documents), JSON.stringify({ Traces: documents }), documents.map((one) => JSON.stringify(one)).join("\r\n\n")]) {
    const found = parcels.parcels(text, 200);
    assert.deepEqual(found.flat(), documents);
    assert.ok(found.length === 5 && found.every((parcel) => JSON.stringify(parcel).length <= 200 + parcel.length + 1));
  }
  assert.deepEqual([parcels.parcels('{"id": "1"}'), parcels.parcels("[]"), parcels.parcels(JSON.stringify(documents[0]), 10).length], [[[{ id: "1" }]], [], 1]);
  assert.throws(() => parcels.parcels("hello"), SyntaxError);
});

test("the report counts and groups", () => {
  assert.deepEqual(
    [{ imported: 1, refused: [], ids: [ID] }, { imported: 1200, refused: ["a"], ids: [ID, "x"] }, { imported: 0, refused: ["a", "b"], ids: [] }].map(parcels.told),
    ["1 document of 1 trace was imported.", "1,200 documents of 2 traces were imported; 1 document was refused.", "Nothing was imported; 2 documents were refused."],
  );
  assert.deepEqual(parcels.reasons(["a", "b", "b"]), [["b", 2], ["a", 1]]);
});

test("a file is named by its trace or by the time", () => {
  assert.deepEqual(
    [parcels.fileName([ID]), parcels.fileName([ID, ID], new Date("2026-07-01T10:00:00Z"))],
    [`trace-${ID}.json`, "traces-2026-07-01T100000.json"],
  );
});
