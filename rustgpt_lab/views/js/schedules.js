// Learning-rate schedules, as optim/schedule.py has them: the share of the rate that a step takes, from 1 on.

/** @typedef {{ warmup: number, steps: number, floor: number }} Schedule */

/**
 * A linear climb to 1 at `warmup`, then half a cosine down to `floor` at `steps`, and no further.
 * @param {Schedule} schedule @param {number} step
 */
export function warmupCosine({ warmup, steps, floor }, step) {
  if (step <= warmup) return step / warmup;
  const way = Math.min(1, (step - warmup) / (steps - warmup));
  return floor + (1 - floor) * (1 + Math.cos(Math.PI * way)) / 2;
}

/** The Python that makes it. @param {Schedule} schedule */
export function code({ warmup, steps, floor }) {
  return `WarmupCosine(warmup=${warmup}, steps=${steps}${floor ? `, floor=${floor}` : ""})`;
}

/**
 * The nearest schedule that there is: whole steps, the climb before the end, a floor of two digits.
 * @param {Schedule} schedule @param {number} last @returns {Schedule}
 */
export function possible({ warmup, steps, floor }, last) {
  /** @type {(v: number, low: number, high: number) => number} */
  const between = (v, low, high) => Math.min(Math.max(v, low), high);
  const end = between(Math.round(steps), 1, last);
  const share = between(Math.round(100 * floor) / 100, 0, 1);
  return { warmup: between(Math.round(warmup), 0, end - 1), steps: end, floor: share };
}
