// Lines over steps, both on linear or on log scales. A click picks a step.
import { el, moves, number, pointIn, put, widthOf } from "./lab.js";
import { shortened, widest } from "./grid.js";
import { nearest, rounds, spread, ticks } from "./scale.js";

const [LEFT, TOP, BOTTOM] = [64, 10, 44];
const TRAVEL = 350; // milliseconds from one place to the next

/** @typedef {import("./lab.js").Theme} Theme */
/** @typedef {import("./lab.js").Attributes} Attributes */

/** @typedef {{ name?: string, colour: string, width?: number, opacity?: number, dash?: string }} Look of a line */
/** @typedef {Look & { steps?: number[], values: number[], label?: string }} Line */
/**
 * @typedef {{ series: Line[], low: number, high: number, log?: boolean, logSteps?: boolean, at?: number,
 *   tall?: number, right?: number, unit?: string, marks?: [step: number, words: string][] }} Chart
 */

/** @template Item @param {Item[]} items */
const last = (items) => items[items.length - 1];

/**
 * An SVG path through the points, broken where a value cannot be shown.
 * @param {(i: number) => number} x @param {(value: number) => number} y @param {number[]} values
 */
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
 * `draw(theme, chart)`: a line without `steps` has those of the first. The step `at` is marked, with a point on every
 * whole line that has been there by then; a `label` stands at the line's end. `onPick(step)` hears a click. After
 * `travel()`, the points come from where they are. `right` is the room for labels; `draw` returns it, for the next.
 * `unit` says what a step is; `marks` are lines with words of their own.
 * `frame` is where the last drawing has put things: { across(step), y(value), bottom }, in pixels.
 * @param {HTMLElement} parent @param {string} label @param {(step: number) => void} [onPick]
 */
export function lineChart(parent, label, onPick = () => {}) {
  const svg = el("svg", { role: "img", "aria-label": label });
  parent.append(svg);
  /** @type {(Line & { steps: number[] })[]} */
  let lines = [];
  /** @type {{ name: string, x: number, y: number }[]} */
  let points = []; // where the points of the lines are
  let frame = { across: (/** @type {number} */ step) => step, y: (/** @type {number} */ value) => value, bottom: 0 };
  /** @type {{ from: typeof points, start: number } | null} */
  let journey = null; // while they move
  svg.numbers = () => [["step", ...lines.map(({ name }) => name ?? label)],
    ...[...new Set(lines.flatMap(({ steps }) => steps))].sort((a, b) => a - b)
      .map((step) => [step, ...lines.map(({ steps, values }) => values[steps.indexOf(step)] ?? "")])];
  return {
    get frame() { return frame; },
    travel() { if (moves()) journey = { from: points, start: performance.now() }; },
    /** @param {Theme} theme @param {Chart} chart */
    draw(theme, { series, low, high, log = false, logSteps = false, at = NaN, tall = 200, right = 12,
      unit = "step", marks = [] }) {
      lines = series.map((line) => ({ steps: series[0].steps ?? [], ...line }));
      const width = Math.max(widthOf(parent), 240);
      const labelled = lines.filter((line) => line.label && line.steps.length);
      if (labelled.length) right = widest(labelled.map(({ label: name = "" }) => name), width / 3) + 12;
      const all = lines.filter(({ steps }) => steps.length);
      const first = Math.min(...all.map(({ steps }) => steps[0]), Infinity);
      const [from, to] = all.length ? [first, Math.max(...all.map(({ steps }) => last(steps)), first + 1)] : [1, 2];
      /** How far v is on the way from a to b. */
      const part = (/** @type {boolean} */ logarithmic, /** @type {number[]} */ ...places) => {
        const [v, a, b] = logarithmic ? places.map(Math.log) : places;
        return (v - a) / (b - a || 1);
      };
      const across = (/** @type {number} */ step) =>
        LEFT + 6 + part(logSteps, step, from, to) * (width - LEFT - 6 - right);
      const y = (/** @type {number} */ value) => TOP + tall * (1 - part(log, value, low, high));
      frame = { across, y, bottom: TOP + tall };
      /** @type {(tx: number, ty: number, anchor: string, content: string, more?: Attributes) => SVGTextElement} */
      const text = (tx, ty, anchor, content, more = { class: "rl-tick" }) => el("text",
        { x: tx, y: ty, "text-anchor": anchor, "dominant-baseline": "central", ...more }, content);
      const levels = log ? rounds(low, high, tall > 120 ? 6 : 3) : ticks(low, high, tall > 120 ? 4 : 2);
      const places = (logSteps ? rounds(from, to, width > 500 ? 8 : 5) : ticks(from, to, width > 500 ? 6 : 3))
        .filter(Number.isInteger);
      const whole = lines.filter(({ dash, opacity = 1 }) => !dash && opacity === 1);
      const marked = whole.filter(({ steps }) => steps[0] <= at).map((line) => {
        const i = line.steps.findLastIndex((step) => step <= at);
        return { ...line, name: line.name ?? "", x: across(line.steps[i]), y: y(line.values[i]) };
      }).filter((point) => Number.isFinite(point.y));
      const ends = spread(labelled.map(({ values }) => y(last(values))), 18, TOP + 6, TOP + tall - 6);
      put(svg, { width, height: TOP + tall + BOTTOM });
      svg.onclick = (event) => {
        const steps = all.flatMap((line) => line.steps);
        if (steps.length) onPick(steps[nearest(steps.map(across), pointIn(svg, event)[0])]);
      };
      const age = journey ? performance.now() - journey.start : Infinity;
      const dots = marked.map(({ name, x, y: height, colour }) => {
        const dot = el("circle", { cx: x, cy: height, r: 3.5, fill: colour });
        const old = age < TRAVEL && journey?.from.find((point) => point.name === name);
        if (old) { // what is drawn anew meanwhile goes on from where it was
          dot.animate([{ transform: `translate(${old.x - x}px, ${old.y - height}px)` }, { transform: "none" }],
            { duration: TRAVEL, delay: -age, easing: "ease-out" });
        }
        return dot;
      });
      if (age >= TRAVEL) [points, journey] = [marked, null];
      svg.replaceChildren(
        ...levels.flatMap((v) => [
          el("line", { x1: LEFT, x2: width - right + 12, y1: y(v), y2: y(v), stroke: theme.line, "stroke-width": 0.7 }),
          text(LEFT - 6, y(v), "end", number(v, 3)),
        ]),
        ...places.map((s) => text(across(s), TOP + tall + 14, "middle", s.toLocaleString("en"))),
        text((LEFT + width - right) / 2, TOP + tall + 34, "middle", logSteps ? `${unit}, log scale` : unit, {}),
        ...marks.flatMap(([step, words]) => {
          const [x, near] = [across(step), across(step) > width / 2];
          return [el("line", { x1: x, x2: x, y1: TOP, y2: TOP + tall, stroke: theme.accent }),
            text(x + (near ? -6 : 6), TOP + 8, near ? "end" : "start", words, {})];
        }),
        ...(at >= from && at <= to ? [el("line", { x1: across(at), x2: across(at), y1: TOP, y2: TOP + tall,
          stroke: theme.muted, "stroke-dasharray": "3 3" })] : []),
        ...lines.map(({ steps, values, colour, width: w = 2, opacity = 1, dash }) => el("path", {
          d: path((i) => across(steps[i]), y, values), fill: "none", stroke: colour, "stroke-width": w,
          "stroke-opacity": opacity, "stroke-dasharray": dash, "stroke-linejoin": "round" })),
        ...labelled.flatMap(({ steps, values, label: name = "", colour }, k) => {
          const [x, height] = [width - right + 10, ends[k]];
          const end = [across(last(steps)), y(last(values))];
          return [
            el("path", { d: `M${end[0]} ${end[1]}L${x - 4} ${height}`, fill: "none", stroke: colour,
              "stroke-width": 1, "stroke-dasharray": "1 3" }),
            text(x, height, "start", shortened(name, right - 12), { class: "rl-word" }),
          ];
        }),
        ...dots,
      );
      return right;
    },
  };
}

/** Names of lines. @param {Look[]} series */
export function legend(series) {
  return el("div", { class: "rl-caption rl-names" },
    ...series.map(({ name = "", colour, dash, opacity = 1 }) => el("span", {}, el("span", { "aria-hidden": "true",
      class: "rl-line", vary: { ink: colour, opacity, dash: dash ? "dashed" : "solid" } }), name)));
}
