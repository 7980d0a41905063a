// The prompt through the network: what every layer's output would say through the projection, and how long it is.
import { el, isolated, number, stage, textBox, toggle } from "./lab.js";
import { wordBars } from "./bars.js";
import { profile, wordGrid } from "./word_grid.js";
import { alone, answering } from "./model/answering.js";
import { journeyOf } from "./model/journey_of.js";

const BESIDE = 14; // columns that have room beside the other pictures

/**
 * What journey.py sends of T words and L layers: the K likeliest next words (L, T, K), as places in the vocabulary, and
 * their probabilities; through all layers that of the first one (L, T, L); the norms (L, T). `labels` name the `ends`
 * of the blocks.
 * @typedef {{ text: string, words: string[], layers: string[], ends: number[], labels: string[], vocabulary: string[] }
 *   & Record<"top" | "probabilities" | "history" | "norms", import("./packing.js").Tensor>} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model: widget, el: root }) {
  const model = answering(widget, journeyOf);
  const lab = stage(model, root, "Point at a cell, or move by the arrow keys, to follow its word through the layers.");
  if (!alone(model)) lab.needsKernel();
  let data = model.get("data");
  const text = textBox(lab, "Text", { onEnter: (line) => lab.ask(line) });
  const all = toggle(lab, "Every layer", false, (on) => {
    const layer = on ? data.ends[grid.place.column] : grid.place.column;
    grid.place.column = on ? layer : Math.max(0, data.ends.findLastIndex((end) => end <= layer));
  });
  const [left, right] = [el("div"), el("div", { class: "rl-columns" })];
  lab.picture.append(el("div", { class: "rl-columns" }, left, right));
  const grid = wordGrid(left, "First choices for the next word: each row a word that is read, each column a depth",
    () => { detail(lab.theme); tell(); });
  /** @template {object} Drawn @param {(node: HTMLElement, label: string) => Drawn} draw @param {string} label */
  const part = (draw, label) => {
    const caption = el("div", { class: "rl-caption" });
    const node = el("div", {}, caption);
    right.append(node);
    return { caption, ...draw(node, label) };
  };
  const chance = part(profile, "The probability of the chosen word after every layer");
  const length = part(profile, "The norm of the residual stream after every layer");
  const rivals = part(wordBars, "The five most likely words in the chosen cell");

  const shown = () => (all.value ? data.layers.map((_, i) => i) : data.ends);
  const chosen = () => [shown()[grid.place.column], grid.place.row];
  /** @type {(layer: number, position: number, k?: number) => string} */
  const word = (layer, position, k = 0) => data.vocabulary[data.top.at(layer, position, k)];

  function tell() {
    const [layer, position] = chosen();
    const end = data.ends.indexOf(layer);
    const where = end < 0 ? `In the middle of a block, after layer ${layer} (${data.layers[layer]})` : end || layer
      ? `After ${data.labels[end]}` : "Straight from the embeddings";
    const [p, norm] = [data.probabilities.at(layer, position, 0), data.norms.at(layer, position)];
    lab.say(`${where}, “${data.words[position]}” would be followed by “${word(layer, position)}” with ${number(p, 3)}. `
      + `The norm there is ${number(norm, 3)}.`);
  }
  function detail(/** @type {import("./lab.js").Theme} */ theme) {
    const [layer, position] = chosen();
    const through = (/** @type {(i: number) => number} */ at) => data.layers.map((_, i) => at(i));
    const marks = data.ends;
    const read = data.words[position];
    const [p, norm] = [data.probabilities.at(layer, position, 0), data.norms.at(layer, position)];
    const head = (/** @type {{ caption: Element }} */ { caption }, /** @type {string} */ told) =>
      caption.replaceChildren(...isolated(told));
    head(chance, `Probability of “${word(layer, position)}” after “${read}”: ${number(p, 3)}`);
    chance.draw(theme, { values: through((i) => data.history.at(layer, position, i)), high: 1, marks, at: layer });
    const norms = through((i) => data.norms.at(i, position));
    head(length, `Norm of the residual stream at “${read}”: ${number(norm, 3)}`);
    length.draw(theme, { values: norms, high: Math.max(...norms), marks, at: layer });
    head(rivals, `The most likely words after “${read}”, after layer ${layer}`);
    const words = Array.from({ length: data.top.shape[2] }, (_, k) => word(layer, position, k));
    const at = (/** @type {number} */ k) => data.probabilities.at(layer, position, k);
    rivals.draw(theme, { words, series: [{ at, colour: theme.accent }] });
  }

  lab.onData((next) => {
    data = next;
    text.value = data.text;
    Object.assign(grid.place, { row: data.words.length - 1, column: shown().length - 1 });
  });
  lab.onDraw((theme) => {
    const layers = shown();
    for (const side of [left, right]) side.classList.toggle("rl-alone", layers.length > BESIDE);
    grid.draw(theme, {
      rows: data.words,
      columns: all.value ? layers.map(String) : data.labels,
      word: (i, j) => word(layers[j], i),
      value: (i, j) => data.probabilities.at(layers[j], i, 0),
    });
    detail(theme);
  });
  return lab.close;
}

export default { render };
