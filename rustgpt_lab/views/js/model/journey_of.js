// What journey.py's `answer` answers: what every layer's output would say through the output projection.
import { greatest, packed, packedMatrix } from "./answer.js";
import { Matrix, softmax } from "./matrix.js";

const SHOWN = 5; // words of every distribution

/**
 * @param {import("./llm.js").LLM[]} llms @param {string} text @param {Record<string, any>} data the last answer's: it
 * knows the layers
 * @returns {import("./answer.js").Answer}
 */
export function journeyOf([llm], text, { layers, ends, labels }) {
  const words = llm.vocab.pieces(llm.tokenize(text));
  const trace = llm.trace(text).slice(0, -1);
  const [depth, length] = [trace.length, words.length];
  const stream = new Matrix(depth * length, trace[0].output.columns);
  trace.forEach(({ output }, i) => stream.values.set(output.values, i * output.values.length));
  const last = /** @type {import("./output_projection.js").OutputProjection} */ (llm.network.at(-1));
  const p = softmax(last.forward(stream).output); // (L * T, V)
  const best = Array.from({ length: depth * length }, (_, i) => greatest(p.row(i), SHOWN)); // ids
  const [history, norms] = [new Float32Array(depth * length * depth), new Matrix(depth, length)];
  best.forEach(([id], i) => { // in layer l at position t, as l * T + t
    for (let l = 0; l < depth; l++) history[i * depth + l] = p.at(l * length + i % length, id);
    norms.values[i] = Math.sqrt(stream.row(i).reduce((sum, x) => sum + x * x, 0));
  });
  const shown = [...new Set(best.flat())].sort((i, j) => i - j);
  const places = new Map(shown.map((id, place) => [id, place]));
  const shape = [depth, length, best[0].length];
  const data = {
    text, words, layers, ends, labels,
    vocabulary: llm.vocab.pieces(shown),
    top: packed(Int32Array.from(best.flat(), (id) => places.get(id) ?? 0), shape),
    probabilities: packed(Float32Array.from(best.flatMap((ids, i) => ids.map((id) => p.at(i, id)))), shape),
    history: packed(history, [depth, length, depth]),
    norms: packedMatrix(norms),
  };
  const said = (/** @type {number} */ layer) => {
    const i = (layer + 1) * length - 1;
    return { word: llm.vocab.words[best[i][0]], p: p.at(i, best[i][0]).toFixed(3) };
  };
  return { data, sentence: sentence(words, ends, labels, said) };
}

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
