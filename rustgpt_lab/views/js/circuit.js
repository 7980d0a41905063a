// A circuit is born: loss and head scores over the steps, and the strongest head's map at the moment gone to.
import { button, columnOf, el, number, share, slider, stage } from "./lab.js";
import { legend, lineChart } from "./chart.js";
import { heatmap } from "./grid.js";

/** @typedef {import("./packing.js").Tensor} Tensor */

/**
 * What circuit.py sends: `rows` of step, loss and the share of right words, a row for each moment; the scores of all
 * heads at each; the moment at which the circuit appears; and for where the model is, `place`, the weights of a head.
 * @typedef {{ rows: Tensor, induction: Tensor, previous: Tensor, layers: number, heads: number, appears: number?,
 *   place: number, total: number, state: string, words: string[], head: number[], weights: Tensor }} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Click the curves, or move the slider, to choose a moment; the last button takes the "
    + "model there, and the map shows what its strongest head looks at.");
  lab.needsKernel();
  /** @type {Data} */
  let data; // none before `onData`
  /** @type {number[]} */
  let step = [];
  /** @type {number[]} */
  let loss = [];
  const recorded = () => data.state === "recorded";
  const running = () => data.state === "running";

  const go = button(lab, "Start", () => lab.ask({ do: running() ? "pause" : "start" }));
  const moment = slider(lab, "Moment", { max: 0, show: (m) => `step ${step[m] ?? 0}`, onInput: () => tell() });
  const born = button(lab, "To the moment it appears", () => pick(data.appears ?? 0));
  const back = button(lab, "Go to it", () => lab.ask({ do: "go", step: step[moment.value] }));

  const [left, right] = [columnOf(1.5, 400), columnOf(1, 340)];
  lab.picture.append(el("div", { class: "rl-columns" }, left, right));
  const pick = (/** @type {number} */ m) => { moment.value = m; tell(); lab.redraw(); };
  const near = (/** @type {number} */ picked) => pick(step.findLastIndex((s) => s <= picked));
  const part = (/** @type {string} */ label) => {
    const [head, node] = [el("div", { class: "rl-caption rl-long" }), el("div")];
    left.append(head, node);
    return { head, chart: lineChart(node, label, near) };
  };
  const upper = part("The loss over the steps, on the words that follow from those before");
  const lower = part("The scores of the heads over the steps");
  const caption = el("div", { class: "rl-caption" });
  right.append(caption);
  const map = heatmap(right, "Attention of the strongest head at the moment of the model", (i, j) => {
    lab.say(j > i ? `“${data.words[i]}” cannot look at “${data.words[j]}”: it comes later.`
      : `“${data.words[i]}” gives “${data.words[j]}” about ${number(data.weights.at(i, j), 2)} of its attention.`);
  });

  const column = (/** @type {Tensor} */ tensor, /** @type {number} */ k) => step.map((_, i) => tensor.at(i, k));
  const name = (/** @type {number} */ k) => `layer ${Math.floor(k / data.heads) + 1}, head ${(k % data.heads) + 1}`;
  const best = (/** @type {Tensor} */ tensor) => {
    const last = step.length - 1;
    return Array.from({ length: data.layers * data.heads }, (_, k) => k)
      .reduce((most, k) => (tensor.at(last, k) > tensor.at(last, most) ? k : most), 0);
  };
  function tell() {
    const m = moment.value;
    const [top, before] = [best(data.induction), best(data.previous)];
    lab.say(`Step ${step[m]}: loss ${number(loss[m], 3)}, ${Math.round(100 * data.rows.at(m, 2))} % right; induction `
      + `${number(data.induction.at(m, top), 2)} in ${name(top)}; the word before `
      + `${number(data.previous.at(m, before), 2)} in ${name(before)}.`);
  }

  /** Where the last word looks most. */
  function mark() {
    const row = data.words.length - 1;
    const looks = data.words.map((_, j) => data.weights.at(row, j));
    Object.assign(map.place, { row, column: looks.indexOf(Math.max(...looks)) });
  }

  lab.onData((next) => {
    const first = !data;
    const atEnd = !data || (moment.value >= step.length - 1 && next.state === "running");
    data = next;
    if (first) mark();
    step = Array.from({ length: data.rows.shape[0] }, (_, i) => data.rows.at(i, 0));
    loss = Array.from({ length: data.rows.shape[0] }, (_, i) => data.rows.at(i, 1));
    moment.max = step.length - 1;
    const here = step.findLastIndex((s) => s <= data.place);
    moment.value = atEnd || !running() ? here : Math.min(moment.value, step.length - 1);
    go.hidden = recorded();
    go.textContent = running() ? "Pause" : "Start";
    go.setAttribute("aria-disabled", String(data.state === "finished"));
    back.textContent = recorded() ? "Go to it" : "Rewind to it";
    born.hidden = data.appears === null;
  });
  lab.onDraw((theme) => {
    const at = step[moment.value];
    /** @type {[step: number, words: string][]} */
    const marks = data.appears === null ? [] : [[step[data.appears], "it appears"]];
    upper.head.textContent = "Loss on the words that follow from those before, in nats; "
      + `${step.at(-1)} of ${data.total} steps, ${data.state}`;
    upper.chart.draw(theme, { series: [{ steps: step, name: "loss", values: loss, colour: theme.accent }], low: 0,
      high: Math.max(...loss), at, marks, tall: 150 });
    const orange = theme.categories[1];
    /** @type {(tensor: Tensor, colour: string, what: string) => import("./chart.js").Line[]} */
    const lines = (tensor, colour, what) => Array.from({ length: data.layers * data.heads }, (_, k) => ({
      steps: step, name: `${what}, ${name(k)}`, values: column(tensor, k), colour, width: k === best(tensor) ? 2.5 : 1,
      opacity: k === best(tensor) ? 1 : 0.45 }));
    const both = [...lines(data.previous, orange, "the word before"),
      ...lines(data.induction, theme.accent, "induction")];
    lower.head.replaceChildren("Score of every head: its attention for what came next the first time, and for the word "
      + "before", legend([{ name: `induction, most: ${name(best(data.induction))}`, colour: theme.accent },
      { name: `the word before, most: ${name(best(data.previous))}`, colour: orange }]));
    lower.chart.draw(theme, { series: both, low: 0, high: 1, at, marks, tall: 170 });
    caption.textContent = `Layer ${data.head[0] + 1}, head ${data.head[1] + 1}, at step ${data.place}, reading words `
      + "that come twice";
    map.draw(theme, { rows: data.words, columns: data.words, value: data.weights.at, low: 0, high: 1, written: share,
      hidden: (i, j) => j > i, axes: ["looks", "is looked at"], unseen: "it comes later" });
  });
  if (!recorded()) lab.ask({ do: "show" }); // the data that came with the page may be old
  return lab.close;
}

export default { render };
