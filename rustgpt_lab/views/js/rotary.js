// Rotary positions: `layers/rotary.py` once more, for one head and adjacent pairs (Su et al. 2021, eq. 34).

/**
 * The angle by which a position turns each pair of numbers: position * base^(-2i / width).
 * @param {number} position @param {number} width @param {number} base
 */
export function angles(position, width, base) {
  return Array.from({ length: width / 2 }, (_, i) => position * base ** (-2 * i / width));
}

/**
 * A vector with every adjacent pair turned by its angle.
 * @param {number[]} vector @param {number} position @param {number} base
 */
export function turned(vector, position, base) {
  /** @type {number[]} */
  const found = [];
  angles(position, vector.length, base).forEach((angle, i) => {
    const [a, b, cos, sin] = [vector[2 * i], vector[2 * i + 1], Math.cos(angle), Math.sin(angle)];
    found.push(a * cos - b * sin, a * sin + b * cos);
  });
  return found;
}

/**
 * What each pair adds to the score of a query and a key at their positions, q·k / √width, and their sum.
 * @param {number[]} query @param {number[]} key @param {number[]} places @param {number} base
 */
export function scored(query, key, places, base) {
  const [q, k] = [turned(query, places[0], base), turned(key, places[1], base)];
  const root = Math.sqrt(query.length);
  const parts = Array.from({ length: query.length / 2 }, (_, i) =>
    (q[2 * i] * k[2 * i] + q[2 * i + 1] * k[2 * i + 1]) / root);
  return { q, k, parts, score: parts.reduce((sum, part) => sum + part, 0) };
}
