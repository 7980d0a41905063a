// What attention.py's `answer` answers: which word looks at which, at every moment, in every layer.
import { packed } from "./answer.js";
import { looked } from "./network.js";

/** @typedef {import("./matrix.js").Matrix} Matrix */

const EXACT = 250_000; // weights, as in attention.py

/**
 * @param {import("./llm.js").LLM[]} llms one for each snapshot @param {string} text
 * @param {{ snapshots: string[] }} data the last answer's: it knows the snapshots' names
 * @returns {import("./answer.js").Answer}
 */
export function attentionOf(llms, text, { snapshots }) {
  const words = llms[0].vocab.pieces(llms[0].tokenize(text));
  const traces = llms.map((llm) => llm.trace(text).filter(looked));
  const maps = traces.flat();
  const size = words.length * (words.length + 1) / 2; // of what the mask leaves
  const gathered = (/** @type {"weights" | "scores"} */ name) => {
    const values = new Float32Array(maps.length * size);
    let place = 0;
    for (const { [name]: { rows, columns, values: all } } of maps) {
      for (let i = 0; i < rows; i++, place += i) values.set(all.subarray(i * columns, i * columns + i + 1), place);
    }
    return values;
  };
  const last = traces[traces.length - 1];
  const shape = [snapshots.length, last.length, 1, size];
  const opening = openingOf(last.map((cache) => cache.weights));
  const exact = maps.length * size <= EXACT;
  const data = {
    text, words, snapshots, layers: last.length, heads: 1, causal: true, sqrt_d: Math.sqrt(last[0].q.columns), opening,
    weights: exact ? packed(gathered("weights"), shape) : quantised(gathered("weights"), shape),
    scores: exact ? packed(gathered("scores"), shape) : null,
  };
  return { data, sentence: sentence(words, opening, last.map((cache) => cache.weights)) };
}

/** Where the last word gives most to another one: [layer, head, word]. @param {Matrix[]} weights */
function openingOf(weights) {
  let [opening, most] = [[0, 0, 0], -1];
  weights.forEach((map, layer) => map.row(map.rows - 1).subarray(0, -1).forEach((weight, column) => {
    if (weight > most) [opening, most] = [[layer, 0, column], weight];
  }));
  return opening;
}

/** Shares as one byte each. @param {Float32Array} values @param {number[]} shape */
function quantised(values, shape) {
  return { ...packed(Uint8Array.from(values, (value) => value * 255 + 0.5), shape), low: 0, high: 1 };
}

/** @param {string[]} words @param {number[]} opening @param {Matrix[]} weights */
function sentence(words, [layer, , column], weights) {
  if (words.length === 1) return `“${words[0]}” is alone and gives itself all of its attention.`;
  const weight = weights[layer].at(words.length - 1, column).toFixed(2);
  const most = weights.length > 1 ? ", more than it gives to another word anywhere else" : "";
  return `In layer ${layer + 1} the last word, “${words.at(-1)}”, gives “${words[column]}” ${weight} of its `
    + `attention${most}.`;
}
