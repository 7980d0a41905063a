// Attention of one head, step by step, on lists of numbers (Vaswani et al. 2017, eq. 1).

/** @type {(a: number[], b: number[]) => number} */
const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

/**
 * q, k, v: a list of numbers for each word. Gives { products: q·k, scores: divided by √d, seen: whether word i may look
 * at word j, weights: the softmax of each row over what it may see, mix: the average of the values by weight }.
 * @param {Record<"q" | "k" | "v", number[][]>} vectors @param {boolean} masked
 */
export function attend({ q, k, v }, masked) {
  const products = q.map((query) => k.map((key) => dot(query, key)));
  const root = Math.sqrt(q[0].length);
  const scores = products.map((row) => row.map((x) => x / root));
  /** @type {(i: number, j: number) => boolean} */
  const seen = (i, j) => !masked || j <= i;
  const weights = scores.map((row, i) => {
    const most = Math.max(...row.filter((_, j) => seen(i, j)));
    const e = row.map((x, j) => (seen(i, j) ? Math.exp(x - most) : 0));
    const sum = e.reduce((total, x) => total + x, 0);
    return e.map((x) => x / sum);
  });
  const mix = weights.map((row) => v[0].map((_, c) => dot(row, v.map((value) => value[c]))));
  return { products, scores, seen, weights, mix };
}
