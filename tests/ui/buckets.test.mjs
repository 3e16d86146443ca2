// Bars of distributions, and ranges among them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { covered, fromHistogram, fromValues, merged, parseRange, places, rangeText, ticks } from "../../local/xray_local/ui/buckets.js";

test("bars of like times are even, hold every value once, and the last one holds the greatest", () => {
  assert.deepEqual(fromValues([0.1, 0.12, 0.15, 0.15], 5), [
    { from: 0.1, to: 0.11, count: 1 }, { from: 0.11, to: 0.12, count: 0 }, { from: 0.12, to: 0.13, count: 1 }, { from: 0.13, to: 0.14, count: 0 }, { from: 0.14, to: 0.15, count: 2 },
  ]);
});

test("times that differ much have bars that grow, and none is lost", () => {
  const values = Array.from({ length: 500 }, (_none, place) => 0.001 * 1.02 ** place);
  const bars = fromValues(values, 20);
  assert.equal(bars.reduce((sum, bar) => sum + bar.count, 0), 500);
  assert.ok(bars.every((bar, place) => bar.from < bar.to && (!place || bar.from === bars[place - 1].to)));
  assert.ok(bars.at(-1).to - bars.at(-1).from > 50 * (bars[0].to - bars[0].from));
});

test("no value gives no bar, and one or equal values give one", () => {
  const [first, second] = fromValues([0, 0.05, 1, 2, 3], 20);
  assert.deepEqual([first.from, first.count, second.from === first.to, covered([first, second], 0, 0).from], [0, 1, true, 0]);
  assert.deepEqual([fromValues([]), fromValues([0]), fromValues([0.5, 0.5])], [[], [{ from: 0, to: 0.001, count: 1 }], [{ from: 0.5, to: 0.501, count: 2 }]]);
});

test("a histogram of the API counts what it says, and histograms add up by value", () => {
  const one = [{ Value: 0.1, Count: 3 }, { Value: 0.2, Count: 1 }];
  assert.deepEqual(fromHistogram(one, 2), [{ from: 0.1, to: 0.15, count: 3 }, { from: 0.15, to: 0.2, count: 1 }]);
  assert.deepEqual(merged([one, [{ Value: 0.2, Count: 5 }, { Value: 0.05, Count: 1 }]]), [{ Value: 0.05, Count: 1 }, { Value: 0.1, Count: 3 }, { Value: 0.2, Count: 6 }]);
});

test("a range of bars is a range of times and back, whichever end was dragged first", () => {
  const bars = fromValues([0.1, 0.15], 5);
  const range = covered(bars, 3, 1);
  assert.deepEqual([range, places(bars, range), places(bars, { from: 9, to: 10 }), places(bars, { from: 0, to: 0.01 })], [{ from: 0.11, to: 0.14 }, [1, 3], [4, 4], [0, 0]]);
});

test("ranges survive the address, and what is none is no range", () => {
  assert.deepEqual(
    [parseRange(rangeText({ from: 0.1, to: 2 })), rangeText(null), ...["", undefined, "2~1", "a~b", "~", "-1~2", "1"].map(parseRange)],
    [{ from: 0.1, to: 2 }, "", null, null, null, null, null, null, null],
  );
});

test("some of the bars are labelled, evenly and not at the very end", () => {
  assert.deepEqual(ticks(fromValues([0, 0.04], 40), 4), [0, 10, 20, 30]);
});
