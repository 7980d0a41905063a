// Which word looks at which, in every layer and head, with the arithmetic behind each number.
import { choice, columnOf, el, isolated, number, share, slider, stage, textBox } from "./lab.js";
import { wordBars } from "./bars.js";
import { heatmap, lines } from "./grid.js";
import { alone } from "./model/answering.js";

const AXES = ["looks", "is looked at"];
const MOST = 10; // bars

/** @typedef {import("./packing.js").Tensor} Tensor */

/**
 * What attention.py sends, or a part of it where a view shows one: of the weights and scores (snapshots, layers, heads,
 * cells) what the mask leaves; no scores where there would be too many.
 * @typedef {{ text: string, words: string[], snapshots: string[], layers: number, heads: number, causal: boolean,
 *   sqrt_d: number, opening: number[], weights: Tensor, scores: Tensor? }} Attention
 */

/** @param {import("./lab.js").Card<Attention>} card */
export function render({ model, el: root }) {
  const lab = stage(model, root, "Point at a cell, or move by the arrow keys: a row is a word that looks, and its "
    + "shares sum to 1. Type another text, and press Enter.");
  if (!alone(model)) lab.needsKernel();
  let data = model.get("data");
  const text = textBox(lab, "Text", { onEnter: (line) => lab.ask(line) });
  const moment = slider(lab, "Moment", { max: 0, show: (m) => data.snapshots[m], onInput: () => tell() });
  const layer = slider(lab, "Layer", { max: 0, show: (l) => `${l + 1} of ${data.layers}`, onInput: () => tell() });
  const head = slider(lab, "Head", { max: 0, show: (h) => `${h + 1} of ${data.heads}`, onInput: () => tell() });
  const form = choice(lab, "Form", { map: "Map", lines: "Lines" });
  const [left, right] = [columnOf(1.4, 340), columnOf(1, 340)];
  lab.picture.append(el("div", { class: "rl-columns" }, left, right));
  const forms = {
    map: heatmap(left, "Attention weights: each row is a word that looks, each column one looked at", chosen),
    lines: lines(left, "Attention as lines: on the left the words that look, on the right the seen", chosen),
  };
  const caption = el("div", { class: "rl-caption" });
  right.append(caption);
  const bars = wordBars(right, "Where the chosen word looks");
  let [row, column] = [0, 0];

  /** @type {(i: number, j: number) => number} */
  const index = (i, j) => (data.causal ? (i * (i + 1)) / 2 + j : i * data.words.length + j);
  /** @type {(i: number, j: number) => boolean} */
  const hidden = (i, j) => data.causal && j > i;
  const read = (/** @type {Tensor} */ array) => {
    const start = ((moment.value * data.layers + layer.value) * data.heads + head.value) * array.shape[3];
    return (/** @type {number} */ i, /** @type {number} */ j) => array.flat(start + index(i, j));
  };
  const seen = () => data.words.map((_, j) => j).filter((j) => !hidden(row, j));

  function chosen(/** @type {number} */ i, /** @type {number} */ j) {
    const other = row !== i;
    [row, column] = [i, j];
    if (other) drawRow(lab.theme);
    tell();
  }
  function tell() {
    const [from, to] = [`“${data.words[row]}”`, `“${data.words[column]}”`];
    if (hidden(row, column)) {
      lab.say(`${from} cannot look at ${to}: the mask hides what comes later, so the weight is 0.`);
      return;
    }
    const weight = read(data.weights)(row, column);
    let more = "";
    if (data.scores) {
      const score = read(data.scores);
      const most = Math.max(...seen().map((j) => score(row, j)));
      const sum = seen().reduce((total, j) => total + Math.exp(score(row, j) - most), 0);
      const s = score(row, column);
      const less = most < 0 ? `+ ${number(-most)}` : `− ${number(most)}`; // exp(s - most), as numerics.softmax does
      more = ` Score: q·k / √d = ${number(s * data.sqrt_d)} / ${number(data.sqrt_d)} = ${number(s)}.`
        + ` Softmax over the row: exp(${number(s)} ${less}) / ${number(sum)} = ${number(weight)}.`;
    }
    const part = data.scores ? number(weight, 3) : `about ${number(weight, 2)}`;
    lab.say(`${from} gives ${to} ${part} of its attention.${more}`);
  }
  /** The row of the word that looks, its greatest shares first. @param {import("./lab.js").Theme} theme */
  function drawRow(theme) {
    const weight = read(data.weights);
    const order = seen().sort((a, b) => weight(row, b) - weight(row, a)).slice(0, MOST);
    const rest = seen().length - order.length;
    caption.replaceChildren(...isolated(`Where “${data.words[row]}” looks${rest
      ? `; ${rest} with less ${rest === 1 ? "is" : "are"} left out` : ""}`));
    bars.draw(theme, { words: order.map((j) => data.words[j]),
      series: [{ at: (k) => weight(row, order[k]), colour: theme.accent }] });
  }

  lab.onData((next) => {
    data = next;
    text.value = data.text;
    moment.max = data.snapshots.length - 1;
    layer.max = data.layers - 1;
    head.max = data.heads - 1;
    moment.value = data.snapshots.length - 1;
    [layer.value, head.value, column] = data.opening;
    row = data.words.length - 1;
  });
  lab.onDraw((theme) => {
    for (const [name, { node, place }] of Object.entries(forms)) {
      node.hidden = name !== form.value;
      Object.assign(place, { row, column });
    }
    const spec = { rows: data.words, columns: data.words, value: read(data.weights), low: 0, high: 1, hidden,
      written: share, axes: AXES, unseen: "hidden by the mask: it comes later" };
    forms[form.value].draw(theme, spec);
    drawRow(theme);
  });
  return lab.close;
}
