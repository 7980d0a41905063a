// What a chart computes before it draws: ticks, round numbers to choose from.

/** About `count` round numbers, evenly spaced from `low` to `high`. @param {number} low @param {number} high */
export function ticks(low, high, count = 4) {
  const raw = (high - low) / count;
  if (!(raw > 0)) return [low];
  const ten = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5].map((m) => m * ten).find((s) => s >= raw * (1 - 1e-9)) ?? 10 * ten;
  const first = Math.ceil(low / step - 1e-9);
  const found = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: found }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/**
 * The powers of ten from `low` to `high`, both above 0; every second, third, … if they are more than `most`.
 * @param {number} low @param {number} high
 */
export function decades(low, high, most = 6) {
  const [from, to] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const stride = Math.max(1, Math.ceil((to - from + 1) / most));
  return Array.from({ length: Math.max(0, Math.floor((to - from) / stride) + 1) }, (_, i) => 10 ** (from + i * stride));
}

/**
 * Ticks of a log scale, both ends above 0: powers of ten, or if these are fewer than three, 1, 2, 5 times such.
 * @param {number} low @param {number} high
 */
export function rounds(low, high, most = 6) {
  const tens = decades(low, high, most);
  if (tens.length > 2) return tens;
  const found = grid(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))).filter((v) => v >= low && v <= high);
  return found.length > 2 ? found : [...new Set([...ticks(low, high, most - 2), ...found])].filter((v) => v >= low);
}

/** 1, 2, 5 times the powers of ten from 10 ** `from` up to 10 ** `to`. @param {number} from @param {number} to */
export function grid(from, to) {
  /** @type {number[]} */
  const all = [];
  for (let k = from; k < to; k++) all.push(...[1, 2, 5].map((m) => Number(`${m}e${k}`)));
  return [...all, Number(`1e${to}`)];
}

/**
 * The place of the entry that is nearest to `value`, by ratio if `ratio`, else by difference.
 * @param {number[]} values @param {number} value
 */
export function nearest(values, value, ratio = false) {
  const far = (/** @type {number} */ x) => Math.abs(ratio ? Math.log(x / value) : x - value);
  return values.reduce((best, x, i) => (far(x) < far(values[best]) ? i : best), 0);
}

/**
 * Places for labels that want to stand at some heights, at least `apart` from each other; in the same order.
 * @param {number[]} heights @param {number} apart @param {number} least @param {number} most
 */
export function spread(heights, apart, least, most) {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
  /** @type {number[]} */
  const found = [];
  order.forEach((i, k) => { found[i] = Math.max(heights[i], k ? found[order[k - 1]] + apart : least); });
  order.reverse().forEach((i, k) => { found[i] = Math.min(found[i], k ? found[order[k - 1]] - apart : most); });
  return found;
}

/**
 * Places of the entries with the greatest values, the greatest first: [[row, column], ...].
 * @param {import("./packing.js").Tensor} array @param {number} count
 */
export function greatest(array, count) {
  const [, columns] = array.shape;
  const size = array.shape[0] * columns;
  const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => array.flat(b) - array.flat(a));
  return order.slice(0, count).map((i) => [Math.floor(i / columns), i % columns]);
}
