// What a model says after a prompt, word by word, on a cache: the most likely word each time, or by chance.
import { distribution, drawn } from "../chance.js";
import { greatest } from "./answer.js";
import { generator } from "./generator.js";
import { softmax } from "./matrix.js";
import { lastScores, Past } from "./network.js";

/** @typedef {import("../chance.js").Strategy & { seed: number }} Strategy */

/**
 * Scores and the ids before -> the next id.
 * @param {Strategy} strategy @param {number} said how many words were drawn
 */
function choosing(strategy, said) {
  if (strategy.temperature === 0 && strategy.repetition_penalty === 1) {
    return (/** @type {Float32Array} */ scores) => greatest(scores, 1)[0];
  }
  const chance = generator(strategy.seed);
  for (let i = 0; i < said; i++) chance();
  return (/** @type {Float32Array} */ scores, /** @type {number[]} */ before) =>
    drawn(distribution(scores, before, strategy), chance());
}

/**
 * Every word that follows the ids of a prompt and the `said` that were said already, with what the model gave to it;
 * it ends with `</s>`, or where the model can see no further.
 * @param {import("./llm.js").LLM} llm @param {number[]} prompt @param {Strategy} strategy @param {number[]} said
 * @returns {Generator<{ id: number, probability: number }>}
 */
export function* say(llm, prompt, strategy, said = []) {
  const ids = [...prompt, ...said];
  const [past, choose] = [new Past(), choosing(strategy, said.length)];
  let unread = ids;
  while (ids.length < llm.maxSeqLen) {
    const scores = lastScores(llm.network, unread, past);
    const id = choose(scores.values, ids);
    yield { id, probability: softmax(scores).values[id] };
    if (id === llm.vocab.end) return;
    ids.push(id);
    unread = [id];
  }
}
