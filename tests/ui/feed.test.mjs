// The rows of the list as they come and go, against a server of the test's own that answers as the real one does: by the second
// of a trace's id, the newest first.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Feed, GATHERED_MS, MOST_ROWS, stretches } from "../../local/xray_local/ui/traces/feed.js";

const NOW = 1_800_000_000;
const id = (second, number = 0) => `1-${second.toString(16).padStart(8, "0")}-${number.toString(16).padStart(24, "0")}`;
const trace = (second, number = 0, more = {}) => ({ Id: id(second, number), StartTime: second, Duration: 1, ResponseTime: 1, ...more });

let stored, asked, feed, hint;

beforeEach(() => {
  [stored, asked, hint] = [[], [], null];
  const ask = async (query) => {
    asked.push(query);
    if (query.filter === "bad") throw new Error("column 1: bad");
    const second = (one) => parseInt(one.Id.slice(2, 10), 16);
    const found = stored.filter((one) => second(one) >= query.start && second(one) <= query.end && (!query.filter || one.filter === query.filter));
    found.sort((one, other) => second(other) - second(one) || (one.Id < other.Id ? 1 : -1));
    return { Traces: found.slice(0, query.limit), Deeper: hint, More: found.length > query.limit };
  };
  feed = new Feed(ask, () => undefined, () => NOW);
});

const listed = () => [...feed.rows.keys()].sort();
/** What the server tells, and the time until it was fetched. */
async function news(...ids) {
  feed.changed(ids);
  await new Promise((done) => setTimeout(done, GATHERED_MS + 50));
}

test("a long list comes in pages, each trace once, also where a second has more than a page", async () => {
  for (let number = 0; number < 3000; number += 1) stored.push(trace(NOW - 60, number));
  for (let number = 0; number < 2500; number += 1) stored.push(trace(NOW - 100 - number, number));
  await feed.load({ timeRange: "PT3H" });
  assert.deepEqual([feed.rows.size, feed.more, feed.loading, feed.error], [5500, false, false, null]);
  assert.deepEqual(listed(), stored.map((one) => one.Id).sort());
});

test("more than the list takes is said, exactly as many as it takes are not", async () => {
  stored = Array.from({ length: MOST_ROWS + 1 }, (_none, number) => trace(NOW - 10 - Math.floor(number / 4), number));
  await feed.load({ timeRange: "PT3H" });
  assert.deepEqual([feed.rows.size, feed.more], [MOST_ROWS, true]);
  stored.pop();
  await feed.load({ timeRange: "PT3H" });
  assert.deepEqual([feed.rows.size, feed.more], [MOST_ROWS, false]);
});

test("what is new is fetched by its second and listed", async () => {
  stored = [trace(NOW - 50)];
  await feed.load({ timeRange: "PT1H", filter: undefined });
  asked.length = 0;
  stored.push(trace(NOW - 2), trace(NOW - 3));
  await news(id(NOW - 2), id(NOW - 3));
  assert.deepEqual(asked, [{ start: NOW - 3, end: NOW - 2 + 0.999, filter: undefined, limit: MOST_ROWS }]);
  assert.deepEqual(listed(), [id(NOW - 50), id(NOW - 3), id(NOW - 2)]);
});

test("a trace that changed is changed in the list, and leaves it when it matches no longer", async () => {
  stored = [trace(NOW - 5, 1, { filter: "fault", HasFault: true }), trace(NOW - 5, 2, { filter: "fault" })];
  await feed.load({ timeRange: "PT1H", filter: "fault" });
  stored = [trace(NOW - 5, 1, { filter: "fault", HasError: true }), trace(NOW - 5, 2)];
  await news(id(NOW - 5, 1), id(NOW - 5, 2));
  assert.deepEqual([...feed.rows.values()].map((row) => [row.id, row.status]), [[id(NOW - 5, 1), "error"]]);
});

test("while somebody reads, new traces wait and are counted once; known ones go on changing", async () => {
  stored = [trace(NOW - 9, 1, { IsPartial: true })];
  await feed.load({ timeRange: "PT1H" });
  feed.holding = true;
  stored = [trace(NOW - 9, 1), trace(NOW - 1, 2)];
  await news(id(NOW - 9, 1), id(NOW - 1, 2));
  await news(id(NOW - 1, 2));
  assert.deepEqual([feed.news, [...feed.rows.values()].map((row) => row.status)], [1, ["ok"]]);
  feed.show();
  assert.deepEqual([feed.news, listed()], [0, [id(NOW - 9, 1), id(NOW - 1, 2)]]);
});

test("a paused list does not change at all until it goes on", async () => {
  stored = [trace(NOW - 9, 1, { IsPartial: true })];
  await feed.load({ timeRange: "PT1H" });
  const before = feed.rows;
  feed.paused = true;
  stored = [trace(NOW - 9, 1), trace(NOW - 1, 2)];
  await news(id(NOW - 9, 1), id(NOW - 1, 2));
  feed.expire();
  assert.deepEqual([feed.rows, feed.news], [before, 1]);
  feed.paused = false;
  feed.show();
  assert.deepEqual([...feed.rows.values()].map((row) => [row.id, row.status]).sort(), [[id(NOW - 9, 1), "ok"], [id(NOW - 1, 2), "ok"]]);
});

test("nothing of before the list was cleared comes back, and what leaves the time range goes", async () => {
  stored = [trace(NOW - 20), trace(NOW - 5)];
  await feed.load({ timeRange: "PT1H", since: NOW - 10 });
  await news(id(NOW - 20));
  assert.deepEqual(listed(), [id(NOW - 5)]);
  await feed.load({ timeRange: "PT1M" });
  feed.now = () => NOW + 45;
  feed.expire();
  assert.deepEqual(listed(), [id(NOW - 5)]);
});

test("a filter that cannot be read empties the list and says why; a good one shows it again, with what the server says to try", async () => {
  stored = [trace(NOW - 5)];
  await feed.load({ filter: "bad" });
  assert.deepEqual([feed.error?.message, feed.rows.size, feed.loading], ["column 1: bad", 0, false]);
  hint = "try: x";
  await feed.load({ filter: "none" });
  assert.deepEqual([feed.error, feed.rows.size, feed.deeper], [null, 0, "try: x"]);
});

test("an answer to an earlier question is not shown", async () => {
  stored = [trace(NOW - 5, 1, { filter: "one" }), trace(NOW - 5, 2, { filter: "two" })];
  const first = feed.load({ filter: "one" });
  await Promise.all([first, feed.load({ filter: "two" })]);
  assert.deepEqual(listed(), [id(NOW - 5, 2)]);
});

test("changes that lie close are one question, and many scattered ones are one, too", () => {
  assert.deepEqual(stretches([5, 1, 3, 100]), [{ start: 1, end: 5 }, { start: 100, end: 100 }]);
  assert.deepEqual(stretches(Array.from({ length: 9 }, (_none, place) => place * 100)), [{ start: 0, end: 800 }]);
  assert.deepEqual(stretches([]), []);
});
