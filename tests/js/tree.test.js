// The tree of a file, against one that is small enough to draw.
import assert from "node:assert/strict";
import { test } from "node:test";

import { fileTree } from "../../rustgpt_lab/views/js/tree.js";

const array = (values) => ({ shape: [values.length], flat: (i) => values[i] });

// file [0, 20)
// ├ words [2, 8): the [2, 5), sun [6, 8)
// └ weights [10, 20)
const names = ["file", "words", "the", "sun", "weights"];
const tree = fileTree({
  names, kinds: names, values: names, offsets: array([0, 2, 2, 6, 10]), lengths: array([20, 6, 3, 2, 10]),
  spans: array([5, 3, 1, 1, 1]),
});

test("every byte belongs to the smallest node that holds it", () => {
  const found = Array.from({ length: 20 }, (_, byte) => names[tree.at(byte)]);
  const count = (name) => found.filter((other) => other === name).length;
  assert.deepEqual(names.map(count), [4, 1, 3, 2, 10]);
  assert.deepEqual([2, 5, 7, 9, 19].map((byte) => found[byte]), ["the", "words", "sun", "file", "weights"]);
});

test("a path leads from the file to the node", () => {
  assert.deepEqual(tree.path(3), [0, 1, 3]);
  assert.deepEqual(names.map((_, node) => tree.parent(node)), [-1, 0, 1, 1, 0]);
});

test("only what is below open nodes is seen", () => {
  assert.deepEqual(tree.seen(new Set()), [0]);
  assert.deepEqual(tree.seen(new Set([0])), [0, 1, 4]);
  assert.deepEqual(tree.seen(new Set([1])), [0]);
  assert.deepEqual(tree.seen(new Set([0, 1])), [0, 1, 2, 3, 4]);
});
