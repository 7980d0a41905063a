// what_if.py's changes once more: each is a layer's forward pass with one thing different.
import { causal } from "./matrix.js";
import { completed, Past } from "./network.js";
import { SelfAttention } from "./self_attention.js";

/** @typedef {import("./network.js").Cache} Cache */
/** @typedef {import("./matrix.js").Matrix} Matrix */
/**
 * As in what_if.py.
 * @typedef {{ kind: string, layer: number | null, row: number, column: number, score: number | null }} Change
 */

/**
 * Attention as the layer computes it, but for its scores; `first` is the place of their first row in the text.
 * @param {(layer: SelfAttention, scores: Matrix, change: Change, first: number) => Matrix} rescore
 */
function rescored(rescore) {
  return (/** @type {SelfAttention} */ layer, /** @type {Matrix} */ x, /** @type {Change} */ change,
    /** @type {Past} */ past) => layer.forward(x, past, (scores) => rescore(layer, scores, change, past.read));
}

/** @param {SelfAttention} layer @param {Matrix} scores @param {Change} change @param {number} first */
function oneScore(layer, scores, { row, column, score }, first) {
  causal(scores);
  if (score !== null) scores.row(row - first)[column] = score;
  return scores;
}

/** @param {SelfAttention} layer @param {Matrix} scores @param {Change} change @param {number} first */
function oneWordHidden(layer, scores, { column }, first) {
  causal(scores); // the word itself must look at something
  for (let i = Math.max(column + 1 - first, 0); i < scores.rows; i++) scores.row(i)[column] = -Infinity;
  return scores;
}

/** @param {unknown} layer @param {Matrix} x */
const leftOut = (layer, x) => ({ output: x });

/** @param {import("./network.js").Above} layer @param {Matrix} x */
function withoutResidual(layer, x) {
  const cache = layer.forward(x);
  return { ...cache, output: cache.output.map((y, i) => y - x.values[i]) };
}

/**
 * Every kind, for the layers that can have it: what_if.py says which.
 * @type {Record<string, (layer: any, x: Matrix, change: Change, past: Past) => Cache>}
 */
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

/** The first word that a change can touch: those before it look at nothing that is changed. @param {Change} change */
const firstTouched = ({ kind, row, column }) => ({ score: row, hide: column + 1 }[kind] ?? 0);

/**
 * Every layer's cache for a text, but for a change in the layers `touched`, in order. What lies before the first of
 * them, or belongs to words before the first one touched, is as it was; after the last layer that looks at other
 * words, only the last word goes on: it says the next.
 * @param {import("./llm.js").LLM} llm @param {string} text @param {Change} change @param {number[]} touched
 * @returns {Cache[]}
 */
export function run(llm, text, change, touched) {
  const { network } = llm;
  const trace = llm.trace(text);
  const length = trace[0].output.rows;
  const first = Math.min(firstTouched(change), length - 1);
  const past = new Past(first, network, trace);
  const caches = trace.slice(0, touched[0]);
  const lastLook = network.findLastIndex((layer) => layer instanceof SelfAttention);
  let x = trace[touched[0] - 1].output.slice(first, length);
  for (let i = touched[0]; i < network.length; i++) {
    if (i > lastLook) x = x.slice(x.rows - 1, x.rows);
    const layer = /** @type {import("./network.js").Above} */ (network[i]);
    const cache = touched.includes(i) ? CHANGED[change.kind](layer, x, change, past) : layer.forward(x, past);
    x = cache.output;
    caches.push(i > lastLook ? cache : completed(trace[i], cache, length));
  }
  return caches;
}
