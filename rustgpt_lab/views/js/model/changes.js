// what_if.py's changes once more: each is a layer's forward pass with one thing different.
import { causal, softmax } from "./matrix.js";
import { SelfAttention } from "./self_attention.js";

/** @typedef {import("./network.js").Cache} Cache */
/** @typedef {import("./matrix.js").Matrix} Matrix */
/**
 * As in what_if.py.
 * @typedef {{ kind: string, layer: number | null, row: number, column: number, score: number | null }} Change
 */

/**
 * Attention as the layer computes it, but for its scores.
 * @param {(layer: SelfAttention, scores: Matrix, change: Change) => Matrix} rescore
 */
function rescored(rescore) {
  return (/** @type {SelfAttention} */ layer, /** @type {Matrix} */ x, /** @type {Change} */ change) => {
    const { q, k, v } = layer.project(x);
    const scores = rescore(layer, layer.attend(q, k), change);
    const weights = softmax(scores);
    return { scores, weights, output: layer.merge(x, weights, v) };
  };
}

/** @param {SelfAttention} layer @param {Matrix} scores @param {Change} change */
function oneScore(layer, scores, { row, column, score }) {
  causal(scores);
  if (score !== null) scores.row(row)[column] = score;
  return scores;
}

/** @param {SelfAttention} layer @param {Matrix} scores @param {Change} change */
function oneWordHidden(layer, scores, { column }) {
  causal(scores); // the word itself must look at something
  for (let i = column + 1; i < scores.rows; i++) scores.row(i)[column] = -Infinity;
  return scores;
}

/** @param {unknown} layer @param {Matrix} x */
const leftOut = (layer, x) => ({ output: x });

/** @param {any} layer @param {Matrix} x */
function withoutResidual(layer, x) {
  const cache = layer.forward(x);
  return { ...cache, output: cache.output.map((/** @type {number} */ y, /** @type {number} */ i) => y - x.values[i]) };
}

/** @type {Record<string, (layer: any, x: Matrix, change: Change) => Cache>} */
const CHANGED = {
  attention: leftOut,
  feed_forward: leftOut,
  residual: withoutResidual,
  norm: leftOut,
  scaling: rescored((layer, scores) => causal(scores.map((score) => score / layer.scale))),
  mask: rescored((layer, scores) => scores),
  hide: rescored(oneWordHidden),
  score: rescored(oneScore),
};

/**
 * Every layer's cache for a text, but for a change in the layers `touched`, in order. What lies before the first of
 * them is as it was; after the last one that looks at other words, only the last word goes on: it says the next.
 * @param {import("./llm.js").LLM} llm @param {string} text @param {Change} change @param {number[]} touched
 * @returns {Cache[]}
 */
export function run(llm, text, change, touched) {
  const caches = llm.trace(text).slice(0, touched[0]);
  const lastLook = llm.network.findLastIndex((layer) => layer instanceof SelfAttention);
  for (const [i, layer] of llm.network.entries()) {
    if (i < touched[0]) continue;
    const { output } = caches[i - 1];
    const x = i > lastLook ? output.slice(output.rows - 1, output.rows) : output;
    caches.push(touched.includes(i) ? CHANGED[change.kind](layer, x, change) : layer.forward(x));
  }
  return caches;
}
