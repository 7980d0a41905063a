// An empty chart to be drawn in, with the pointer or by a slider at each place; then the truth over the drawing.
import { button, el, number, pointIn, share, slider, stage, textBox, widthOf } from "./lab.js";
import { wordBars } from "./bars.js";
import { lineChart } from "./chart.js";
import { filled, shares, stroke } from "./drawn.js";
import { tallest } from "./grid.js";
import { nearest } from "./scale.js";

const KEYS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 };
const BARS = { // a bar for each word: any lengths, whose shares are what counts
  hint: "Drag each bar to its length, or go to it by Tab and use the arrow keys, with Shift by more. Only the "
    + "proportions count: the numbers are shares of all that you have drawn.",
  chart: wordBars,
  filled: (drawn) => drawn,
  sent: shares,
  draw(chart, theme, { places, drawn, truth }) {
    const own = { colour: theme.before, ink: theme.muted };
    const whole = drawn.reduce((sum, v) => sum + (v ?? 0), 0);
    const series = truth.length
      ? [...(whole ? [{ ...own, name: "drawn", at: (i) => drawn[i] }] : []),
        { name: "truth", at: (i) => truth[i], colour: theme.accent, ink: theme.accent }]
      : [{ ...own, at: (i) => drawn[i] ?? 0 }];
    chart.draw(theme, { words: places, series, written: (v) => share(truth.length || !whole ? v : v / whole) });
  },
  at: ({ left, room, top, pitch }, i, v) => [left + v * room, top + pitch * (i + 0.5)],
  inverse: ({ left, room, top, pitch }, [x, y]) => [Math.floor((y - top) / pitch), (x - left) / room],
  said: (values, i) => `${(100 * shares(values)[i]).toFixed(0)} %`,
};
const CURVE = { // a line over steps
  hint: "Drag across the chart, or go from point to point by Tab and use the arrow keys, with Shift by more. What you "
    + "leave out lies on the line between its neighbours.",
  chart: (parent, label) => lineChart(parent, label),
  filled,
  sent: filled,
  draw(chart, theme, { steps, drawn, truth, high, axes, tall }) {
    const line = (name, values, colour) => ({ name, steps, colour, width: 3, label: truth.length ? name : undefined,
      values: values.map((v) => v ?? NaN) });
    const series = [line("drawn", filled(drawn), theme.before), line("truth", truth, theme.accent)];
    chart.draw(theme, { series: series.filter(({ values }, k) => values.some((v) => v >= 0) || !(k || truth.length)),
      low: 0, high, tall, unit: axes[0] });
  },
  at: ({ across, y }, i, v, steps) => [across(steps[i]), y(v)],
  inverse: ({ across, y }, [px, py], steps, high) =>
    [nearest(steps.map(across), px), (y(0) - py) / (y(0) - y(high)) * high],
  said: (values, i) => number(values[i], 2),
};

function render({ model, el: root }) {
  const lab = stage(model, root);
  lab.needsKernel();
  const { text, kind, axes, places, high } = model.get("data");
  /** @type {any} */
  const way = kind === "shares" ? BARS : CURVE;
  const steps = places.map(Number);
  let drawn = places.map(() => null);
  let truth = [];

  const [left, hint] = [el("div", { class: "rl-pad" }), el("p", { class: "rl-hint" }, way.hint)];
  const caption = el("div", { class: "rl-caption rl-apart" }, axes[1]);
  lab.picture.append(el("p", { class: "rl-asked" }, text), hint, caption, left);
  const chart = way.chart(left, `${axes[1]}, by ${axes[0]}`);
  const pad = el("svg", { role: "group", class: "rl-untried",
    "aria-label": `Your drawing: ${axes[1]}, by ${axes[0]}` });
  left.append(pad);
  const because = el("p", { class: "rl-asked" });
  root.querySelector(".rl-readout").after(because);
  const handles = places.map((place, i) => handle(place, i));
  pad.append(...handles);

  lab.picture.after(lab.controls); // first the drawing, then how sure one is of it
  const sure = slider(lab, "How sure are you that it is near?", { max: 100, value: 50, show: (value) => `${value} %` });
  const why = textBox(lab, "Why? In a line, if you like", {});
  const show = button(lab, "Show the truth over it", () => lab.ask({
    drawn: way.sent(drawn), confidence: sure.value, why: why.value }));
  button(lab, "Only show me", () => lab.ask({ opened: true }));

  function set(i, value) {
    if (truth.length || i < 0 || i >= places.length) return;
    drawn[i] = Math.min(Math.max(value, 0), high);
    pad.classList.remove("rl-untried");
  }
  function handle(place, i) {
    const twice = places.indexOf(place) !== places.lastIndexOf(place);
    const node = el("g", { class: "rl-handle", tabindex: 0, role: "slider", "aria-valuemin": 0, "aria-valuemax": high,
      "aria-label": twice ? `${place}, at place ${i + 1}` : place },
    el("circle", { r: 14, fill: "transparent" }), el("circle", { r: 6, class: "rl-cursor" }));
    node.addEventListener("keydown", (event) => {
      const ends = { Home: 0, End: high };
      const step = (KEYS[event.key] ?? 0) * (event.shiftKey ? 5 : 1) * high / 40;
      if (!step && !(event.key in ends)) return;
      event.preventDefault();
      set(i, ends[event.key] ?? (way.filled(drawn)[i] ?? 0) + step);
      lab.redraw();
    });
    return node;
  }
  let last = null; // where the stroke is, [place, value], while the pointer is down
  const point = (event) => way.inverse(chart.frame, pointIn(pad, event), steps, high);
  const go = (event) => {
    const next = point(event);
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
    if (truth.length && lab.controls.contains(document.activeElement)) root.firstChild.focus({ preventScroll: true });
    because.textContent = data.because;
    sure.value = data.confidence;
    why.value = data.why;
    left.classList.toggle("rl-pad", !truth.length);
    for (const part of [pad, hint, lab.controls]) part.toggleAttribute("hidden", truth.length > 0);
  });
  lab.onDraw((theme) => {
    const tall = Math.max(160, Math.min(0.3 * widthOf(left), 0.6 * tallest(left)));
    way.draw(chart, theme, { places, steps, drawn, truth, high, axes, tall });
    show.disabled = !drawn.some((v) => v);
    const size = left.querySelector("svg");
    for (const name of ["width", "height"]) pad.setAttribute(name, size.getAttribute(name));
    const whole = way.filled(drawn);
    handles.forEach((node, i) => {
      const value = whole[i] ?? 0;
      node.setAttribute("transform", `translate(${way.at(chart.frame, i, value, steps)})`);
      node.setAttribute("aria-valuenow", value);
      node.setAttribute("aria-valuetext", whole[i] === null ? "not drawn yet" : way.said(whole, i));
      node.classList.toggle("rl-faint", whole[i] === null);
    });
  });
  return lab.close;
}

export default { render };
