// An empty chart to be drawn in, with the pointer or by a slider at each place; then the truth over the drawing.
import { button, el, number, pointIn, share, slider, stage, textBox, widthOf } from "./lab.js";
import { wordBars } from "./bars.js";
import { lineChart } from "./chart.js";
import { filled, shares, stroke } from "./drawn.js";
import { tallest } from "./grid.js";
import { nearest } from "./scale.js";

/** @type {Record<string, number>} */
const KEYS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 };

/** @typedef {import("./lab.js").Theme} Theme */
/** @typedef {import("./lab.js").Point} Point */

/**
 * What sketch.py sends: what is to be drawn at each of the places; what was, and the truth, both empty before; how sure
 * one was, and why; and why the truth is so.
 * @typedef {{ id: string, text: string, kind: "shares" | "curve", axes: [along: string, drawn: string],
 *   places: string[], high: number, drawn: number[], truth: number[], confidence: number, why: string,
 *   sentence: string, because: string }} Data
 */
/** @typedef {(number | null)[]} Drawn null where there is nothing yet */
/**
 * A way to draw: what a drawing is without gaps; what is `sent` of it; where a value at place i is, in pixels, and the
 * other way round; and what is `said` of one.
 * @typedef {{ hint: string, filled: (drawn: Drawn) => Drawn, sent: (drawn: Drawn) => Drawn,
 *   draw: (theme: Theme, drawn: Drawn, truth: number[], tall: number) => void,
 *   at: (i: number, value: number) => number[], inverse: (point: Point) => [place: number, value: number],
 *   said: (values: Drawn, i: number) => string }} Way
 */

/**
 * A bar for each word: any lengths, whose shares are what counts.
 * @param {HTMLElement} parent @param {Data} data @returns {Way}
 */
function bars(parent, { axes, places }) {
  const chart = wordBars(parent, `${axes[1]}, by ${axes[0]}`);
  return {
    hint: "Drag each bar to its length, or go to it by Tab and use the arrow keys, with Shift by more. Only the "
      + "proportions count: the numbers are shares of all that you have drawn.",
    filled: (drawn) => drawn,
    sent: shares,
    draw(theme, drawn, truth) {
      const own = { colour: theme.before, ink: theme.muted, at: (/** @type {number} */ i) => drawn[i] ?? 0 };
      const whole = drawn.reduce((/** @type {number} */ sum, v) => sum + (v ?? 0), 0);
      const series = truth.length
        ? [...(whole ? [{ ...own, name: "drawn" }] : []),
          { name: "truth", at: (/** @type {number} */ i) => truth[i], colour: theme.accent, ink: theme.accent }]
        : [own];
      chart.draw(theme, { words: places, series, written: (v) => share(truth.length || !whole ? v : v / whole) });
    },
    at(i, value) {
      const { left, room, top, pitch } = chart.frame;
      return [left + value * room, top + pitch * (i + 0.5)];
    },
    inverse([x, y]) {
      const { left, room, top, pitch } = chart.frame;
      return [Math.floor((y - top) / pitch), (x - left) / room];
    },
    said: (values, i) => `${(100 * shares(values)[i]).toFixed(0)} %`,
  };
}

/** A line over steps. @param {HTMLElement} parent @param {Data} data @returns {Way} */
function curve(parent, { axes, places, high }) {
  const chart = lineChart(parent, `${axes[1]}, by ${axes[0]}`);
  const steps = places.map(Number);
  return {
    hint: "Drag across the chart, or go from point to point by Tab and use the arrow keys, with Shift by more. What "
      + "you leave out lies on the line between its neighbours.",
    filled,
    sent: filled,
    draw(theme, drawn, truth, tall) {
      /** @type {(name: string, values: Drawn, colour: string) => import("./chart.js").Line} */
      const line = (name, values, colour) => ({ name, steps, colour, width: 3, label: truth.length ? name : undefined,
        values: values.map((v) => v ?? NaN) });
      const series = [line("drawn", filled(drawn), theme.before), line("truth", truth, theme.accent)];
      chart.draw(theme, { series: series.filter(({ values }, k) => values.some((v) => v >= 0) || !(k || truth.length)),
        low: 0, high, tall, unit: axes[0] });
    },
    at: (i, value) => [chart.frame.across(steps[i]), chart.frame.y(value)],
    inverse([px, py]) {
      const { across, y } = chart.frame;
      return [nearest(steps.map(across), px), (y(0) - py) / (y(0) - y(high)) * high];
    },
    said: (values, i) => number(values[i] ?? 0, 2),
  };
}

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root);
  lab.needsKernel();
  const asked = model.get("data");
  const { text, kind, axes, places, high } = asked;
  /** @type {Drawn} */
  let drawn = places.map(() => null);
  /** @type {number[]} */
  let truth = [];

  const left = el("div", { class: "rl-pad" });
  const way = (kind === "shares" ? bars : curve)(left, asked);
  const hint = el("p", { class: "rl-hint" }, way.hint);
  const caption = el("div", { class: "rl-caption rl-apart" }, axes[1]);
  lab.picture.append(el("p", { class: "rl-asked" }, text), hint, caption, left);
  const pad = el("svg", { role: "group", class: "rl-untried",
    "aria-label": `Your drawing: ${axes[1]}, by ${axes[0]}` });
  left.append(pad);
  const because = el("p", { class: "rl-asked" });
  lab.readout.after(because);
  const handles = places.map((place, i) => handle(place, i));
  pad.append(...handles);

  lab.picture.after(lab.controls); // first the drawing, then how sure one is of it
  const sure = slider(lab, "How sure are you that it is near?", { max: 100, value: 50, show: (value) => `${value} %` });
  const why = textBox(lab, "Why? In a line, if you like", {});
  const show = button(lab, "Show the truth over it", () => lab.ask({
    drawn: way.sent(drawn), confidence: sure.value, why: why.value }));
  button(lab, "Only show me", () => lab.ask({ opened: true }));

  function set(/** @type {number} */ i, /** @type {number} */ value) {
    if (truth.length || i < 0 || i >= places.length) return;
    drawn[i] = Math.min(Math.max(value, 0), high);
    pad.classList.remove("rl-untried");
  }
  function handle(/** @type {string} */ place, /** @type {number} */ i) {
    const twice = places.indexOf(place) !== places.lastIndexOf(place);
    const node = el("g", { class: "rl-handle", tabindex: 0, role: "slider", "aria-valuemin": 0, "aria-valuemax": high,
      "aria-label": twice ? `${place}, at place ${i + 1}` : place },
    el("circle", { r: 14, fill: "transparent" }), el("circle", { r: 6, class: "rl-cursor" }));
    node.addEventListener("keydown", (event) => {
      /** @type {Record<string, number>} */
      const ends = { Home: 0, End: high };
      const step = (KEYS[event.key] ?? 0) * (event.shiftKey ? 5 : 1) * high / 40;
      if (!step && !(event.key in ends)) return;
      event.preventDefault();
      set(i, ends[event.key] ?? (way.filled(drawn)[i] ?? 0) + step);
      lab.redraw();
    });
    return node;
  }
  /** @type {[place: number, value: number] | null} */
  let last = null; // where the stroke is while the pointer is down
  const go = (/** @type {MouseEvent} */ event) => {
    const next = way.inverse(pointIn(pad, event));
    stroke(last ?? next, next).forEach(([i, value]) => set(i, value));
    last = next;
    lab.redraw();
  };
  pad.addEventListener("pointerdown", (event) => {
    if (truth.length) return;
    pad.setPointerCapture(event.pointerId);
    go(event);
  });
  pad.addEventListener("pointermove", (event) => { if (last) go(event); });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { last = null; });

  lab.onData((data) => {
    truth = data.truth;
    if (truth.length) drawn = data.drawn.length ? data.drawn : places.map(() => null);
    const card = /** @type {HTMLElement} */ (root.firstChild);
    if (truth.length && lab.controls.contains(document.activeElement)) card.focus({ preventScroll: true });
    because.textContent = data.because;
    sure.value = data.confidence;
    why.value = data.why;
    left.classList.toggle("rl-pad", !truth.length);
    for (const part of [pad, hint, lab.controls]) part.toggleAttribute("hidden", truth.length > 0);
  });
  lab.onDraw((theme) => {
    const tall = Math.max(160, Math.min(0.3 * widthOf(left), 0.6 * tallest(left)));
    way.draw(theme, drawn, truth, tall);
    show.disabled = !drawn.some((v) => v);
    const size = left.querySelector("svg");
    for (const name of ["width", "height"]) pad.setAttribute(name, size?.getAttribute(name) ?? "");
    const whole = way.filled(drawn);
    handles.forEach((node, i) => {
      const value = whole[i] ?? 0;
      node.setAttribute("transform", `translate(${way.at(i, value)})`);
      node.setAttribute("aria-valuenow", String(value));
      node.setAttribute("aria-valuetext", whole[i] === null ? "not drawn yet" : way.said(whole, i));
      node.classList.toggle("rl-faint", whole[i] === null);
    });
  });
  return lab.close;
}

export default { render };
