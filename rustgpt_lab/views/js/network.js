// The model as a column of layers; the chosen one shows its weights and what it computed, each array in a few numbers.
import { el, number, stage, textBox } from "./lab.js";
import { alone, answering } from "./model/answering.js";
import { networkOf } from "./model/network_of.js";
import { PALETTE } from "./palette.js";

const [, HALF, ALL] = PALETTE.categories;
/** @type {Record<string, string>} */
const AUTHORS = { you: ALL, "half you": HALF, "the course": PALETTE.inks.light.before };
const [WIDE, HIGH] = [84, 26]; // of a histogram, in pixels

/** @typedef {import("./lab.js").Theme} Theme */

/**
 * An array in a few numbers; `hidden` of its entries are -inf, `histogram` is its row of those of all arrays.
 * @typedef {{ name: string, shape: number[], mean: number, std: number, low: number, high: number, hidden: number,
 *   histogram: number }} Summary
 */
/**
 * A layer: the number of its block or 0, whether it adds to its input, how many parameters it has, how wide a row of
 * its output is, and who wrote it, if that is told.
 * @typedef {{ name: string, summary: string, block: number, residual: boolean, size: number, gives: number,
 *   author: string, parameters: Summary[], trace: Summary[] }} Layer
 */
/**
 * What network.py sends.
 * @typedef {{ text: string, words: string[], layers: Layer[], size: number,
 *   histograms: import("./packing.js").Tensor }} Data
 */

/** @param {number[]} counts @param {Theme} theme */
function histogram(counts, theme) {
  const most = Math.max(1, ...counts);
  const step = WIDE / counts.length;
  const bar = (/** @type {number} */ count, /** @type {number} */ i) => {
    const height = count && Math.max(1, (count / most) * HIGH); // what is there can be seen
    return el("rect", { x: i * step, y: HIGH - height, width: step - 0.5, height, fill: theme.accent });
  };
  const floor = el("line", { x1: 0, x2: WIDE, y1: HIGH, y2: HIGH, stroke: theme.line });
  return el("svg", { width: WIDE, height: HIGH + 1, "aria-hidden": "true" }, ...counts.map(bar), floor);
}

/** A number with as many decimals as the spread is worth. @param {number} x @param {number} std */
function fixed(x, std) {
  const decimals = std > 0 ? Math.min(Math.max(2 - Math.floor(Math.log10(std)), 0), 8) : 2;
  return Number.isFinite(x) ? x.toFixed(decimals).replace(/^-(?!0\.?0*$)/, "−").replace(/^-/, "") : number(x);
}

/** @param {Summary} array @param {number[]} counts @param {Theme} theme */
function item(array, counts, theme) {
  const shape = `(${array.shape.join(", ")}${array.shape.length === 1 ? "," : ""})`;
  const hidden = array.hidden ? `; ${array.hidden} hidden` : "";
  const [mean, std, low, high] = [array.mean, array.std, array.low, array.high].map((x) => fixed(x, array.std));
  return el("li", {}, el("span", {}, array.name, el("small", {}, shape)), histogram(counts, theme),
    el("span", {}, `${mean} ± ${std}`, el("small", {}, `${low} to ${high}${hidden}`)));
}

/** @param {import("./lab.js").Card<Data>} card */
function render({ model: widget, el: root }) {
  const model = answering(widget, networkOf);
  const lab = stage(model, root, "Choose a layer to see its weights, and what it computed for the text.");
  if (!alone(model)) lab.needsKernel();
  let data = model.get("data");
  // The sentence speaks of the largest.
  let chosen = data.layers.reduce((best, { size }, i) => (size > data.layers[best].size ? i : best), 0);
  const text = textBox(lab, "Text", { onEnter: (line) => lab.ask(line) });
  const diagram = el("div", { class: "rl-layers", role: "radiogroup", "aria-label": "Layers, from first to last" });
  const detail = el("div");
  lab.picture.append(el("div", { class: "rl-columns" }, diagram, detail));
  const name = `rl-${Math.random().toString(36).slice(2)}`;

  function box(/** @type {Layer} */ layer, /** @type {number} */ i, /** @type {number} */ largest) {
    const choose = () => {
      chosen = i;
      lab.redraw();
      tell();
    };
    return el("label", {
      class: ["rl-layer", layer.residual && "rl-residual", layer.author && "rl-authored"].filter(Boolean).join(" "),
      "data-gives": `(${data.words.length}, ${layer.gives})`,
      vary: { share: `${(100 * layer.size) / largest}%`, author: AUTHORS[layer.author] ?? "" },
    }, el("input", { type: "radio", name, checked: i === chosen, input: choose, "data-lm-suppress-shortcuts": "true" }),
    el("span", {}, `${i} ${layer.name}`), ...(layer.author ? [el("small", {}, layer.author)] : []),
    el("span", {}, layer.size.toLocaleString("en")));
  }
  /** Layers of one block stand together. */
  function boxes() {
    const largest = Math.max(1, ...data.layers.map((layer) => layer.size));
    /** @type {HTMLElement[]} */
    const groups = [];
    data.layers.forEach(({ block }, i) => {
      if (!i || !block || block !== data.layers[i - 1].block) {
        groups.push(block ? el("div", { class: "rl-block" }, el("small", {}, `block ${block}`)) : el("div"));
      }
      groups.at(-1)?.append(box(data.layers[i], i, largest));
    });
    return groups;
  }
  function tell() {
    const layer = data.layers[chosen];
    const count = layer.size.toLocaleString("en");
    const share = number(100 * layer.size / data.size, 2);
    const sum = " It adds what it finds to what it was given: the line beside it is this residual.";
    const more = `${layer.residual ? sum : ""}${layer.author ? ` Written by: ${layer.author}.` : ""}`;
    lab.say(`Layer ${chosen}, ${layer.name}: ${count} parameters, ${share}% of all.${more}`);
  }

  lab.onData((next) => {
    data = next;
    text.value = data.text;
    diagram.replaceChildren(...boxes());
  });
  lab.onDraw((theme) => {
    const layer = data.layers[chosen];
    const bins = Array.from({ length: data.histograms.shape[1] }, (_, i) => i);
    const counts = (/** @type {Summary} */ array) => bins.map((i) => data.histograms.at(array.histogram, i));
    const list = (/** @type {string} */ caption, /** @type {Summary[]} */ arrays) => (arrays.length ? [
      el("div", { class: "rl-caption" }, caption),
      el("ul", { class: "rl-arrays" }, ...arrays.map((array) => item(array, counts(array), theme))),
    ] : []);
    detail.replaceChildren(
      el("div", { class: "rl-layer-name" }, `${chosen} ${layer.name}`),
      el("p", { class: "rl-summary" }, layer.summary),
      ...list("Its parameters: shape, histogram, mean ± standard deviation, range", layer.parameters),
      ...list(`What it computed for these ${data.words.length} words`, layer.trace),
    );
  });
  return lab.close;
}

export default { render };
