// Every head of every layer as a small map; one of them large; and the next word, before and after some are silent.
import { button, columnOf, el, number, share, stage, textBox } from "./lab.js";
import { heatmap } from "./grid.js";
import { tiles } from "./tiles.js";
import { wordBars } from "./bars.js";

/** @typedef {[layer: number, head: number]} Head from 0 */
/**
 * What heads.py sends: of the weights (layers, heads, cells) what the mask leaves, the `silent` heads taken out; the
 * words of the bars with their probabilities, with all heads and without those.
 * @typedef {{ text: string, words: string[], layers: number, heads: number, shared: number, silent: Head[],
 *   opening: Head, top: string[] } & Record<"weights" | "before" | "after", import("./packing.js").Tensor>} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Click a head, or move there by the arrow keys, to see it large. A second click, or "
    + "Enter, silences it: the bars show what the model says without it.");
  lab.needsKernel();
  let data = model.get("data");
  /** @type {Head} */
  let chosen; // none before `onData`
  /** @type {Head[]} */
  let silent = [];

  const text = textBox(lab, "Text", { onEnter: () => ask() });
  const one = button(lab, "Silence this head", () => turn(...chosen));
  const row = button(lab, "Silence its layer", () => turnLayer(chosen[0]));
  const all = button(lab, "All heads again", () => { silent = []; ask(); });

  const [left, middle, right] = [columnOf(1.1, 300), columnOf(1.3, 340), columnOf(1, 320)];
  lab.picture.append(el("div", { class: "rl-columns" }, left, middle, right));
  left.append(el("div", { class: "rl-caption" }, "All heads: a row for each layer; crossed out: silent"));
  const small = tiles(left, "All heads, a small map for each; Enter silences the chosen one or lets it speak again", {
    onMove: (layer, head) => { chosen = [layer, head]; tell(); lab.redraw(); },
    onPick: turn,
  });
  const caption = el("div", { class: "rl-caption" });
  middle.append(caption);
  const map = heatmap(middle, "Attention of the chosen head: each row is a word that looks", tellCell);
  right.append(el("div", { class: "rl-caption" }, "Probability of the next word, sorted by what is now true"));
  const bars = wordBars(right, "The probabilities of the next word, with every head and without the silent ones");

  const at = (/** @type {number[]} */ [layer, head]) => silent.findIndex(([l, h]) => l === layer && h === head);
  const name = () => `layer ${chosen[0] + 1}, head ${chosen[1] + 1}`;
  const weight = (/** @type {number} */ layer, /** @type {number} */ head) => {
    const start = (layer * data.heads + head) * data.weights.shape[2];
    return (/** @type {number} */ i, /** @type {number} */ j) => data.weights.flat(start + (i * (i + 1)) / 2 + j);
  };
  function turn(/** @type {number} */ layer, /** @type {number} */ head) {
    const place = at([layer, head]);
    silent = place < 0 ? [...silent, [layer, head]] : silent.toSpliced(place, 1);
    ask();
  }
  function turnLayer(/** @type {number} */ layer) {
    /** @type {Head[]} */
    const every = Array.from({ length: data.heads }, (_, head) => [layer, head]);
    const quiet = every.every((head) => at(head) >= 0);
    silent = [...silent.filter(([l]) => l !== layer), ...(quiet ? [] : every)];
    ask();
  }
  function ask() {
    lab.redraw();
    lab.ask({ text: text.value, silent });
  }
  /** Where the last word looks most in the chosen head. */
  function most() {
    const [w, last] = [weight(...chosen), data.words.length - 1];
    return data.words.reduce((best, _, j) => (w(last, j) > w(last, best) ? j : best), 0);
  }
  function tell() {
    const [w, last, best] = [weight(...chosen), data.words.length - 1, most()];
    lab.say(`${name()[0].toUpperCase()}${name().slice(1)}${at(chosen) < 0 ? "" : ", silent"}: the last word, `
      + `“${data.words[last]}”, looks most at “${data.words[best]}”, ${number(w(last, best), 2)}.`);
  }
  function tellCell(/** @type {number} */ i, /** @type {number} */ j) {
    lab.say(j > i ? `“${data.words[i]}” cannot look at “${data.words[j]}”: it comes later.`
      : `In ${name()}, “${data.words[i]}” gives “${data.words[j]}” about ${number(weight(...chosen)(i, j), 2)} of its `
        + "attention.");
  }

  lab.onData((next) => {
    const other = data.text !== next.text || !chosen;
    data = next;
    text.value = data.text;
    silent = data.silent;
    if (other) {
      chosen = data.opening;
      Object.assign(map.place, { row: data.words.length - 1, column: most() });
    }
  });
  lab.onDraw((theme) => {
    const quiet = at(chosen) >= 0;
    one.textContent = quiet ? "Let this head speak" : "Silence this head";
    row.hidden = data.heads === 1;
    all.setAttribute("aria-disabled", String(!silent.length));
    small.draw(theme, { rows: data.layers, columns: data.heads, shared: data.shared, size: data.words.length,
      weights: data.weights, weight, chosen, silent: (layer, head) => at([layer, head]) >= 0 });
    const group = Math.floor(chosen[1] / data.shared) * data.shared;
    caption.textContent = `${name()[0].toUpperCase()}${name().slice(1)}${quiet ? ", silent" : ""}${data.shared > 1
      ? `; heads ${group + 1} to ${group + data.shared} share keys and values` : ""}`;
    map.draw(theme, { rows: data.words, columns: data.words, value: weight(...chosen), low: 0, high: 1, written: share,
      hidden: (i, j) => j > i, axes: ["looks", "is looked at"], unseen: "it comes later" });
    bars.draw(theme, { words: data.top, series: [
      { name: "every head", at: (i) => data.before.at(i), colour: theme.before, ink: theme.muted },
      { name: "now", at: (i) => data.after.at(i), colour: theme.accent, ink: theme.accent },
    ] });
  });
  return lab.close;
}

export default { render };
