// Who answers a card's questions: this page, where it has the weights of the models, else the kernel.
import { bytesOf } from "../packing.js";
import { LLM, ModelError } from "./llm.js";

/**
 * What anywidget gives to a card, and the script of an exported page.
 * @template [Data=any] what `get("data")` is, once its arrays are unpacked
 * @typedef {object} Widget
 * @property {{ (name: "data"): Data, (name: string): any }} get
 * @property {(event: string, listener: (...heard: any[]) => void) => void} on
 * @property {(message: any) => void} send
 */
/** @typedef {import("./answer.js").Answer} Answer */

/** A model as it travels. @typedef {import("./llm.js").Description & { weights: Float32Array }} Sent */

/** @type {{ [name: symbol]: Map<string, Sent> }} */
const WORLD = globalThis;
/** Every model that came to this page, by key: several cards may show the same one. */
const PAGE = WORLD[Symbol.for("rustgpt_lab.models")] ??= new Map();

/** A model that this page has, or undefined. @param {string} key */
function found(key) {
  const written = PAGE.has(key) ? null : document.querySelector(`script[data-rl-model="${key}"]`);
  if (written) {
    const { weights, ...model } = JSON.parse(written.textContent ?? "");
    PAGE.set(key, { ...model, weights: new Float32Array(bytesOf(weights)) });
  }
  return PAGE.get(key);
}

/** Whether this page, or one that the kernel still answers, can answer by itself. @param {Widget} model */
export const alone = (model) => Boolean(model.get("models")?.length);

/**
 * The same widget, but that its questions are answered here as soon as this page has its models.
 *
 * `answer` gives data and a sentence for what the view's `answer` in Python is asked; a generator gives them one after
 * the other, a frame each, until the next question.
 * @template Data
 * @param {Widget<Data>} model
 * @param {(llms: LLM[], question: any, data: any, sentence: string) => Answer | Iterator<Answer>} answer
 * @returns {Widget<Data>}
 */
export function answering(model, answer) {
  if (!alone(model)) return model;
  /** @type {string[]} */
  const keys = model.get("models");
  /** @type {Record<string, ((...heard: any[]) => void)[]>} */
  const listeners = {};
  /** @type {Record<string, any>} what was answered here */
  let own = {};
  /** @type {LLM[] | null} */
  let llms = null;
  let round = 0; // counts questions: an answer that still goes on when the next one comes ends

  const get = (/** @type {string} */ name) => (name in own ? own[name] : model.get(name));
  const tell = (/** @type {string} */ name) => listeners[`change:${name}`]?.forEach((listener) => listener());
  const show = (/** @type {Answer} */ answered) => {
    own = { ...answered, problem: "" };
    tell("problem");
    tell("data");
  };
  const attempt = (/** @type {() => void} */ step) => {
    try {
      step();
    } catch (problem) {
      if (!(problem instanceof ModelError)) throw problem;
      own = { ...own, problem: problem.message };
      tell("problem");
    }
  };
  function goOn(/** @type {Iterator<Answer>} */ answers, /** @type {number} */ mine) {
    if (mine !== round) return;
    const { value, done } = answers.next();
    if (done) return;
    show(value);
    setTimeout(() => goOn(answers, mine), 16);
  }
  function send(/** @type {{ ask: any }} */ message) {
    if (!load()) {
      model.send(message);
      return;
    }
    attempt(() => {
      const answered = answer(/** @type {LLM[]} */ (llms), message.ask, get("data"), get("sentence"));
      if ("next" in answered) goOn(answered, ++round);
      else show(answered);
    });
  }
  function load() {
    const sent = llms ? [] : keys.flatMap((key) => found(key) ?? []);
    if (sent.length === keys.length) llms = sent.map((each) => new LLM(each, each.weights));
    return llms !== null;
  }

  model.on("change:data", () => { own = {}; });
  model.on("msg:custom", (content, buffers) => {
    if (!content.model) return;
    PAGE.set(content.model.key, { ...content.model, weights: new Float32Array(bytesOf(buffers[0])) });
  });
  if (!load()) keys.filter((key) => !found(key)).forEach((key) => model.send({ model: key }));
  return {
    get, send,
    on(event, listener) {
      (listeners[event] ??= []).push(listener);
      model.on(event, listener);
    },
  };
}
