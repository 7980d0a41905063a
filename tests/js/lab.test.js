// What the live views compute before they draw.
import assert from "node:assert/strict";
import { test } from "node:test";

import { inkOn, number, ramp } from "../../rustgpt_lab/views/js/lab.js";
import { unpack } from "../../rustgpt_lab/views/js/packing.js";
import { PALETTE } from "../../rustgpt_lab/views/js/palette.js";

function buffer(typed, offset = 0) {
  const whole = new Uint8Array(offset + typed.byteLength);
  whole.set(new Uint8Array(typed.buffer), offset);
  return new DataView(whole.buffer, offset);
}

test("arrays are read row by row, wherever their bytes begin", () => {
  const packed = { shape: [2, 3], dtype: "float32", buffer: buffer(new Float32Array([0, 1, 2, 3, 4, 5]), 3) };
  const { rows: [array], name } = unpack({ rows: [packed], name: "x" });
  assert.equal(array.at(1, 0), 3);
  assert.equal(array.flat(5), 5);
  assert.deepEqual([array.shape, name], [[2, 3], "x"]);
});

test("quantised arrays come back in their range", () => {
  const array = unpack({ shape: [3], dtype: "uint8", low: -1, high: 1, buffer: buffer(new Uint8Array([0, 51, 255])) });
  [-1, -0.6, 1].forEach((value, i) => assert.ok(Math.abs(array.at(i) - value) < 1e-12));
});

test("numbers are written for people", () => {
  const written = [0, 1, -0.5, 1 / 3, 1234567, 0.00001234, 1e-5, -Infinity, NaN].map((x) => number(x));
  assert.deepEqual(written, ["0", "1", "−0.5", "0.3333", "1.235e+6", "1.234e−5", "1e−5", "−∞", "not a number"]);
  assert.equal(number(0.0984375, 2), "0.098");
});

test("a ramp meets its stops, is straight between them, and clamps", () => {
  const colour = ramp(["#000000", "#ff8000", "#ffffff"]);
  assert.deepEqual([colour(-1), colour(0.25), colour(0.5), colour(2)],
    [[0, 0, 0], [128, 64, 0], [255, 128, 0], [255, 255, 255]]);
});

test("the ink on every colour of every palette reads at 4.5 : 1", () => {
  const light = (rgb) => rgb
    .map((v) => v / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  for (const mode of ["light", "dark"]) {
    for (const kind of ["sequential", "diverging"]) {
      const colour = ramp(PALETTE[kind][mode]);
      for (let t = 0; t <= 1; t += 0.01) {
        for (const rgb of [colour(t), new Uint8ClampedArray(colour(t))]) {
          const pair = [light([...rgb]), inkOn(rgb) === "#000" ? 0 : 1].sort((a, b) => b - a);
          assert.ok((pair[0] + 0.05) / (pair[1] + 0.05) >= 4.5, `${kind} ${mode} ${t}`);
        }
      }
    }
  }
});
