// What a chart computes before it draws: ticks, round numbers to choose from, a smooth line through a jagged one.

/** About `count` round numbers, evenly spaced from `low` to `high`. */
export function ticks(low, high, count = 4) {
  const raw = (high - low) / count;
  if (!(raw > 0)) return [low];
  const ten = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * ten).find((s) => s >= raw * (1 - 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const found = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: found }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** The powers of ten from `low` to `high`, both above 0; every second, third, … if they are more than `most`. */
export function decades(low, high, most = 6) {
  const [from, to] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const stride = Math.max(1, Math.ceil((to - from + 1) / most));
  return Array.from({ length: Math.max(0, Math.floor((to - from) / stride) + 1) }, (_, i) => 10 ** (from + i * stride));
}

/** 1, 2, 5 times the powers of ten from 10 ** `from` up to 10 ** `to`. */
export function grid(from, to) {
  const all = [];
  for (let k = from; k < to; k++) all.push(...[1, 2, 5].map((m) => Number(`${m}e${k}`)));
  return [...all, Number(`1e${to}`)];
}

/** The place of the entry that is nearest to `value`, by ratio if `ratio`, else by difference. */
export function nearest(values, value, ratio = false) {
  const far = (x) => Math.abs(ratio ? Math.log(x / value) : x - value);
  return values.reduce((best, x, i) => (far(x) < far(values[best]) ? i : best), 0);
}

/** The exponential moving average with weight `beta` in [0, 1) on the past, corrected for its start as Adam's m is. */
export function smooth(values, beta) {
  let [m, power] = [0, 1];
  return values.map((x) => {
    m = beta * m + (1 - beta) * x;
    power *= beta;
    return m / (1 - power);
  });
}

/** Places of the entries with the greatest values, the greatest first: [[row, column], ...]. */
export function greatest(array, count) {
  const [, columns] = array.shape;
  const size = array.shape[0] * columns;
  const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => array.flat(b) - array.flat(a));
  return order.slice(0, count).map((i) => [Math.floor(i / columns), i % columns]);
}

/** Heights that are at least `pitch` from each other, each as near to its own as that goes, from `low` to `high`. */
export function apart(heights, pitch, low, high) {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
  const found = [...heights];
  order.forEach((i, k) => { found[i] = Math.max(heights[i], k ? found[order[k - 1]] + pitch : low); });
  for (let k = order.length - 1; k >= 0; k--) { // what was pushed out below goes up again
    found[order[k]] = Math.min(found[order[k]], k < order.length - 1 ? found[order[k + 1]] - pitch : high);
  }
  return found;
}
