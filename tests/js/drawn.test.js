// What a stroke sets, what fills the gaps of a curve, and lengths as shares.
import assert from "node:assert/strict";
import { test } from "node:test";

import { filled, shares, stroke } from "../../rustgpt_lab/views/js/drawn.js";

test("a stroke sets every place on its way, in both directions", () => {
  assert.deepEqual(stroke([1, 0], [4, 3]), [[1, 0], [2, 1], [3, 2], [4, 3]]);
  assert.deepEqual(stroke([2, 4], [0, 0]), [[2, 4], [1, 2], [0, 0]]);
  assert.deepEqual(stroke([2, 4], [2, 1]), [[2, 1]]);
});

test("a gap lies on the line between its neighbours, an end is level", () => {
  assert.deepEqual(filled([null, 2, null, null, 5, null]), [2, 2, 3, 4, 5, 5]);
  assert.deepEqual(filled([null, null]), [null, null]);
  assert.deepEqual(filled([0, null]), [0, 0]);
});

test("shares sum to 1 as soon as there is something", () => {
  assert.deepEqual(shares([1, null, 3]), [0.25, 0, 0.75]);
  assert.deepEqual(shares([null, 0]), [0, 0]);
});
