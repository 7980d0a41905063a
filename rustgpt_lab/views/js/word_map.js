// Words as points on a plane. Pointer or arrow keys choose one; a click or Enter takes it.
import { el, moves, pointIn, sharp, vary, widthOf } from "./lab.js";
import { focusable, tallest, widest } from "./grid.js";
import { closest, towards } from "./cosine.js";

const EDGE = 14;
const TRAVEL = 350; // milliseconds from one place to the next
/** @type {Record<string, number[]>} */
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @typedef {import("./lab.js").Theme} Theme */
/** @typedef {import("./lab.js").Point} Point */

/**
 * @typedef {{ words: string[], at: (i: number) => number[], colour: (i: number) => string, chosen: number,
 *   near: number[], kept: number[] }} WordMap
 */

/**
 * `draw(theme, map)`: what lies in [0, 1] is in the frame; the chosen word and `near` are named first, then `kept`; a
 * name without room for it is left out. `onMove(i)` and `onTake(i)` hear of a word. `draw` returns how many points lie
 * outside, and how many names were left out.
 * @param {HTMLElement} parent @param {string} label
 * @param {(i: number) => void} onMove @param {(i: number) => void} onTake
 */
export function wordMap(parent, label, onMove, onTake) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const overlay = el("svg", { "aria-hidden": "true" });
  const node = focusable(label, canvas, overlay);
  node.classList.add("rl-framed");
  parent.append(node);
  /** @type {WordMap} */
  let spec = { words: [], at: () => [], colour: () => "", chosen: 0, near: [], kept: [] };
  let [width, height] = [0, 0];
  /** @type {Point[]} */
  let points = []; // where every word belongs
  /** @type {Point[]} */
  let shown = []; // where it is, on its way there
  /** @type {{ from: Point[], start: number } | null} */
  let travel = null; // while they move
  let frame = 0;
  const inside = (/** @type {Point} */ [x, y]) => x >= 0 && y >= 0 && x <= width && y <= height;
  const reached = () => points.map((point) => (inside(point) ? point : [Infinity, Infinity]));
  const pointed = (/** @type {MouseEvent} */ event) => closest(reached(), pointIn(node, event));
  node.numbers = () => [["word", "x", "y"], ...spec.words.map((word, i) => [word, ...spec.at(i)])];
  node.addEventListener("pointermove", (event) => {
    const i = pointed(event);
    if (i !== spec.chosen) onMove(i);
  });
  node.addEventListener("click", (event) => onTake(pointed(event)));
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter") onTake(spec.chosen);
    if (!DIRECTIONS[event.key]) return;
    event.preventDefault();
    onMove(towards(points.map((point, i) => (i === spec.chosen ? point : reached()[i])), spec.chosen,
      DIRECTIONS[event.key]));
  });

  /**
   * A place beside a point for a word of some width, [left, top, right, bottom], that no other one has taken.
   * @param {Point} point @param {number} wide @param {number[][]} taken
   */
  function room([x, y], wide, taken) {
    const lefts = [[x + 10, y], [x - 10 - wide, y], [x - wide / 2, y - 18], [x - wide / 2, y + 18]];
    const boxes = lefts.map(([left, middle]) => [left, middle - 9, left + wide, middle + 9]);
    return boxes.find((box) => box[0] >= 0 && box[2] <= width && box[1] >= 0 && box[3] <= height
      && !taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]));
  }
  function paint(/** @type {Theme} */ theme) {
    const { from, start } = travel ?? { from: points, start: -Infinity };
    const part = Math.min(1, (performance.now() - start) / TRAVEL);
    const eased = part * (2 - part);
    shown = points.map(([x, y], i) => [from[i][0] + eased * (x - from[i][0]), from[i][1] + eased * (y - from[i][1])]);
    const { words, colour, chosen, near, kept } = spec;
    const context = sharp(canvas, 0, 0, width, height);
    /** @type {(i: number, radius: number, ring?: string) => void} */
    const dot = (i, radius, ring) => {
      Object.assign(context, { fillStyle: colour(i), strokeStyle: ring, lineWidth: 1.5 });
      context.beginPath();
      context.arc(...shown[i], radius, 0, 2 * Math.PI);
      context.fill();
      if (ring) context.stroke();
    };
    shown.forEach((_, i) => dot(i, 3.5));
    near.forEach((i) => dot(i, 5, theme.accent));
    kept.forEach((i) => dot(i, 7, theme.text));
    const wanted = [...new Set([chosen, ...near, ...kept])].filter((i) => inside(shown[i]));
    /** @type {number[][]} */
    const taken = [];
    const names = wanted.flatMap((i) => {
      const box = room(shown[i], widest([words[i]], 200), taken);
      if (!box) return [];
      taken.push(box);
      const look = i === chosen || near.includes(i) ? "rl-chosen" : "rl-word";
      return [el("text",
        { x: box[0], y: box[1] + 9, "dominant-baseline": "central", class: `${look} rl-outlined` }, words[i])];
    });
    const [x, y] = shown[chosen];
    overlay.replaceChildren(...names, el("circle", { class: "rl-cursor", cx: x, cy: y, r: 9 }));
    if (part < 1) frame = requestAnimationFrame(() => paint(theme));
    else travel = null;
    return { outside: points.filter((point) => !inside(point)).length, unnamed: wanted.length - names.length };
  }
  return {
    draw(/** @type {Theme} */ theme, /** @type {WordMap} */ next) {
      const sizes = [Math.max(widthOf(parent), 240), 0];
      sizes[1] = Math.min(1.3 * sizes[0], tallest(parent));
      const same = sizes[0] === width && sizes[1] === height && next.words.length === points.length;
      spec = next;
      [width, height] = sizes;
      /** @type {Point[]} */
      const places = spec.words.map((_, i) => {
        const [x, y] = spec.at(i);
        return [EDGE + x * (width - 2 * EDGE), height - EDGE - y * (height - 2 * EDGE)];
      });
      const moved = same && places.some(([x, y], i) => Math.hypot(x - points[i][0], y - points[i][1]) > 0.5);
      if (moved && moves()) travel = { from: shown, start: performance.now() };
      else if (!same || moved) travel = null;
      points = places;
      vary(node, { width: `${width}px`, height: `${height}px` });
      cancelAnimationFrame(frame);
      return paint(theme);
    },
  };
}
