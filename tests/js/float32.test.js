// A float32's fields, against the numbers that they stand for.
import assert from "node:assert/strict";
import { test } from "node:test";

import { fields, float, formula } from "../../rustgpt_lab/views/js/float32.js";

const bytes = (x) => [...new Uint8Array(new Float32Array([x]).buffer)];

test("the fields make the number again", () => {
  for (const x of [1, -0.15625, 3.4e38, 0.02, -7]) {
    const { sign, exponent, fraction } = fields(bytes(x));
    assert.equal((-1) ** sign * 2 ** (exponent - 127) * (1 + fraction / 2 ** 23), Math.fround(x));
    assert.equal(float(bytes(x)), Math.fround(x));
  }
});

test("the arithmetic in words", () => {
  assert.equal(formula(fields(bytes(-0.15625))), "−2^−3 · 1.25");
  assert.equal(formula(fields(bytes(0))), "2^−126 · 0");
  assert.equal(formula(fields(bytes(-Infinity))), "−∞");
  assert.match(formula(fields([1, 0, 128, 127])), /not a number/);
});
