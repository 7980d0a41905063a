// The library's optimizers (rustgpt_lab.optim) once more, on lists of numbers, so that a path follows a drag.

/** From the weights and their gradient to the next weights. @typedef {(w: number[], g: number[]) => number[]} Step */

/**
 * Plain descent, with momentum if wanted: u = momentum u + g, then w -= rate u. As `optim.Descent`.
 * @param {number} rate @returns {Step}
 */
export function descent(rate, momentum = 0) {
  let u = [0, 0];
  return (w, g) => {
    u = u.map((old, i) => momentum * old + g[i]);
    return w.map((old, i) => old - rate * u[i]);
  };
}

/**
 * Adam (Kingma and Ba 2015, algorithm 1). As `optim.Adam`.
 * @param {number} rate @param {number} beta1 @param {number} beta2 @returns {Step}
 */
export function adam(rate, beta1, beta2, epsilon = 1e-8) {
  let [m, v, t] = [[0, 0], [0, 0], 0];
  return (w, g) => {
    t += 1;
    m = m.map((old, i) => beta1 * old + (1 - beta1) * g[i]);
    v = v.map((old, i) => beta2 * old + (1 - beta2) * g[i] ** 2);
    return w.map((old, i) => old - rate * (m[i] / (1 - beta1 ** t)) / (Math.sqrt(v[i] / (1 - beta2 ** t)) + epsilon));
  };
}

/**
 * Where some steps lead: count + 1 points, the first is `start`.
 * @param {(w: number[]) => number[]} gradient @param {number[]} start @param {Step} step @param {number} count
 */
export function rolled(gradient, start, step, count) {
  const path = [start];
  for (let k = 0; k < count; k++) path.push(step(path[k], gradient(path[k])));
  return path;
}
