// Gradients before and after clipping: every parameter on one log scale, the chosen one over the steps.
import { choice, columnOf, el, menu, number, pointIn, slider, stage, vary, widthOf } from "./lab.js";
import { legend, lineChart } from "./chart.js";
import { cursor, focusable, shortened, widest } from "./grid.js";
import { decades, grid, nearest } from "./scale.js";

const THRESHOLDS = grid(-4, 2);
const ROW = 22;
const TICK = 56; // the least distance between two numbers below the picture

/** @typedef {import("./lab.js").Theme} Theme */
/** @typedef {import("./packing.js").Tensor} Tensor */
/** @typedef {import("./lab.js").Attributes} Attributes */

/** @typedef {"l2" | "agc" | "adaptive"} Method */
/** @typedef {"parameters" | "logits"} Site */
/** @typedef {{ method: Method, site: Site, threshold: number }} Clipping */
/**
 * What clipping.py sends: for each of the names and each of the steps the norms before and after, the fraction that was
 * clipped, the angle in degrees; `site_row` is the row that the clipping works on.
 * @typedef {Clipping & { names: string[], site_row: number, methods: Record<Method, string>,
 *   sites: Record<Site, string> } & Record<"before" | "after" | "clipped" | "angle", Tensor>} Data
 */

const median = (/** @type {number[]} */ values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

/** The smallest and the greatest of some norms, without those that are 0. @param {number[]} values */
function range(values) {
  const positive = values.filter((value) => value > 0);
  return positive.length ? [Math.min(...positive) / 1.3, Math.max(...positive) * 1.3] : [0.1, 1];
}

/**
 * A row for every name, from the norm before (a ring) to the norm after (a dot), on a log scale.
 * @param {HTMLElement} parent @param {string} label @param {() => void} onRow
 */
function dumbbells(parent, label, onRow) {
  const svg = el("svg", { "aria-hidden": "true" });
  const node = focusable(label, svg);
  parent.append(node);
  let [names, left] = [[""], 0];
  const { place } = cursor(node, {
    size: () => [names.length, 1],
    cellAt: () => null,
    moved: () => onRow(),
  });
  node.addEventListener("click", (event) => {
    const row = Math.floor((pointIn(node, event)[1] - 4) / ROW);
    if (row >= 0 && row < names.length) { place.row = row; onRow(); }
  });
  /** @typedef {Record<"before" | "after" | "clipped", number[]>} Norms */
  /** @type {Norms} */
  let shown = { before: [], after: [], clipped: [] };
  node.numbers = () => [["gradient of", "norm before", "after", "units clipped"],
    ...names.map((name, i) => [name, shown.before[i], shown.after[i], shown.clipped[i]])];
  return {
    place,
    /** @param {Theme} theme @param {Norms & { rows: string[] }} norms */
    draw(theme, { rows, before, after, clipped }) {
      names = rows;
      shown = { before, after, clipped };
      left = widest(names, 210) + 10;
      const width = Math.max(widthOf(parent), 260);
      const right = width - 60;
      const [low, high] = range([...before, ...after]);
      const x = (/** @type {number} */ v) =>
        left + 8 + (right - left - 16) * Math.max(0, Math.log(v / low) / Math.log(high / low));
      const bottom = 6 + ROW * names.length;
      /** @type {(tx: number, ty: number, anchor: string, content: string, more?: Attributes) => SVGTextElement} */
      const text = (tx, ty, anchor, content, more = {}) => el("text",
        { x: tx, y: ty, "text-anchor": anchor, "dominant-baseline": "central", ...more }, content);
      vary(node, { width: `${width}px`, height: `${bottom + 24}px` });
      svg.replaceChildren(
        el("rect", { x: 0, y: 4 + ROW * place.row, width, height: ROW, fill: theme.accent, "fill-opacity": 0.12 }),
        ...decades(low, high, Math.ceil((right - left) / TICK)).flatMap((v) => [
          el("line", { x1: x(v), x2: x(v), y1: 4, y2: bottom, stroke: theme.line, "stroke-width": 0.7 }),
          text(x(v), bottom + 12, "middle", number(v, 3), { class: "rl-tick" }),
        ]),
        ...names.flatMap((name, i) => {
          const y = 4 + ROW * (i + 0.5);
          const chosen = { class: i === place.row && "rl-word rl-strong" };
          return [
            text(left - 4, y, "end", shortened(name, 208), chosen),
            el("line", { x1: x(before[i]), x2: x(after[i]), y1: y, y2: y, stroke: theme.before, "stroke-width": 1.5 }),
            el("circle", { cx: x(before[i]), cy: y, r: 4, fill: "none", stroke: theme.before, "stroke-width": 1.5 }),
            el("circle", { cx: x(after[i]), cy: y, r: 3.5, fill: theme.accent }),
            text(width - 2, y, "end", `${Math.round(100 * clipped[i])} %`, chosen),
          ];
        }),
      );
    },
  };
}

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Choose a row by a click or the arrow keys, and a step by a click on a line.");
  lab.needsKernel();
  let data = model.get("data");
  const method = menu(lab, "Method", data.methods, (chosen) => {
    threshold.value = nearest(THRESHOLDS, chosen === "l2" ? 1 : 0.01, true);
    ask();
  });
  const site = choice(lab, "Site", data.sites, () => ask());
  const threshold = slider(lab, "Threshold", { max: THRESHOLDS.length - 1, show: (i) => number(THRESHOLDS[i]) });
  threshold.node.addEventListener("change", () => ask());
  /** @type {Clipping?} */
  let asked = null; // the last question, until it is answered
  const ask = () => {
    asked = { method: method.value, site: site.value, threshold: THRESHOLDS[threshold.value] };
    lab.ask(asked);
  };
  const step = slider(lab, "Show", { max: 1, show: (i) => (i ? `step ${i}` : "all steps") });

  const [left, right] = [columnOf(1, 340), columnOf(1, 340)];
  lab.picture.append(el("div", { class: "rl-columns" }, left, right));
  const caption = el("div", { class: "rl-caption" });
  left.append(caption);
  const rows = dumbbells(left, "The gradient of every parameter, before and after", () => { lab.redraw(); tell(); });
  const pick = (/** @type {number} */ s) => { step.value = s; lab.redraw(); tell(); };
  const part = (/** @type {string} */ label) => {
    const [head, node] = [el("div", { class: "rl-caption rl-head-of" }), el("div")];
    right.append(head, node);
    return { head, chart: lineChart(node, label, pick) };
  };
  const norms = part("The norm of the chosen gradient over the steps, before and after");
  const share = part("The fraction of the chosen gradient's units that were clipped, over the steps");
  const angle = part("The angle between the chosen gradient before and after, over the steps");

  const steps = () => data.before.shape[1];
  const line = (/** @type {Tensor} */ array, /** @type {number} */ row) =>
    Array.from({ length: steps() }, (_, s) => array.at(row, s));
  const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  /** @type {(array: Tensor, row: number, whole?: (values: number[]) => number) => number} */
  const shown = (array, row, whole = median) => (step.value ? array.at(row, step.value - 1) : whole(line(array, row)));

  function tell() {
    const row = rows.place.row;
    const when = step.value ? `at step ${step.value}` : `in ${steps()} steps (medians)`;
    const turned = number(shown(data.angle, row), 3);
    const [a, b] = [shown(data.before, row), shown(data.after, row)];
    lab.say(`${data.names[row]}, ${when}: a norm of ${number(a, 3)} before, ${number(b, 3)} after, `
      + `${Math.round(100 * shown(data.clipped, row, mean))} % of its units clipped, turned by ${turned}°.`);
  }

  lab.onData((next) => {
    const first = rows.place.row === 0 || data.site !== next.site;
    data = next;
    const { method: m, site: s, threshold: t } = asked ?? data;
    if (m === data.method && s === data.site && t === data.threshold) { // else the controls are ahead
      method.value = data.method;
      site.value = data.site;
      threshold.value = nearest(THRESHOLDS, data.threshold, true);
      asked = null;
    }
    step.max = steps();
    if (first) rows.place.row = data.site_row;
  });
  lab.onDraw((theme) => {
    const row = rows.place.row;
    /** @type {(array: Tensor, whole?: (values: number[]) => number) => number[]} */
    const each = (array, whole) => data.names.map((_, i) => shown(array, i, whole));
    const [before, after] = [line(data.before, row), line(data.after, row)];
    const when = step.value ? `step ${step.value}` : "the median of all steps";
    caption.replaceChildren(`Norms, ${when}: before `, el("span", { class: "rl-as-before" }, "○"), ", after ",
      el("span", { class: "rl-as-after" }, "●"), "; on the right, units clipped");
    rows.draw(theme, { rows: data.names, before: each(data.before), after: each(data.after),
      clipped: each(data.clipped, mean) });
    const all = { at: step.value || undefined };
    const numbered = before.map((_, s) => s + 1);
    /** @type {import("./chart.js").Line[]} */
    const series = [
      { name: "before", steps: numbered, values: before, colour: theme.before, width: 1.5 },
      { name: "after", values: after, colour: theme.accent },
    ];
    const limited = data.method === "l2" && row === data.site_row;
    if (limited) {
      const limit = { name: "threshold", values: before.map(() => data.threshold), colour: theme.text, width: 1 };
      series.push({ ...limit, dash: "5 4" });
    }
    const [low, high] = range([...before, ...after, ...(limited ? [data.threshold] : [])]);
    norms.head.replaceChildren(`Norm of the gradient: ${data.names[row]}`, legend(series));
    norms.chart.draw(theme, { ...all, series, low, high, log: true, tall: 190 });
    const one = (/** @type {Tensor} */ array) => [{ steps: numbered, values: line(array, row), colour: theme.accent }];
    share.head.textContent = "Fraction of its units clipped";
    share.chart.draw(theme, { ...all, series: one(data.clipped), low: 0, high: 1, tall: 50 });
    angle.head.textContent = "Angle between before and after, in degrees";
    const widestAngle = Math.max(...line(data.angle, row), 1);
    angle.chart.draw(theme, { ...all, series: one(data.angle), low: 0, high: widestAngle, tall: 50 });
  });
  return lab.close;
}

export default { render };
