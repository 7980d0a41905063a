// Three optimizers roll through a valley: plain descent, momentum, Adam, each at a rate of its own.
import { choice, columnOf, el, number, slider, stage, vary, widthOf } from "./lab.js";
import { legend, lineChart } from "./chart.js";
import { tallest } from "./grid.js";
import { contour, LANDSCAPES } from "./landscapes.js";
import { adam, descent, rolled } from "./optimizers.js";
import { nameAt, plane } from "./plane.js";
import { player } from "./player.js";
import { nearest } from "./scale.js";

const RATES = [0, ...[-3, -2, -1, 0].flatMap((k) => [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9].map((m) => Number(`${m}e${k}`)))];
const BETA1 = [0, 0.5, 0.8, 0.9, 0.95, 0.99];
const BETA2 = [0, 0.9, 0.99, 0.999, 0.9999];
const LINES = [100, 30, 10, 3, 1, 0.3, 0.1, 0.03, 0.01]; // the losses whose lines are drawn
const NEAR = 50; // pixels: two names that are nearer would be one upon the other
const FAR = 3; // a path that is so many times the picture's height away is not drawn on
const [LOW, HIGH] = [1e-6, 1e3]; // what the chart shows: from this loss up to so many first ones

/** @typedef {import("./lab.js").Theme} Theme */
/** @typedef {import("./landscapes.js").Place} Place */

/** @typedef {keyof typeof LANDSCAPES} Ground */
/** @typedef {"plain" | "momentum" | "adam"} Name of an optimizer */
/** @typedef {Record<Name, number>} Rates */
/** @typedef {{ width: number, height: number }} Size */
/**
 * What valley.py sends: the landscape, the start, and each optimizer's rate to begin with; how many steps are taken,
 * when a loss has blown up, how far a key moves the start; and of every landscape its name, its start, what of it is
 * shown, its lowest points, its rates.
 * @typedef {{ ground: Ground, start: Place, chosen: Rates, beta1: number, beta2: number, steps: number, blown: number,
 *   nudge: number, optimizers: Record<Name, string>, grounds: Record<Ground, string>, starts: Record<Ground, Place>,
 *   boxes: Record<Ground, number[]>, lowest: Record<Ground, Place[]>, rates: Record<Ground, Rates> }} Data
 */
/**
 * Where an optimizer went, and the step at which it has blown up, or Infinity.
 * @typedef {{ name: Name, path: Place[], losses: number[], lost: number, colour: string }} Road
 */
/** @typedef {(at: Place) => number[]} Placing from weights to pixels */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Drag the start, or give it the focus and use the arrow keys; press Play, or go step "
    + "by step; change a rate until it blows up.");
  const data = model.get("data"); // plain numbers, which nothing changes
  const names = /** @type {Name[]} */ (Object.keys(data.optimizers));
  /** @type {(theme: Theme) => Record<Name, string>} */
  const colours = ({ categories, accent }) => ({ plain: categories[5], momentum: categories[2], adam: accent });
  let start = data.start;
  const ground = choice(lab, "Landscape", data.grounds, (name) => {
    start = data.starts[name];
    setRates(data.rates[name]);
    steps.value = data.steps;
    tell();
  });
  ground.value = data.ground;
  const steps = player(lab, "Step", { max: data.steps, value: data.steps, pause: 200, onInput: () => tell() });
  const rateOf = (/** @type {Name} */ name) => slider(lab, `Rate of ${data.optimizers[name]}`, {
    max: RATES.length - 1, show: (i) => (i ? number(RATES[i]) : "0: it rests"), onInput: () => tell() });
  const rates = { plain: rateOf("plain"), momentum: rateOf("momentum"), adam: rateOf("adam") };
  names.forEach((name) => rates[name].node.classList.add("rl-coloured"));
  const setRates = (/** @type {Rates} */ values) =>
    names.forEach((name) => { rates[name].value = nearest(RATES, values[name]); });
  setRates(data.chosen);
  /** @type {(label: string, values: number[], value: number) => ReturnType<typeof slider>} */
  const beta = (label, values, value) => slider(lab, label, {
    max: values.length - 1, value: nearest(values, value), show: (i) => String(values[i]), onInput: () => tell() });
  const beta1 = beta("β₁, and the momentum", BETA1, data.beta1);
  const beta2 = beta("β₂", BETA2, data.beta2);

  const [left, right] = [columnOf(2, 420), columnOf(1, 300)];
  lab.picture.append(el("div", { class: "rl-columns" }, left, right));
  const caption = el("div", { class: "rl-caption" }, "The two weights; grey lines join equal losses");
  left.append(caption);
  const picture = plane(left, "The plane of the two weights, with the lines of equal loss and three paths", (_, at) => {
    start = at;
    lab.redraw();
    tell();
  });
  const head = el("div", { class: "rl-caption" });
  right.append(head);
  const chart = lineChart(right, "The loss of each optimizer over the steps", (i) => { steps.go(i); });

  function paths() {
    const rate = (/** @type {Name} */ name) => RATES[rates[name].value];
    const [b1, b2] = [BETA1[beta1.value], BETA2[beta2.value]];
    const ways = { plain: descent(rate("plain")), momentum: descent(rate("momentum"), b1),
      adam: adam(rate("adam"), b1, b2) };
    const { loss, gradient } = LANDSCAPES[ground.value];
    return names.map((name) => {
      const path = rolled(gradient, start, ways[name], data.steps);
      const losses = path.map(loss);
      const lost = losses.findIndex((l) => !(l <= data.blown * Math.max(losses[0], 1)));
      return { name, path, losses, lost: lost < 0 ? Infinity : lost };
    });
  }
  function tell() {
    const at = steps.value;
    const said = paths().map(({ name, losses, lost }) => `${data.optimizers[name]} `
      + (!rates[name].value ? "rests"
        : lost <= at ? `has blown up (at step ${lost})` : `has a loss of ${number(losses[at], 3)}`));
    const from = at ? `After ${at} step${at === 1 ? "" : "s"}` : "At the start";
    lab.say(`${from} from (${start.map((v) => number(v, 3)).join(", ")}): ${said.join("; ")}.`);
  }

  let kept = { key: "", all: /** @type {{ level: number, d: string, top: number[] }[]} */ ([]) };
  /**
   * The lines of equal loss and their highest points, in pixels; kept until the ground or the size changes.
   * @param {Placing} place @param {Size} size
   */
  function lines(place, size) {
    const key = JSON.stringify([ground.value, size]);
    if (kept.key === key) return kept.all;
    const { loss } = LANDSCAPES[ground.value];
    const point = (/** @type {number[]} */ p) => p.map((v) => v.toFixed(1));
    const all = LINES.map((level) => {
      const pieces = contour(loss, data.boxes[ground.value], level).map((ends) => ends.map(place));
      const d = pieces.map(([p, q]) => `M${point(p)}L${point(q)}`).join("");
      return { level, d, top: pieces.flat().reduce((best, p) => (p[1] < best[1] ? p : best), [0, Infinity]) };
    });
    kept = { key, all };
    return all;
  }
  function equal(/** @type {Theme} */ theme, /** @type {Placing} */ place, /** @type {Size} */ size) {
    let above = -20; // the height of the last number
    return lines(place, size).flatMap(({ level, d, top: [tx, ty] }) => {
      const line = el("path", { d, fill: "none", stroke: theme.before, "stroke-width": 1, "stroke-opacity": 0.55 });
      if (!(ty > above + 20 && ty > 12 && ty < size.height && tx > 40 && tx < size.width - 40)) return [line];
      above = ty;
      return [line, el("text", { x: tx, y: ty, "text-anchor": "middle", "dominant-baseline": "central",
        class: "rl-tick rl-outlined" }, number(level))];
    });
  }
  function road(/** @type {Road} */ { path, lost, colour }, /** @type {Placing} */ place) {
    const [, edge, , high] = data.boxes[ground.value];
    const gone = path.findIndex(([a, b]) => Math.abs(a) > FAR * edge || Math.abs(b) > FAR * high);
    const seen = path.slice(0, Math.min(steps.value, lost, gone < 0 ? Infinity : gone) + 1).map(place);
    return [
      el("polyline", { points: seen.map((p) => p.map((v) => v.toFixed(1)).join()).join(" "), fill: "none",
        stroke: colour, "stroke-width": 2, "stroke-linejoin": "round" }),
      ...seen.slice(1).map(([cx, cy]) => el("circle", { cx, cy, r: 2.5, fill: colour })),
    ];
  }
  /**
   * Where each path has come, at the edge if that is out of sight; named if neither another nor the start is near.
   * @param {Road[]} all @param {Placing} place @param {Size} size
   */
  function tips(all, place, { width, height }) {
    const within = (/** @type {number} */ v, /** @type {number} */ most) => Math.min(Math.max(v, 8), most - 8);
    const ends = all.map(({ name, path, lost, colour }) => {
      const [px, py] = place(path[Math.min(steps.value, lost)]);
      const at = [within(px, width), within(py, height)];
      const state = lost <= steps.value ? ": blown up" : Math.hypot(at[0] - px, at[1] - py) > 8 ? ": out of sight" : "";
      return { at, colour, title: data.optimizers[name] + state };
    });
    const taken = [...ends.map(({ at }) => at), place(start)];
    const alone = (/** @type {{ at: number[] }} */ { at: [px, py] }) =>
      taken.filter(([qx, qy]) => Math.hypot(px - qx, py - qy) < NEAR).length === 1;
    return [
      ...ends.map(({ at: [cx, cy], colour }) =>
        el("circle", { cx, cy, r: 6, fill: colour, stroke: "var(--rl-paper)", "stroke-width": 1.5 })),
      ...ends.filter(alone).map(({ at, title }) => nameAt(at, title, { width, height })),
    ];
  }
  function drawLosses(/** @type {Theme} */ theme, /** @type {Road[]} */ all, /** @type {number} */ tall) {
    const series = all.map(({ name, colour, losses }) => ({ name: data.optimizers[name], colour,
      steps: [...losses.keys()], values: losses.map((l) => (l <= HIGH * Math.max(losses[0], 1) ? l : NaN)) }));
    const values = series.flatMap((one) => one.values).filter((l) => l > 0);
    const low = Math.max(Math.min(...values), LOW);
    head.replaceChildren("The loss, step by step", legend(series));
    chart.draw(theme, { series, log: true, at: steps.value, low,
      high: Math.max(...values, 10 * low), tall });
  }

  lab.onDraw((theme) => {
    const width = Math.max(widthOf(left), 240);
    const size = { width, height: Math.min(0.62 * width, 0.85 * tallest(left)) };
    const all = paths().map((one) => ({ ...one, colour: colours(theme)[one.name] }));
    all.forEach(({ name, colour }) => { vary(rates[name].node, { "line-colour": colour }); });
    picture.draw(theme, {
      box: data.boxes[ground.value], ...size, axes: ["w₀", "w₁"], step: data.nudge,
      points: [{ name: "The start", at: start, colour: theme.text }],
      below(x, y) {
        const place = (/** @type {Place} */ [a, b]) => [x(a), y(b)];
        const lowest = data.lowest[ground.value].map(place).map(([px, py]) => el("path",
          { d: `M${px - 6} ${py}h12M${px} ${py - 6}v12`, stroke: theme.text, "stroke-width": 1.5 }));
        return [...equal(theme, place, size), ...lowest, ...all.flatMap((one) => road(one, place)),
          nameAt(place(start), "start", size), ...tips(all, place, size)];
      },
    });
    drawLosses(theme, all, Math.max(160, size.height - 120));
  });
  lab.onData(() => {});
  return () => { steps.halt(); lab.close(); };
}

export default { render };
