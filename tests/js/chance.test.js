// What a strategy makes of scores, in small cases; test_next_word.py compares with Python.
import assert from "node:assert/strict";
import { test } from "node:test";

import { distribution, drawn, softmax } from "../../rustgpt_lab/views/js/chance.js";

const scores = [0.5, 0.25, 0.15, 0.1].map(Math.log);
const all = { temperature: 1, top_k: null, top_p: null };
const near = (found, meant) => found.forEach((p, i) => assert.ok(Math.abs(p - meant[i]) < 1e-12, `${found}`));

test("settings that change nothing leave the model's own", () => {
  near(softmax(scores), [0.5, 0.25, 0.15, 0.1]);
  near(distribution(scores, [0], all), [0.5, 0.25, 0.15, 0.1]);
  near(distribution(scores, [0], { ...all, top_k: 9, top_p: 1, repetition_penalty: 1 }), [0.5, 0.25, 0.15, 0.1]);
});

test("each setting does what it says", () => {
  near(distribution(scores, [], { ...all, temperature: 0.5 }), [0.25, 0.0625, 0.0225, 0.01].map((p) => p / 0.345));
  near(distribution(scores, [], { ...all, temperature: 0 }), [1, 0, 0, 0]);
  near(distribution(scores, [], { ...all, top_k: 2 }), [2 / 3, 1 / 3, 0, 0]);
  near(distribution(scores, [], { ...all, top_p: 0.6 }), [2 / 3, 1 / 3, 0, 0]);
  near(distribution(scores, [], { ...all, top_p: 1e-9 }), [1, 0, 0, 0]);
  near(distribution([2, -1, 0], [0, 1], { ...all, repetition_penalty: 2 }), softmax([1, -2, 0]));
  near(distribution([1, 1, 1], [], { ...all, top_k: 2 }), [0.5, 0.5, 0]);
});

test("a draw never takes what has no probability", () => {
  const p = [0, 0.25, 0, 0.75, 0];
  assert.deepEqual([0, 0.2499, 0.25, 0.999999, 1].map((chance) => drawn(p, chance)), [1, 1, 3, 3, 3]);
});
