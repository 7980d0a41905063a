// Two models that learned side by side, one with a mistake and one without; at first a button that trains them.
import { button, columnOf, el, stage } from "./lab.js";
import { lineChart } from "./chart.js";
import { comparison } from "./comparison.js";

/** @typedef {import("./packing.js").Tensor} Tensor */

/**
 * What versus.py sends, at first no more than that nothing is done: of both models, the one with the mistake first, the
 * losses, what ended them early, and the relative error of the gradient of every named parameter; below `agree` it
 * passes.
 * @typedef {{ done: false } | { done: true, losses: Tensor[], ends: string[], names: string[], errors: Tensor,
 *   agree: number, comparison: import("./comparison.js").Comparison }} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root);
  lab.needsKernel();
  lab.picture.before(lab.readout); // what the difference is comes first
  /** @type {Data} */
  let data = { done: false };
  const train = button(lab, "Train a model with it, and one without", () => lab.ask({}));
  const [left, right] = [columnOf(2, 380), columnOf(1, 250)];
  const below = el("div");
  lab.picture.append(el("div", { class: "rl-columns" }, left, right), below);
  left.append(el("div", { class: "rl-caption" }, "Loss of each batch, in nats, log scale"));
  const node = el("div");
  left.append(node);
  const chart = lineChart(node, "The loss of both models over the steps");
  const table = el("table", { class: "rl-figures rl-list rl-words" });
  right.append(table);
  const beside = comparison(below);
  /** @type {(tag: "th" | "td", text: string, kind?: string) => Node} */
  const cell = (tag, text, kind) => el(tag, { class: kind }, text);
  const list = (/** @type {Tensor} */ array) => Array.from({ length: array.shape[0] }, (_, i) => array.at(i));
  table.numbers = () => [...table.rows].map((row) => [...row.cells].map(({ textContent }) => textContent ?? ""));

  lab.onData((next) => {
    data = next;
    train.hidden = data.done;
    lab.controls.hidden = data.done;
    lab.picture.hidden = !data.done;
  });
  lab.onDraw((theme) => {
    if (!data.done) return;
    const { losses, errors, agree, names, comparison: both } = data;
    const { labels } = both;
    const colours = [theme.categories[5], theme.categories[0]];
    const series = losses.map(list).map((values, k) => ({ name: labels[k], label: labels[k], colour: colours[k],
      steps: values.map((_, i) => i + 1), values }));
    const values = series.flatMap((line) => line.values).filter((v) => Number.isFinite(v) && v > 0);
    const [low, high] = values.length ? [Math.min(...values), Math.max(...values)] : [0.1, 1];
    chart.draw(theme, { series, low, high, log: true, tall: 220 });
    const told = (/** @type {number} */ error) => (error < agree ? cell("td", "agrees")
      : cell("td", `off by ${(100 * error).toPrecision(2).replace(/e.*/, "")} %`, "rl-off"));
    table.replaceChildren(
      el("caption", { class: "rl-caption" },
        "Gradients beside nudging, before the first step"),
      el("thead", {}, el("tr", {}, ...["gradient of", ...labels].map((text) => cell("th", text)))),
      el("tbody", {}, ...names.map((name, i) => el("tr", {}, cell("td", name),
        ...[0, 1].map((k) => told(errors.at(i, k)))))));
    beside.draw(theme, both);
  });
  return lab.close;
}

export default { render };
