// Every position thinks for itself: a small network of one hidden layer.
import { times } from "./matrix.js";

/** @typedef {import("./matrix.js").Matrix} Matrix */

/** x + relu(x w1 + b1) w2 + b2, (T, d) -> (T, d). */
export class FeedForward {
  /** @param {Record<string, Matrix>} p */
  constructor(p) { this.p = p; }

  /** @param {Matrix} x */
  forward(x) {
    const hidden = times(x, this.p.w1).addRow(this.p.b1);
    const active = hidden.map((value) => Math.max(value, 0));
    return { x, hidden, active, output: times(active, this.p.w2).addRow(this.p.b2).plus(x) };
  }
}
