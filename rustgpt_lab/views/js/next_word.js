// The distribution of the next word under a strategy: sliders bend it in the browser, and a word can be drawn.
import { button, el, stage, textBox } from "./lab.js";
import { wordBars } from "./bars.js";
import { distribution, drawn, inWords, softmax } from "./chance.js";
import { strategyOf } from "./strategy.js";

/** @typedef {import("./chance.js").Strategy} Strategy */

/**
 * What next_word.py sends: a text as it is and as ids, and the scores of every word after it.
 * @typedef {{ text: string, ids: number[], logits: import("./packing.js").Tensor, strategy: Strategy }} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Move the sliders: grey is what the model gives, blue is what words are drawn with. "
    + "“Draw a word” puts one behind the text.");
  lab.needsKernel();
  /** @type {{ words: string[], shown: number }} */
  const { words, shown } = model.get("fixed");
  /** @type {Data} */
  let data; // none before `onData`
  /** @type {number[]} */
  let logits = [];
  /** @type {number[]} */
  let before = []; // by word, the model's own
  /** @type {number[]} */
  let after = [];

  const ask = (/** @type {string} */ text) => lab.ask({ text, strategy: strategy.value });
  const text = textBox(lab, "Text", { onEnter: ask });
  const strategy = strategyOf(lab, model.get("data").strategy, { penalty: true, onInput: () => { bend(); tell(); } });
  const draw = button(lab, "Draw a word", () => ask(`${data.text} ${words[drawn(after, Math.random())]}`));

  lab.picture.append(el("div", { class: "rl-caption" }, "Probability of the next word; what cannot be drawn is faint"));
  const bars = wordBars(lab.picture, "The probabilities of the next word: the model's, and those of the draw");
  const rest = el("div", { class: "rl-caption rl-figures" });
  lab.picture.append(rest);

  function bend() { after = distribution(logits, data.ids, strategy.value); }
  /** The words that have a bar, the one that is now the most likely first; of equals, that of the model. */
  const order = () => before.map((_, i) => i).sort((i, j) => after[j] - after[i] || before[j] - before[i] || i - j)
    .slice(0, shown);
  function tell() {
    const left = after.filter((p) => p > 0).length;
    const whole = left === 1 ? "one word" : left === after.length ? "every word" : `${left} words`;
    const [best] = order();
    lab.say(`With ${inWords(strategy.value)}, ${whole} can be drawn; “${words[best]}” has ${after[best].toFixed(2)}, `
      + `to which the model gave ${before[best].toFixed(2)}.`);
  }

  lab.onData((next) => {
    data = next;
    text.value = data.text;
    strategy.value = data.strategy;
    logits = Array.from({ length: words.length }, (_, i) => data.logits.at(i));
    before = softmax(logits);
    bend();
    draw.disabled = false;
  });
  lab.onDraw((theme) => {
    const top = order();
    /** @type {import("./bars.js").Bars[]} */
    const series = [
      { name: "model", at: (i) => before[top[i]], colour: theme.before, ink: theme.muted },
      { name: "drawn", at: (i) => after[top[i]], colour: theme.accent, ink: theme.accent },
    ];
    bars.draw(theme, { words: top.map((i) => words[i]), series, faint: (i) => !after[top[i]] });
    const sum = (/** @type {number[]} */ of) =>
      Math.max(0, 1 - top.reduce((total, i) => total + of[i], 0)).toFixed(2);
    rest.textContent = words.length > shown
      ? `All ${words.length - shown} other words together: model ${sum(before)}, drawn ${sum(after)}` : "";
  });
  return lab.close;
}

export default { render };
