// Losses of two weights, each with its gradient, and the lines of equal loss. gallery/valley.py has the same.

/** @typedef {number[]} Place two weights */
/** @typedef {(place: Place) => number} Loss */

/** @type {Record<"bowl" | "saddle" | "ravine", { loss: Loss, gradient: (place: Place) => Place }>} */
export const LANDSCAPES = {
  bowl: {
    loss: ([x, y]) => (x ** 2 + 25 * y ** 2) / 2,
    gradient: ([x, y]) => [x, 25 * y],
  },
  saddle: {
    loss: ([x, y]) => (x ** 2 - 1) ** 2 / 4 + 2 * y ** 2,
    gradient: ([x, y]) => [x ** 3 - x, 4 * y],
  },
  ravine: { // Rosenbrock 1960, with 10 in place of 100
    loss: ([x, y]) => (1 - x) ** 2 + 10 * (y - x ** 2) ** 2,
    gradient: ([x, y]) => [-2 * (1 - x) - 40 * x * (y - x ** 2), 20 * (y - x ** 2)],
  },
};

/**
 * Where a function of a plane has a value: pieces of lines [[x, y], [x, y]], from its values at the corners of small
 * cells ("marching squares"), straight in each cell.
 * @param {Loss} f @param {number[]} box left, right, low, high @param {number} level
 */
export function contour(f, [left, right, low, high], level, columns = 96, rows = 64) {
  const x = (/** @type {number} */ i) => left + (right - left) * i / columns;
  const y = (/** @type {number} */ j) => low + (high - low) * j / rows;
  const values = Array.from({ length: rows + 1 }, (_, j) =>
    Array.from({ length: columns + 1 }, (__, i) => f([x(i), y(j)]) - level));
  /** @type {[Place, Place][]} */
  const pieces = [];
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++) {
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
      const ends = corners.flatMap(([a, b], k) => {
        const [c, d] = corners[(k + 1) % 4];
        const [u, v] = [values[b][a], values[d][c]];
        if ((u < 0) === (v < 0)) return [];
        const part = u / (u - v);
        return [[x(a + part * (c - a)), y(b + part * (d - b))]];
      });
      for (let k = 0; k + 1 < ends.length; k += 2) pieces.push([ends[k], ends[k + 1]]);
    }
  }
  return pieces;
}
