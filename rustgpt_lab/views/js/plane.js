// A plane with numbers along its edges, and points on it that are dragged, or moved by the arrow keys.
import { el, number, pointIn, put, vary } from "./lab.js";
import { widest } from "./grid.js";
import { ticks } from "./scale.js";

/** @typedef {import("./lab.js").Theme} Theme */

/** @typedef {{ name: string, at: number[], colour: string, hollow?: boolean }} Held a point that can be dragged */
/**
 * @typedef {object} Plane
 * @property {number[]} box left, right, low, high
 * @property {number} width
 * @property {number} height
 * @property {string[]} axes what the numbers across and up are
 * @property {Held[]} points
 * @property {number | number[]} [step]
 * @property {(x: (v: number) => number, y: (v: number) => number) => Node[]} below
 */

/** @type {Record<string, number[]>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const STEP = 0.1;

/**
 * `draw(theme, plane)`: `below` gives what lies under the points, from functions that place a number; an arrow key
 * moves a point by `step`, or by [across, up]. `onMove(i, [x, y])` hears of a point that was moved, and `onChoose(i)`
 * of one that was taken. Until that, the points draw the eye.
 * @param {HTMLElement} parent @param {string} label @param {(i: number, at: number[]) => void} onMove
 * @param {(i: number) => void} [onChoose]
 */
export function plane(parent, label, onMove, onChoose = () => {}) {
  const [below, above] = [el("g"), el("g")];
  const svg = el("svg", { role: "group", "aria-label": label, class: "rl-plane rl-untried" }, below, above);
  parent.append(svg);
  /** @type {Plane} */
  let spec = { box: [0, 1, 0, 1], width: 1, height: 1, axes: ["", ""], points: [], below: () => [] };
  /** @type {SVGGElement[]} */
  let nodes = [];
  const x = (/** @type {number} */ v) => (v - spec.box[0]) / (spec.box[1] - spec.box[0]) * spec.width;
  const y = (/** @type {number} */ v) => (spec.box[3] - v) / (spec.box[3] - spec.box[2]) * spec.height;
  svg.numbers = () => [["", ...spec.axes], ...spec.points.map(({ name, at }) => [name, ...at])];

  function move(/** @type {number} */ i, /** @type {number[]} */ [a, b]) {
    const [left, right, low, high] = spec.box;
    /** @type {(v: number, from: number, to: number) => number} */
    const inside = (v, from, to) => Math.min(Math.max(v, from), to);
    svg.classList.remove("rl-untried");
    onMove(i, [inside(a, left, right), inside(b, low, high)]);
  }
  function handle(/** @type {number} */ i) {
    const node = el("g", { class: "rl-handle", tabindex: 0, role: "slider" },
      el("circle", { r: 18, fill: "transparent" }), el("circle", { r: 7, class: "rl-cursor" }));
    /** @type {number[] | null} */
    let held = null; // how far from the point the pointer took it
    node.addEventListener("keydown", (event) => {
      const way = STEPS[event.key];
      if (!way) return;
      event.preventDefault();
      onChoose(i);
      const by = [spec.step ?? STEP].flat();
      move(i, way.map((sign, k) => {
        const one = by[k % by.length];
        return Math.round(spec.points[i].at[k] / one + sign * (event.shiftKey ? 5 : 1)) * one;
      }));
    });
    node.addEventListener("pointerdown", (event) => {
      const [px, py] = pointIn(svg, event);
      const [a, b] = spec.points[i].at;
      held = [px - x(a), py - y(b)];
      node.setPointerCapture(event.pointerId);
      onChoose(i);
    });
    node.addEventListener("pointermove", (event) => {
      if (!held) return;
      const [px, py] = pointIn(svg, event);
      const [left, right, low, high] = spec.box;
      move(i, [left + (px - held[0]) / spec.width * (right - left),
        high - (py - held[1]) / spec.height * (high - low)]);
    });
    for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => { held = null; });
    return node;
  }
  function scale(/** @type {Theme} */ theme) {
    const { box: [left, right, low, high], width, height, axes } = spec;
    /** @type {(tx: number, ty: number, anchor: string, content: string, kind: string) => SVGTextElement} */
    const text = (tx, ty, anchor, content, kind) => el("text",
      { x: tx, y: ty, "text-anchor": anchor, "dominant-baseline": "central", class: kind }, content);
    /** @type {(values: number[], place: (v: number) => number, most: number) => number[]} */
    const inner = (values, place, most) => values.filter((v) => place(v) > 36 && place(v) < most);
    const axis = { stroke: theme.line, "stroke-width": 0.8 };
    return [
      el("line", { x1: x(0), x2: x(0), y1: 0, y2: height, ...axis }),
      el("line", { x1: 0, x2: width, y1: y(0), y2: y(0), ...axis }),
      ...inner(ticks(left, right, width > 500 ? 6 : 4), x, width - 30 - 8 * axes[0].length).map((v) =>
        text(x(v), height - 10, "middle", number(v, 3), "rl-tick")),
      ...inner(ticks(low, high, 4), y, height - 24).map((v) => text(6, y(v), "start", number(v, 3), "rl-tick")),
      text(width - 6, height - 10, "end", axes[0], "rl-word"),
      text(6, 14, "start", axes[1], "rl-word"),
    ];
  }
  return {
    node: svg,
    draw(/** @type {Theme} */ theme, /** @type {Plane} */ next) {
      spec = next;
      put(svg, { width: spec.width, height: spec.height });
      if (nodes.length !== spec.points.length) { // else they stay, and keep the focus
        nodes = spec.points.map((_, i) => handle(i));
        above.replaceChildren(...nodes);
      }
      below.replaceChildren(...scale(theme), ...spec.below(x, y));
      nodes.forEach((node, i) => {
        const { name, at: [a, b], colour, hollow } = spec.points[i];
        put(node, { transform: `translate(${x(a)} ${y(b)})`, "aria-valuenow": a,
          "aria-label": `${name}; arrow keys move it, with Shift by more`,
          "aria-valuetext": `${number(a, 3)}, ${number(b, 3)}` });
        vary(node, { ink: colour, inside: hollow ? "var(--rl-paper)" : colour });
      });
    },
  };
}

/**
 * An arrow from one place to another, in pixels: a line and its head.
 * @param {number[]} from @param {number[]} to @param {string} colour
 */
export function arrow([x1, y1], [x2, y2], colour, width = 2, dash = false) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (length < 1) return [];
  const head = Math.min(5 + 2 * width, length);
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [bx, by] = [x2 - head * ux, y2 - head * uy];
  const side = (/** @type {number} */ s) => `${bx - s * 0.42 * head * uy} ${by + s * 0.42 * head * ux}`;
  return [
    el("line", { x1, y1, x2: bx, y2: by, stroke: colour, "stroke-width": width, "stroke-dasharray": dash && "4 4" }),
    el("path", { d: `M${x2} ${y2}L${side(1)}L${side(-1)}Z`, fill: colour }),
  ];
}

/**
 * A name beside a place, or on its `left`, in pixels: legible on what lies below it, and inside of the picture.
 * @param {number[]} place @param {string} name @param {{ width: number, height: number }} size
 */
export function nameAt([x, y], name, { width, height }, kind = "rl-word", left = false) {
  const wide = 12 + widest([name], width);
  const flipped = x > width - wide || (left && x > wide);
  return el("text", { x: flipped ? x - 12 : x + 12, y: Math.min(Math.max(y - 10, 12), height - 24),
    "text-anchor": flipped ? "end" : "start", "dominant-baseline": "central", class: `${kind} rl-outlined` }, name);
}
