// Ticks, grids and labels.
import assert from "node:assert/strict";
import { test } from "node:test";

import { decades, greatest, grid, nearest, rounds, spread, ticks } from "../../rustgpt_lab/views/js/scale.js";

test("ticks are round and inside", () => {
  assert.deepEqual(ticks(0, 7.3), [0, 2, 4, 6]);
  assert.deepEqual(ticks(0, 0.0004), [0, 0.0001, 0.0002, 0.0003, 0.0004]);
  assert.deepEqual(ticks(3, 3), [3]);
});

test("decades are powers of ten, never too many", () => {
  assert.deepEqual(decades(0.03, 250), [0.1, 1, 10, 100]);
  assert.ok(decades(1e-12, 1e3).length <= 6);
  assert.deepEqual(decades(0.03, 250, 2), [0.1, 10]);
  assert.deepEqual(decades(0.2, 0.3), []);
});

test("a grid holds 1, 2, 5, and the nearest entry goes by ratio", () => {
  const values = grid(-2, 0);
  assert.deepEqual(values, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]);
  assert.equal(values[nearest(values, 0.0331, true)], 0.05);
  assert.equal(values[nearest(values, 0.0331)], 0.02);
});

test("a log scale has ticks, however narrow it is", () => {
  assert.deepEqual(rounds(1, 12000), [1, 10, 100, 1000, 10000]);
  assert.deepEqual(rounds(1, 40), [1, 2, 5, 10, 20]);
  assert.deepEqual(rounds(20, 33), [20, 25, 30]);
});

test("labels keep their order, their distance, and within their frame", () => {
  assert.deepEqual(spread([50, 10], 18, 0, 100), [50, 10]);
  assert.deepEqual(spread([98, 99, 100], 18, 0, 100), [64, 82, 100]);
  assert.deepEqual(spread([3, 1, 2], 18, 1, 100), [37, 1, 19]);
});

test("the greatest entries of a table come first", () => {
  const values = [3, 9, 1, 7, 8, 2];
  const array = { shape: [2, 3], flat: (i) => values[i] };
  assert.deepEqual(greatest(array, 3), [[0, 1], [1, 1], [1, 0]]);
});
