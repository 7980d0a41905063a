// What chat.py's `answer` answers: a turn, whose words come one by one; the end of it; an answer's attention.
import { inWords } from "../chance.js";
import { attentionOf } from "./attention_of.js";
import { ModelError, quoted } from "./llm.js";
import { say } from "./say.js";

/** @typedef {import("./llm.js").LLM} LLM */
/**
 * A question and its answer, as in chat.py.
 * @typedef {{ question: string, prompt: string, unknown: string[], strategy: import("./say.js").Strategy,
 *   answer: string[], probabilities: number[], ended: boolean, done: boolean, stopped: boolean, said: string,
 *   how: string }} Turn
 */
/**
 * A turn's text, the end of it, or whose attention is to be shown: a text's, a turn's, nobody's.
 * @typedef {{ say: string, strategy: Partial<Turn["strategy"]> } | { stop: true } | { look: string | number | null }}
 *   Question
 */
/** Turns, and an answer's attention, packed. @typedef {{ turns: Turn[], attention: { sentence: string }? }} Chat */

/**
 * All that is to be shown for a question, one after the other; a turn that was not done goes on, unless another begins.
 * @param {LLM[]} llms @param {Question} question @param {Chat} data the last answer's
 * @returns {Generator<import("./answer.js").Answer>}
 */
export function* chatOf([llm], question, data) {
  let chat = asked(llm, question, data);
  yield shown(chat);
  const last = /** @type {Turn} */ (chat.turns.at(-1));
  if (last.done) return;
  for (const turn of written(llm, last)) {
    chat = { ...chat, turns: [...chat.turns.slice(0, -1), turn] };
    yield shown(chat);
  }
}

/**
 * The conversation straight after a question.
 * @param {LLM} llm @param {Question} question @param {Chat} data @returns {Chat}
 */
function asked(llm, question, { turns, attention }) {
  if ("say" in question) {
    const turn = begun(llm, question, /** @type {Turn} */ (turns.at(-1)));
    return { turns: [...turns.map(stopped), turn], attention: null };
  }
  if ("stop" in question) return { turns: turns.map(stopped), attention };
  return { turns, attention: looked(llm, question.look, turns) };
}

/**
 * A question without an answer; its strategy is that of the turn before, which draws anew.
 * @param {LLM} llm @param {{ say: string, strategy: Partial<Turn["strategy"]> }} question @param {Turn} before
 */
function begun(llm, { say: text, strategy }, before) {
  if (!llm.vocab.encode(text).length) {
    throw new ModelError("no word of this question is in the vocabulary; "
      + `found ${quoted(text)}. Try other words.`);
  }
  const prompt = `User: ${text} Assistant:`;
  llm.tokenize(prompt); // refuses a question that is too long
  const own = { ...before.strategy, ...strategy, seed: before.strategy.seed + 1 };
  return { question: text, prompt, unknown: llm.vocab.unknown(text), strategy: own, answer: [], probabilities: [],
    ended: false, done: false, stopped: false, said: "", how: own.temperature === 0 ? "" : inWords(own) };
}

/** A turn that says no more. @param {Turn} turn */
const stopped = (turn) => (turn.done ? turn : { ...turn, stopped: true, done: true });

/** A turn that goes on, a word longer each time. @param {LLM} llm @param {Turn} turn */
function* written(llm, turn) {
  const ids = llm.vocab.encode(turn.answer.join(""));
  for (const { id, probability } of say(llm, llm.tokenize(turn.prompt), turn.strategy, ids)) {
    turn = { ...turn, probabilities: [...turn.probabilities, probability] };
    if (id === llm.vocab.end) turn = { ...turn, ended: true };
    else turn = { ...turn, answer: [...turn.answer, (turn.answer.length ? " " : "") + llm.vocab.words[id]] };
    turn.said = turn.answer.join("");
    yield turn;
  }
  yield { ...turn, done: true };
}

/**
 * The attention of a text, or of a turn with its answer.
 * @param {LLM} llm @param {string | number | null} look @param {Turn[]} turns
 */
function looked(llm, look, turns) {
  if (look === null) return null;
  let text = String(look);
  if (typeof look === "number") {
    const { prompt, said, ended } = turns[look];
    text = `${prompt} ${said} ${ended ? "</s>" : ""}`;
  }
  const { data, sentence } = attentionOf([llm], text, { snapshots: ["now"] });
  return { ...data, sentence };
}

/** @param {Chat} data */
function shown(data) {
  const { question, said, unknown, ended, done, stopped: cut } = /** @type {Turn} */ (data.turns.at(-1));
  if (!done) return { data, sentence: "The model is writing." };
  const end = cut ? "until it is stopped" : ended ? "and ends by itself" : "until it has no room left";
  const lost = unknown.map((word) => `“${word}”`).join(", ");
  const answered = `To “${question}” the model says “${said}”, ${end}`;
  return { data, sentence: lost ? `${answered}; it does not know ${lost}.` : `${answered}.` };
}
