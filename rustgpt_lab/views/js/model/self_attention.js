// Words look at the words before them and take over what they find there.
import { causal, softmax, times, transposed } from "./matrix.js";

/** @typedef {import("./matrix.js").Matrix} Matrix */
/** @typedef {import("./network.js").Past} Past */

/** x + softmax(q k^T / sqrt(d)) v, causal, (T, d) -> (T, d). */
export class SelfAttention {
  /** @param {Record<string, Matrix>} p */
  constructor(p) {
    this.p = p;
    this.scale = 1 / Math.sqrt(Math.max(p.w_q.rows, 1));
  }

  /** Rows (T, d) -> queries, keys and values. @param {Matrix} x */
  project(x) { return { q: times(x, this.p.w_q), k: times(x, this.p.w_k), v: times(x, this.p.w_v) }; }

  /** Queries (T, d) and keys (S, d) -> scores (T, S); no mask yet. @param {Matrix} q @param {Matrix} k */
  attend(q, k) { return times(q, transposed(k)).map((score) => score * this.scale); }

  /** What was found is added to x. @param {Matrix} x @param {Matrix} weights @param {Matrix} v */
  merge(x, weights, v) { return x.plus(times(weights, v)); }

  /** `rescore` hides what comes later, or changes the scores in another way. @param {Matrix} x @param {Past} [past] */
  forward(x, past, rescore = causal) {
    const { q, k: keys, v: values } = this.project(x);
    const { k, v } = past ? past.extend(this, { k: keys, v: values }) : { k: keys, v: values };
    const scores = rescore(this.attend(q, k));
    const weights = softmax(scores);
    return { x, q, k, v, scores, weights, output: this.merge(x, weights, v) };
  }
}
