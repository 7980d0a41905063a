// What network.py's `answer` answers: what flows through the layers for a text, each array in a few numbers.
import { unpack } from "../packing.js";
import { packed } from "./answer.js";

/** @typedef {import("./matrix.js").Matrix} Matrix */

/**
 * @param {import("./llm.js").LLM[]} llms @param {string} text
 * @param {{ layers: { trace: { name: string, histogram: number }[] }[], histograms: any }} data the last answer's: it
 * knows the layers and their parameters
 * @param {string} sentence of the network, which no text changes
 * @returns {import("./answer.js").Answer}
 */
export function networkOf([llm], text, data, sentence) {
  const words = llm.vocab.pieces(llm.tokenize(text));
  const trace = llm.trace(text);
  const before = unpack(data.histograms);
  const [rows, bins] = before.shape;
  const histograms = Int32Array.from({ length: rows * bins }, (_, i) => before.flat(i));
  const layers = data.layers.map((layer, i) => {
    /** @type {Record<string, Matrix | number[]>} */
    const cache = trace[i];
    return { ...layer, trace: layer.trace.map(({ name, histogram }) => {
      const { counts, ...numbers } = arrayOf(cache[name], bins);
      histograms.set(counts, histogram * bins);
      return { name, histogram, ...numbers };
    }) };
  });
  return { data: { ...data, text, words, layers, histograms: packed(histograms, [rows, bins]) }, sentence };
}

/** As network.py's `array_of`. @param {Matrix | number[]} array @param {number} bins */
export function arrayOf(array, bins) {
  const [shape, values] = Array.isArray(array) ? [[array.length], Float32Array.from(array)]
    : [[array.rows, array.columns], array.values];
  const finite = values.filter(Number.isFinite);
  const [low, high] = finite.reduce(([least, most], x) => [Math.min(least, x), Math.max(most, x)],
    /** @type {[number, number]} */ ([Infinity, -Infinity]));
  const mean = finite.reduce((sum, x) => sum + x, 0) / finite.length;
  const std = Math.sqrt(finite.reduce((sum, x) => sum + (x - mean) ** 2, 0) / finite.length);
  return { shape, mean, std, low, high, hidden: values.length - finite.length,
    counts: countsOf(finite, low, high, bins) };
}

/** How many numbers lie in each of even steps from low to high: NumPy's `histogram`. @param {Float32Array} values */
function countsOf(values, /** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ bins) {
  const [from, to] = low === high ? [low - 0.5, high + 0.5] : [low, high];
  const counts = new Int32Array(bins);
  for (const x of values) counts[Math.min(Math.floor((x - from) / (to - from) * bins), bins - 1)]++;
  return counts;
}
