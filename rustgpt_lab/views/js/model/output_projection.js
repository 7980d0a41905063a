// The last step: a score for every word of the vocabulary.
import { times } from "./matrix.js";

/** @typedef {import("./matrix.js").Matrix} Matrix */

/** The logits x w_out + b_out, (T, d) -> (T, V). */
export class OutputProjection {
  /** @param {Record<string, Matrix>} p */
  constructor(p) { this.p = p; }

  /** @param {Matrix} x */
  forward(x) { return { x, output: times(x, this.p.w_out).addRow(this.p.b_out) }; }
}
