// What journey.py's `answer` answers: what every layer's output would say through the output projection.
import { greatest, packedMatrix } from "./answer.js";
import { Matrix, softmax } from "./matrix.js";

const SHOWN = 5; // words of every distribution

/**
 * All words of all layers are more than a frame can compute, and more than is shown: they are computed when they are
 * first looked at, those of a layer or of a position at once.
 * @param {import("./llm.js").LLM[]} llms @param {string} text
 * @param {{ layers: string[], ends: number[], labels: string[] }} data the last answer's: it knows the layers
 * @returns {import("./answer.js").Answer}
 */
export function journeyOf([llm], text, { layers, ends, labels }) {
  const words = llm.vocab.pieces(llm.tokenize(text));
  const trace = llm.trace(text).slice(0, -1);
  const { output: said } = /** @type {import("./network.js").Cache} */ (llm.trace(text).at(-1));
  const [depth, length] = [trace.length, words.length];
  const last = /** @type {import("./output_projection.js").OutputProjection} */ (llm.network.at(-1));
  const ofLayer = kept((l) => softmax(l === depth - 1 ? said : last.forward(trace[l].output).output)); // (T, V)
  const ofPosition = kept((t) => softmax(last.forward(stacked(trace.map(({ output }) => output.row(t)))).output));
  const best = kept((i) => greatest(ofLayer(Math.floor(i / length)).row(i % length), SHOWN)); // ids
  const top = (/** @type {number} */ l, /** @type {number} */ t, k = 0) => best(l * length + t)[k];
  const p = (/** @type {number} */ l, /** @type {number} */ t, k = 0) => ofLayer(l).at(t, top(l, t, k));
  const then = (/** @type {number} */ l, /** @type {number} */ t, /** @type {number} */ i) =>
    ofPosition(t).at(i, top(l, t));
  const norms = new Matrix(depth, length).map((_, i) => norm(trace[Math.floor(i / length)].output.row(i % length)));
  const shape = [depth, length, Math.min(SHOWN, llm.vocab.words.length)];
  const data = {
    text, words, layers, ends, labels,
    vocabulary: llm.vocab.words,
    top: { shape, at: top },
    probabilities: { shape, at: p },
    history: { shape: [depth, length, depth], at: then },
    norms: packedMatrix(norms),
  };
  const first = (/** @type {number} */ l) =>
    ({ word: llm.vocab.words[top(l, length - 1)], p: p(l, length - 1).toFixed(3) });
  return { data, sentence: sentence(words, ends, labels, first) };
}

/** A function of a whole number that computes each value once. @template T @param {(i: number) => T} f */
function kept(f) {
  /** @type {T[]} */
  const values = [];
  return (/** @type {number} */ i) => values[i] ??= f(i);
}

/** @param {Float32Array[]} rows */
function stacked(rows) {
  const whole = new Matrix(rows.length, rows[0].length);
  rows.forEach((row, i) => whole.row(i).set(row));
  return whole;
}

/** @param {Float32Array} row */
const norm = (row) => Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));

/**
 * @param {string[]} words @param {number[]} ends @param {string[]} labels
 * @param {(layer: number) => { word: string, p: string }} said after the last word
 */
function sentence(words, ends, labels, said) {
  const end = said(ends[ends.length - 1]);
  let since = ends.length - 1;
  while (since && said(ends[since - 1]).word === end.word) since--;
  const says = `After “${words.at(-1)}” the model says “${end.word}” with ${end.p}`;
  if (since === 0) return `${says}, and so says every block before.`;
  const start = ends[0] === 0 ? "the embeddings alone say" : `${labels[0]} says`;
  const early = said(ends[0]);
  return `${says}, which comes first from ${labels[since]} on; ${start} “${early.word}” with ${early.p}.`;
}
