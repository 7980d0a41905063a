// Byte pair encoding (Sennrich et al. 2016, algorithm 1) on the letters of a text. gallery/byte_pairs.py does the same.

/**
 * The pairs of neighbours inside of words, each a list of pieces: [[left, right, count], ...], the most frequent first;
 * of those that are equally frequent, the one that comes first in the text.
 */
export function counted(words) {
  const counts = new Map(); // a Map keeps its keys in the order in which they came
  for (const pieces of words) {
    for (let i = 0; i + 1 < pieces.length; i++) {
      const key = JSON.stringify([pieces[i], pieces[i + 1]]);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([key, count]) => [...JSON.parse(key), count]);
}

/**
 * A word's pieces with a pair joined wherever it stands, from left to right.
 * @param {string[]} pieces @param {any[]} pair
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
 */
export function merging(words, most) {
  let now = words.map((word) => [...word]);
  const steps = [];
  for (;;) {
    const pairs = counted(now);
    steps.push({ words: now, pairs });
    if (steps.length > most || !pairs.length || pairs[0][2] < 2) return steps;
    const [pair] = pairs;
    now = now.map((pieces) => joined(pieces, pair));
  }
}
