// Cosines, neighbours, and going from point to point.
import assert from "node:assert/strict";
import { test } from "node:test";

import { closest, cosine, neighbours, towards } from "../../rustgpt_lab/views/js/cosine.js";

const turned = (degrees) => [Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)];

test("the cosine is that of the angle, at its moment", () => {
  const values = [...turned(0), ...turned(90), ...turned(180), ...turned(10), ...turned(70), ...turned(40)];
  const directions = { shape: [2, 3, 2], flat: (i) => values[i] };
  assert.ok(Math.abs(cosine(directions, 0, 0, 1)) < 1e-12);
  assert.equal(cosine(directions, 0, 0, 2), -1);
  assert.ok(Math.abs(cosine(directions, 1, 0, 1) - 0.5) < 1e-12);
  assert.deepEqual(neighbours(directions, 1, 0, 2).map(([j]) => j), [2, 1]);
  assert.deepEqual(neighbours(directions, 0, 1, 1).length, 1);
});

test("an arrow key goes to the nearest point on its side", () => {
  const points = [[0, 0], [5, 1], [9, 0], [1, 5], [-2, 0]];
  assert.equal(towards(points, 0, [1, 0]), 1);
  assert.equal(towards(points, 1, [1, 0]), 2);
  assert.equal(towards(points, 0, [0, 1]), 3);
  assert.equal(towards(points, 0, [0, -1]), 0);
  assert.equal(closest(points, [8, 1]), 2);
});
