// What a drawing by hand is: a number for each place, null where there is none yet.

/**
 * What a stroke of the pointer sets, from one point to the next: [[place, value], ...] on the straight line.
 * @param {number[]} from @param {number[]} to @returns {[number, number][]}
 */
export function stroke([i, v], [j, w]) {
  const way = j < i ? -1 : 1;
  const count = Math.abs(j - i) + 1;
  return Array.from({ length: count }, (_, k) => [i + way * k, count > 1 ? v + (w - v) * k / (count - 1) : w]);
}

/**
 * A curve without gaps: what is not drawn lies on the line between its neighbours, or is level with the only one.
 * @param {(number | null)[]} values
 * @returns {(number | null)[]}
 */
export function filled(values) {
  const known = values.flatMap((v, i) => (v === null ? [] : [/** @type {[number, number]} */ ([i, v])]));
  return values.map((value, i) => {
    if (value !== null || !known.length) return value;
    const before = known.findLast(([j]) => j < i);
    const after = known.find(([j]) => j > i);
    if (!before || !after) return (before ?? after)?.[1] ?? value;
    return before[1] + (after[1] - before[1]) * (i - before[0]) / (after[0] - before[0]);
  });
}

/**
 * Lengths as shares of their sum; all 0 while nothing is drawn.
 * @param {(number | null)[]} values
 */
export function shares(values) {
  const whole = values.reduce((/** @type {number} */ sum, v) => sum + (v ?? 0), 0);
  return values.map((v) => (whole ? (v ?? 0) / whole : 0));
}
