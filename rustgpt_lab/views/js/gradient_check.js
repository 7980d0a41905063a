// Three heat maps with one cursor: the backward pass, nudging, and the relative difference between them.
import { button, columnOf, el, menu, number, stage } from "./lab.js";
import { heatmaps } from "./grid.js";
import { greatest } from "./scale.js";

const AXES = ["row", "column"];
const WORST = 5; // entries in the list
const written = (/** @type {number} */ x) => (Math.abs(x) < 10 ? x.toFixed(2).replace("-", "−") : number(x, 3));

/**
 * One array's gradient, found in two ways, and the relative difference with its decimal logarithm; `shape` is that of
 * the whole array, `worst` a row and a column.
 * @typedef {{ name: string, shape: number[], right: boolean, worst: number[] } &
 *   Record<"analytic" | "numerical" | "relative" | "log", import("./packing.js").Tensor>} Gradient
 */
/**
 * What gradient_check.py sends: label -> gradients, and the label and the gradient to begin with.
 * @typedef {{ layers: Record<string, Gradient[]>, first: [label: string, name: string] }} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root,
    "Point at an entry, or move by the arrow keys: the same one is marked in all three maps.");
  let data = model.get("data");
  const labels = Object.keys(data.layers);
  const layer = menu(lab, "Layer", Object.fromEntries(labels.map((label) => [label, label])), () => choose());
  layer.node.hidden = labels.length < 2;
  const name = menu(lab, "Gradient of", /** @type {Record<string, string>} */ ({}), () => goToWorst());
  button(lab, "Worst entry", () => goToWorst());

  const columns = el("div", { class: "rl-columns" });
  const list = el("div", { class: "rl-figures rl-apart" });
  lab.picture.append(columns, list);
  const titles = ["What the backward pass says", "What nudging finds", "log₁₀ of the relative difference"];
  const maps = heatmaps(titles.map((title) => {
    const node = columnOf(1, 280, el("div", { class: "rl-caption" }, title));
    columns.append(node);
    return [node, title];
  }), () => tell());

  const gradient = () => {
    const gradients = data.layers[layer.value];
    return gradients.find((g) => g.name === name.value) ?? gradients[0];
  };
  const spot = () => maps[0].place;
  const goToWorst = () => {
    maps.forEach((map) => { [map.place.row, map.place.column] = gradient().worst; });
    lab.redraw();
    tell();
  };
  function choose(/** @type {string} */ first = "") {
    const gradients = data.layers[layer.value];
    name.node.querySelector("select")?.replaceChildren(...gradients.map((g) => el("option", { value: g.name },
      `${g.right ? "✓" : "✗"} ${g.name}, ${g.shape.join("×")}`)));
    name.value = first || (gradients.find((g) => !g.right) ?? gradients[0]).name;
    maps.forEach((map) => { [map.place.row, map.place.column] = gradient().worst; });
    if (!first) { lab.redraw(); tell(); }
  }
  function tell() {
    const g = gradient();
    const { row, column } = spot();
    const [said, truth] = [g.analytic.at(row, column), g.numerical.at(row, column)];
    const verdict = g.right ? "They agree." : `The backward pass says ${number(said / truth, 4)} times the truth.`;
    lab.say(`${g.name}[${row}, ${column}]: ${number(said, 5)} by the backward pass, ${number(truth, 5)} by nudging; `
      + `a relative difference of ${number(g.relative.at(row, column), 2)}. ${verdict}`);
  }
  function listWorst(/** @type {Gradient} */ g) {
    /** @type {(cells: string[], tag?: "td" | "th") => HTMLTableRowElement} */
    const row = (cells, tag = "td") => el("tr", {}, ...cells.map((cell) => el(tag, {}, cell)));
    const rows = greatest(g.relative, WORST).map(([i, j]) => row([`${g.name}[${i}, ${j}]`,
      number(g.analytic.at(i, j), 5), number(g.numerical.at(i, j), 5), number(g.relative.at(i, j), 2)]));
    const head = row(["The worst entries", "backward pass", "nudging", "relative difference"], "th");
    list.replaceChildren(el("table", { class: "rl-list" }, el("thead", {}, head), el("tbody", {}, ...rows)));
  }

  lab.onData((next) => {
    data = next;
    layer.value = data.first[0];
    choose(data.first[1]);
  });
  lab.onDraw((theme) => {
    const g = gradient();
    const [rows, across] = g.analytic.shape.map((n) => Array.from({ length: n }, (_, i) => String(i)));
    const pair = [g.analytic, g.numerical];
    const sizes = pair.flatMap((array) => rows.flatMap((_, i) => across.map((__, j) => Math.abs(array.at(i, j)))));
    const high = Math.max(...sizes.filter(Number.isFinite), 1e-12);
    pair.forEach((array, k) => maps[k].draw(theme, { rows, columns: across, low: -high, high, axes: AXES,
      palette: "diverging", written, value: (i, j) => array.at(i, j) }));
    maps[2].draw(theme, { rows, columns: across, low: -10, high: 0, axes: AXES, written,
      value: (i, j) => g.log.at(i, j) });
    listWorst(g);
  });
  return lab.close;
}

export default { render };
