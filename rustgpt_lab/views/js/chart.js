// Lines over steps, on a linear or a log scale. A click picks a step.
import { el, number, pointIn } from "./lab.js";
import { decades, nearest, ticks } from "./scale.js";

const [LEFT, TOP, BOTTOM] = [64, 10, 44];

/** An SVG path through the points, broken where a value cannot be shown. */
function path(x, y, values) {
  let pen = "M";
  return values.map((value, i) => {
    const height = y(value);
    if (!Number.isFinite(height)) { pen = "M"; return ""; }
    const piece = `${pen}${x(i).toFixed(1)} ${height.toFixed(1)}`;
    pen = "L";
    return piece;
  }).join("");
}

/**
 * `draw(theme, { steps, series: [{ values, colour, width, opacity, dash }, ...], low, high, log, at, tall, unit,
 * marks })`: the step `at` (a place in `steps`) is marked, with a point on every line; `onPick(place)` hears a click; `unit` says
 * what a step is; `marks`, [[place, words], ...], are lines with words of their own.
 */
export function lineChart(parent, label, onPick = () => {}) {
  const svg = el("svg", { role: "img", "aria-label": label, style: "display:block" });
  parent.append(svg);
  let shown = { steps: [], series: [], unit: "step" };
  svg.numbers = () => [[shown.unit, ...shown.series.map(({ name }) => name ?? label)],
    ...shown.steps.map((step, i) => [step, ...shown.series.map(({ values }) => values[i])])];
  return {
    draw(theme, { steps, series, low, high, log = false, at, tall = 200,
      unit = "step", marks = [] }) {
      shown = { steps, series, unit };
      const width = Math.max(parent.clientWidth, 240);
      const [first, last] = steps.length ? [steps[0], Math.max(steps.at(-1), steps[0] + 1)] : [0, 1];
      const across = (step) => LEFT + 6 + (step - first) / (last - first) * (width - LEFT - 18);
      const x = (i) => across(steps[i]);
      const f = log ? Math.log : (v) => v;
      const y = (value) => TOP + tall * (1 - (f(value) - f(low)) / (f(high) - f(low) || 1));
      const text = (tx, ty, anchor, content, kind = "rl-tick") => el("text",
        { x: tx, y: ty, "text-anchor": anchor, "dominant-baseline": "central", class: kind }, content);
      const levels = log ? decades(low, high) : ticks(low, high, tall > 120 ? 4 : 2);
      const places = ticks(first, last, width > 500 ? 6 : 3).filter(Number.isInteger);
      svg.setAttribute("width", width);
      svg.setAttribute("height", TOP + tall + BOTTOM);
      svg.onclick = (event) => {
        if (steps.length) onPick(nearest(steps.map(across), pointIn(svg, event)[0]));
      };
      svg.replaceChildren(
        ...levels.flatMap((v) => [
          el("line", { x1: LEFT, x2: width, y1: y(v), y2: y(v), stroke: theme.line, "stroke-width": 0.7 }),
          text(LEFT - 6, y(v), "end", number(v, 3)),
        ]),
        ...places.map((s) => text(across(s), TOP + tall + 14, "middle", `${s}`)),
        text((LEFT + width) / 2, TOP + tall + 34, "middle", unit, ""),
        ...marks.flatMap(([place, words]) => {
          const near = x(place) > width / 2;
          return [el("line", { x1: x(place), x2: x(place), y1: TOP, y2: TOP + tall, stroke: theme.accent }),
            text(x(place) + (near ? -6 : 6), TOP + 8, near ? "end" : "start", words, "")];
        }),
        ...(at === undefined ? [] : [el("line",
          { x1: x(at), x2: x(at), y1: TOP, y2: TOP + tall, stroke: theme.muted, "stroke-dasharray": "3 3" })]),
        ...series.map(({ values, colour, width: w = 2, opacity = 1, dash }) => el("path", { d: path(x, y, values),
          fill: "none", stroke: colour, "stroke-width": w, "stroke-opacity": opacity, "stroke-dasharray": dash,
          "stroke-linejoin": "round" })),
        ...series.filter(({ values, dash }) => !dash && at !== undefined && Number.isFinite(y(values[at])))
          .map(({ values, colour, opacity = 1 }) => el("circle",
            { cx: x(at), cy: y(values[at]), r: 3.5, fill: colour, "fill-opacity": opacity })),
      );
    },
  };
}

/** Names of lines: [{ name, colour, dash }]. */
export function legend(series) {
  return el("div", { class: "rl-caption", style: "display:flex;flex-wrap:wrap;gap:2px 16px;padding-left:64px" },
    ...series.map(({ name, colour, dash, opacity = 1 }) => el("span", {}, el("span", { "aria-hidden": "true",
      style: `display:inline-block;width:16px;margin-right:6px;vertical-align:middle;opacity:${opacity};`
        + `border-top:2.5px ${dash ? "dashed" : "solid"} ${colour}` }), name)));
}
