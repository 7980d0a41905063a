// Ticks, grids and the smooth line.
import assert from "node:assert/strict";
import { test } from "node:test";

import { apart, decades, greatest, grid, nearest, smooth, ticks } from "../../rustgpt_lab/views/js/scale.js";

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

test("a smoothed constant is that constant, from the first step on", () => {
  smooth([3, 3, 3, 3], 0.9).forEach((x) => assert.ok(Math.abs(x - 3) < 1e-12));
  assert.deepEqual(smooth([1, 5, 2], 0), [1, 5, 2]);
  const [, second] = smooth([1, 2], 0.5); // (0.5 * 0.5 * 1 + 0.5 * 2) / (1 - 0.25)
  assert.ok(Math.abs(second - 5 / 3) < 1e-12);
});

test("the greatest entries of a table come first", () => {
  const values = [3, 9, 1, 7, 8, 2];
  const array = { shape: [2, 3], flat: (i) => values[i] };
  assert.deepEqual(greatest(array, 3), [[0, 1], [1, 1], [1, 0]]);
});

test("names are apart, within the picture, and stay where there is room", () => {
  assert.deepEqual(apart([10, 100, 50], 20, 0, 200), [10, 100, 50]);
  assert.deepEqual(apart([10, 10, 10], 20, 0, 200), [10, 30, 50]);
  assert.deepEqual(apart([195, 199, 60], 20, 0, 200), [180, 200, 60]);
  assert.deepEqual(apart([-40], 20, 0, 200), [0]);
});
