// What the map of words computes: cosines, neighbours, and the next point in a direction.

/** @typedef {import("./packing.js").Tensor} Tensor */

/**
 * The cosine of words i and j at a moment; `directions` (M, V, d) have length 1.
 * @param {Tensor} directions @param {number} moment @param {number} i @param {number} j
 */
export function cosine(directions, moment, i, j) {
  const [, words, width] = directions.shape;
  const [from, to] = [(moment * words + i) * width, (moment * words + j) * width];
  let sum = 0;
  for (let k = 0; k < width; k++) sum += directions.flat(from + k) * directions.flat(to + k);
  return Math.min(Math.max(sum, -1), 1); // rounding may pass 1
}

/**
 * The `count` words of the greatest cosine with word i, but for itself: [[j, cosine], ...], the nearest first.
 * @param {Tensor} directions @param {number} moment @param {number} i @param {number} count
 */
export function neighbours(directions, moment, i, count) {
  const all = Array.from({ length: directions.shape[1] }, (_, j) => [j, cosine(directions, moment, i, j)]);
  return all.filter(([j]) => j !== i).sort((a, b) => b[1] - a[1]).slice(0, count);
}

/**
 * The point nearest to points[i] within 45 degrees of the direction [dx, dy]; i itself if there is none.
 * @param {number[][]} points @param {number} i @param {number[]} direction
 */
export function towards(points, i, [dx, dy]) {
  const [x, y] = points[i];
  let [best, least] = [i, Infinity];
  points.forEach(([px, py], j) => {
    const along = (px - x) * dx + (py - y) * dy;
    const aside = Math.abs((px - x) * dy - (py - y) * dx);
    const far = Math.hypot(px - x, py - y);
    if (along > 0 && aside <= along && far < least) [best, least] = [j, far];
  });
  return best;
}

/** The point nearest to [x, y]. @param {number[][]} points @param {number[]} place */
export function closest(points, [x, y]) {
  const far = (/** @type {number[]} */ [px, py]) => Math.hypot(px - x, py - y);
  return points.reduce((best, point, j) => (far(point) < far(points[best]) ? j : best), 0);
}
