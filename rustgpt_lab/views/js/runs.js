// The losses of several runs in one picture, and a table of what they were told differently.
import { el, number, slider, stage, toggle, widthOf } from "./lab.js";
import { lineChart } from "./chart.js";
import { tallest } from "./grid.js";

/** @typedef {import("./packing.js").Tensor} Tensor */

/**
 * What runs.py sends: the losses of each run over the steps, NaN after its end, as they are and smoothed; a table of
 * what the runs were told differently, and what they were all told.
 * @typedef {{ names: string[], losses: Tensor, averages: Tensor, headings: string[], rows: string[][],
 *   same: Record<string, string> }} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Move the slider, or click the picture, to compare the runs at a step.");
  /** @type {Data} */
  let data; // none before `onData`
  const step = slider(lab, "Step", { max: 1, show: (i) => String(i + 1), onInput: () => tell() });
  const smooth = toggle(lab, "Smoothed", true, () => tell());
  const heading = el("div", { class: "rl-caption" });
  const place = el("div");
  const table = el("table", { class: "rl-found" });
  const same = el("p", { class: "rl-caption" });
  lab.picture.append(heading, place, table, same);
  const chart = lineChart(place, "The loss of each run over the steps", (at) => {
    step.value = at - 1;
    tell();
    lab.redraw();
  });

  /** Each run's name, and its losses up to its end. */
  function lines() {
    const from = smooth.value ? data.averages : data.losses;
    return data.names.map((name, r) => {
      const every = Array.from({ length: from.shape[1] }, (_, i) => from.at(r, i));
      const values = every.slice(0, every.findLastIndex(Number.isFinite) + 1);
      return { name, label: name, values, steps: values.map((_, i) => i + 1) };
    });
  }
  function tell() {
    const said = lines().map(({ name, values }) =>
      `${name}: ${step.value < values.length ? number(values[step.value], 3) : "it has ended"}`);
    lab.say(`Step ${step.value + 1}${smooth.value ? ", smoothed" : ""}. ${said.join("; ")}.`);
  }

  lab.onData((fresh) => {
    data = fresh;
    step.max = data.losses.shape[1] - 1;
    step.value = data.losses.shape[1] - 1;
    const told = Object.entries(data.same).map(([name, value]) => `${name} ${value}`).join(", ");
    same.textContent = told ? `The same for all: ${told}.` : "";
  });
  lab.onDraw((theme) => {
    const series = lines().map((one, r) => ({ ...one, colour: theme.categories[r], width: 1.8 }));
    heading.textContent = `Loss of each batch${smooth.value ? ", smoothed" : ""}, in nats, log scale`;
    const all = series.flatMap(({ values }) => values).filter((loss) => Number.isFinite(loss) && loss > 0);
    const low = all.reduce((a, b) => Math.min(a, b), 1);
    const high = all.reduce((a, b) => Math.max(a, b), 2 * low);
    const tall = Math.min(0.4 * widthOf(place), 0.6 * tallest(place));
    chart.draw(theme, { series, log: true, low, high, at: step.value + 1, tall });
    const cells = (/** @type {"th" | "td"} */ tag, /** @type {string[]} */ row) =>
      el("tr", {}, ...row.map((cell) => el(tag, {}, cell)));
    table.replaceChildren(el("thead", {}, cells("th", data.headings)),
      el("tbody", {}, ...data.rows.map((row) => cells("td", row))));
  });
  return () => lab.close();
}

export default { render };
