// The lines of equal loss, against a circle and a saddle.
import assert from "node:assert/strict";
import { test } from "node:test";

import { contour, LANDSCAPES } from "../../rustgpt_lab/views/js/landscapes.js";

const length = (pieces) => pieces.reduce((sum, [[a, b], [c, d]]) => sum + Math.hypot(c - a, d - b), 0);

test("a contour of x² + y² is a circle, whole and closed", () => {
  const pieces = contour(([x, y]) => x * x + y * y, [-2, 2, -2, 2], 1);
  pieces.flat().forEach(([x, y]) => assert.ok(Math.abs(Math.hypot(x, y) - 1) < 1e-3));
  assert.ok(Math.abs(length(pieces) - 2 * Math.PI) < 0.01);
  const ends = new Map();
  pieces.flat().forEach((p) => {
    const key = p.map((v) => v.toFixed(9)).join();
    ends.set(key, (ends.get(key) ?? 0) + 1);
  });
  assert.ok([...ends.values()].every((count) => count === 2));
});

test("every point of a contour has its loss, and what no cell reaches has none", () => {
  const { loss } = LANDSCAPES.saddle;
  for (const level of [0.1, 0.25, 1]) {
    const pieces = contour(loss, [-2, 2, -1.2, 1.2], level);
    assert.ok(pieces.length > 50);
    pieces.flat().forEach((p) => assert.ok(Math.abs(loss(p) - level) < 0.03 * Math.max(level, 0.1)));
  }
  assert.deepEqual(contour(loss, [-2, 2, -1.2, 1.2], -1), []);
});
