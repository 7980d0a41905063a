// What what_if.py's `answer` answers: the next word, before and after a change.
import { greatest, packed, packedMatrix, percent } from "./answer.js";
import { run } from "./changes.js";
import { softmax } from "./matrix.js";
import { looked } from "./network.js";

/** @typedef {import("./llm.js").LLM} LLM */
/** @typedef {import("./changes.js").Change} Change */

const SHOWN = 10; // words

/** The probabilities of the next word. @param {import("./network.js").Cache[]} caches */
function nextWord(caches) {
  const logits = caches[caches.length - 1].output;
  return softmax(logits.slice(logits.rows - 1, logits.rows)).values;
}

/**
 * @param {LLM[]} llms @param {{ text: string, change: Change }} question
 * @param {{ layers: Record<string, [place: number, name: string][]>, kinds: Record<string, string> }} data the last
 * answer's: it knows where a change can be made
 * @returns {import("./answer.js").Answer}
 */
export function whatIfOf([llm], { text, change: asked }, { layers, kinds }) {
  const ids = llm.tokenize(text);
  const words = llm.vocab.pieces(ids);
  const [row, column] = [asked.row, asked.column].map((place) => Math.min(place, words.length - 1));
  const change = { ...asked, row, column };
  const touched = layers[change.kind].map(([i]) => i)
    .filter((i) => change.layer === null || change.layer === i);
  const trace = llm.trace(text);
  const caches = run(llm, text, change, touched);
  const [before, after] = [nextWord(trace), nextWord(caches)];
  const first = greatest(before, SHOWN - 4);
  const newcomers = greatest(after, SHOWN).filter((i) => !first.includes(i));
  const top = [...first, ...newcomers].slice(0, SHOWN);
  const order = [...top].sort((i, j) => after[j] - after[i]);
  const moved = before.reduce((sum, p, i) => sum + Math.abs(after[i] - p), 0) / 2;
  const mapLayer = touched.findLast((i) => looked(caches[i])) ?? null;
  const map = (/** @type {import("./network.js").Cache[]} */ of, /** @type {"scores" | "weights"} */ name) => {
    const cache = mapLayer === null ? null : of[mapLayer];
    return cache && looked(cache) ? packedMatrix(cache[name]) : null;
  };
  const data = {
    text, words, change, layers, kinds, top: llm.vocab.pieces(order), moved, map_layer: mapLayer,
    before: packed(Float32Array.from(order, (i) => before[i])),
    after: packed(Float32Array.from(order, (i) => after[i])),
    scores_before: map(trace, "scores"), scores_after: map(caches, "scores"),
    weights_before: map(trace, "weights"), weights_after: map(caches, "weights"),
  };
  return { data, sentence: sentence(inWords(change, words, kinds), moved, top[0], order[0], before, after, llm) };
}

/** What was changed, and where. @param {Change} change @param {string[]} words @param {Record<string, string>} kinds */
function inWords({ kind, layer, row, column, score }, words, kinds) {
  const set = score === null ? "as it is" : `set to ${Number(score.toPrecision(6))}`.replace("-", "−");
  const what = kind === "hide" ? `with “${words[column]}” hidden`
    : kind === "score" ? `with the score of “${words[row]}” for “${words[column]}” ${set}` : kinds[kind];
  const every = what.startsWith("without") ? "any" : "every";
  return `${what} in ${layer === null ? `${every} layer` : `layer ${layer}`}`;
}

/**
 * @param {string} words of the change @param {number} moved @param {number} first the word before @param {number} best
 * the word after @param {Float32Array} before @param {Float32Array} after @param {LLM} llm
 */
function sentence(words, moved, first, best, before, after, { vocab }) {
  const change = words[0].toUpperCase() + words.slice(1);
  const name = (/** @type {number} */ i) => `“${vocab.words[i]}”`;
  if (moved < 5e-5) return `${change}, nothing changes: ${name(first)} keeps ${before[first].toFixed(3)}.`;
  const then = best === first
    ? `${name(first)} still comes first, with ${after[first].toFixed(3)} instead of ${before[first].toFixed(3)}`
    : `${name(first)} falls from ${before[first].toFixed(3)} to ${after[first].toFixed(3)}, `
      + `and ${name(best)} comes first with ${after[best].toFixed(3)}`;
  return `${change}, ${then}; in all, ${percent(moved)} of the probability goes over to other words.`;
}
