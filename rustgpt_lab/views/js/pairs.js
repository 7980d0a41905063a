// Byte pair encoding (Sennrich et al. 2016, algorithm 1) on the letters of a text. gallery/byte_pairs.py does the same.

/** Two pieces side by side, and how often they are so. @typedef {[left: string, right: string, count: number]} Pair */

/**
 * The pairs of neighbours inside of words, each a list of pieces, the most frequent first; of those that are equally
 * frequent, the one that comes first in the text.
 * @param {string[][]} words @returns {Pair[]}
 */
export function counted(words) {
  /** @type {Map<string, Pair>} */
  const counts = new Map(); // a Map keeps its keys in the order in which they came
  for (const pieces of words) {
    for (let i = 0; i + 1 < pieces.length; i++) {
      const [left, right] = pieces.slice(i, i + 2);
      const key = JSON.stringify([left, right]);
      counts.set(key, [left, right, (counts.get(key)?.[2] ?? 0) + 1]);
    }
  }
  return [...counts.values()].sort((a, b) => b[2] - a[2]);
}

/**
 * A word's pieces with a pair joined wherever it stands, from left to right.
 * @param {string[]} pieces @param {Pair} pair
 */
export function joined(pieces, [left, right]) {
  const found = [];
  for (let i = 0; i < pieces.length; i++) {
    const here = pieces[i] === left && pieces[i + 1] === right;
    found.push(here ? left + right : pieces[i]);
    if (here) i += 1;
  }
  return found;
}

/**
 * Words, after 0, 1, 2, … merges: [{ words: the pieces of each, pairs: as `counted` }]. The first pair of a step is
 * merged next; it ends after `most` merges, or when no pair occurs twice.
 * @param {string[]} words @param {number} most
 */
export function merging(words, most) {
  let now = words.map((word) => [...word]);
  /** @type {{ words: string[][], pairs: Pair[] }[]} */
  const steps = [];
  for (;;) {
    const pairs = counted(now);
    steps.push({ words: now, pairs });
    if (steps.length > most || !pairs.length || pairs[0][2] < 2) return steps;
    const [pair] = pairs;
    now = now.map((pieces) => joined(pieces, pair));
  }
}
