// A grid of words on coloured cells. Pointer or arrow keys choose a cell.
import { el, inkOn, number, put, sharp, vary, widthOf } from "./lab.js";
import { cursor, focusable, shortened, tallest, widest } from "./grid.js";

const LOWEST = 20; // pixels of a row, however many they are
const NARROWEST = 24; // a cell with a word in it; in a narrower one its colour speaks alone
const TICK = 24; // pixels from one number at an axis to the next

/** @typedef {import("./lab.js").Theme} Theme */
/** @typedef {import("./lab.js").Attributes} Attributes */

/**
 * A word, and a value in [0, 1], for each row and column.
 * @typedef {{ rows: string[], columns: string[], word: (i: number, j: number) => string,
 *   value: (i: number, j: number) => number }} Words
 */

/**
 * `draw(theme, words)`; `onCell(i, j)` hears which cell is chosen.
 * @param {HTMLElement} parent @param {string} label @param {(i: number, j: number) => void} onCell
 */
export function wordGrid(parent, label, onCell) {
  const canvas = el("canvas", { "aria-hidden": "true" }); // elements for a thousand cells would take too long
  const svg = el("svg", { "aria-hidden": "true" });
  const node = focusable(label, canvas, svg);
  parent.append(node);
  /** @type {Words} */
  let spec = { rows: [""], columns: [""], word: () => "", value: () => 0 };
  let layout = { left: 0, top: 0, wide: 1, high: 1, width: 1, height: 1 };
  /** @type {SVGTextElement[]} */
  let labels = [];
  const box = el("rect", { class: "rl-cursor", rx: 2 });
  node.numbers = () => [["", ...spec.columns],
    ...spec.rows.map((name, i) => [name, ...spec.columns.map((_, j) => `${spec.word(i, j)} ${spec.value(i, j)}`)])];
  const { place } = cursor(node, {
    size: () => [spec.rows.length, spec.columns.length],
    cellAt: (x, y) => {
      const [row, column] = [(y - layout.top) / layout.high, (x - layout.left) / layout.wide].map(Math.floor);
      return row >= 0 && column >= 0 && row < spec.rows.length && column < spec.columns.length ? [row, column] : null;
    },
    moved: () => { mark(); onCell(place.row, place.column); },
  });
  function mark() {
    put(box, { x: layout.left + place.column * layout.wide, y: layout.top + place.row * layout.high });
    labels.forEach((text, k) => {
      const chosen = k < spec.rows.length ? k === place.row : k - spec.rows.length === place.column;
      text.classList.toggle("rl-chosen", chosen);
    });
  }
  function paint(/** @type {Theme} */ theme) {
    const { rows, columns, word, value } = spec;
    const { left, top, wide, high, width, height } = layout;
    const context = sharp(canvas, 0, 0, width, height);
    Object.assign(context, { font: "14px system-ui, sans-serif", textAlign: "center", textBaseline: "middle" });
    /** @type {Map<string, string>} */
    const fitting = new Map(); // the same words come again and again
    const fit = (/** @type {string} */ text) => {
      const known = fitting.get(text) ?? shortened(text, wide - 6);
      fitting.set(text, known);
      return known;
    };
    rows.forEach((_, i) => columns.forEach((__, j) => {
      const colour = theme.sequential(value(i, j));
      const [x, y] = [left + j * wide, top + i * high];
      context.fillStyle = `rgb(${colour})`;
      context.beginPath();
      context.roundRect(x, y, wide - 1, high - 1, 2);
      context.fill();
      if (wide < NARROWEST) return;
      context.fillStyle = inkOn(colour);
      context.fillText(fit(word(i, j)), x + wide / 2, y + high / 2);
    }));
  }
  return {
    node, place,
    draw(/** @type {Theme} */ theme, /** @type {Words} */ next) {
      spec = next;
      const { rows, columns } = spec;
      place.row = Math.min(place.row, rows.length - 1);
      place.column = Math.min(place.column, columns.length - 1);
      const left = widest(rows, 140) + 10;
      const top = 22;
      const width = Math.max(widthOf(parent), 240);
      const wide = (width - left - 2) / columns.length;
      const high = Math.min(Math.max(tallest(parent) / rows.length, LOWEST), 34);
      const height = top + high * rows.length;
      const every = Math.min(Math.ceil((widest(columns, 140) + 8) / wide), Math.ceil(columns.length / 6));
      const last = every > 1 ? columns.length - 1 : -1; // it ends where the picture does
      /** @type {(x: number, y: number, anchor: string, content: string) => SVGTextElement} */
      const text = (x, y, anchor, content) => el("text",
        { x, y, "text-anchor": anchor, "dominant-baseline": "central" }, content);
      labels = [
        ...rows.map((name, i) => text(left - 6, top + (i + 0.5) * high, "end", shortened(name, 138))),
        ...columns.map((name, j) => text(left + (j + (j === last ? 1 : 0.5)) * wide, 10, j === last ? "end" : "middle",
          (columns.length - 1 - j) % every ? "" : shortened(name, every * wide - (j ? 4 : -12)))),
      ];
      put(box, { width: wide - 1, height: high - 1 });
      layout = { left, top, wide, high, width, height };
      vary(node, { width: `${width}px`, height: `${height}px` });
      svg.replaceChildren(...labels, box);
      paint(theme);
      mark();
    },
  };
}

/**
 * A number through the layers, as a line. `draw(theme, { values, high, marks: places of hairlines, at })`; the scale
 * goes from 0 to `high`, and the point `at` is marked.
 * @param {HTMLElement} parent @param {string} label
 */
export function profile(parent, label) {
  const svg = el("svg", { role: "img", "aria-label": label });
  parent.append(svg);
  /** @type {number[]} */
  let shown = [];
  svg.numbers = () => [["layer", label], ...shown.map((value, i) => [i, value])];
  return {
    /** @param {Theme} theme @param {{ values: number[], high: number, marks: number[], at: number }} profile */
    draw(theme, { values, high, marks, at }) {
      shown = values;
      const [left, top, tall, width] = [44, 12, 110, Math.max(widthOf(parent), 240)];
      const x = (/** @type {number} */ i) => left + 8 + i * (width - left - 24) / Math.max(values.length - 1, 1);
      const y = (/** @type {number} */ value) => top + tall * (1 - value / (high || 1));
      const every = Math.ceil(TICK * values.length / width);
      /** @type {(x1: number, y1: number, x2: number, y2: number) => SVGLineElement} */
      const line = (x1, y1, x2, y2) => el("line", { x1, y1, x2, y2, stroke: theme.line });
      /** @type {(tx: number, ty: number, anchor: string, content: string, more?: Attributes) => SVGTextElement} */
      const text = (tx, ty, anchor, content, more = {}) => el("text",
        { x: tx, y: ty, "text-anchor": anchor, "dominant-baseline": "central", ...more }, content);
      put(svg, { width, height: top + tall + 44 });
      svg.replaceChildren(
        ...marks.map((i) => line(x(i), top, x(i), top + tall)), line(left, y(0), width, y(0)),
        text(left - 6, y(high), "end", number(high, 3)), text(left - 6, y(0), "end", "0"),
        ...values.flatMap((_, i) => (i === at || (i % every === 0 && Math.abs(i - at) >= every)
          ? [text(x(i), top + tall + 14, "middle", `${i}`, { class: i === at ? "rl-tick rl-chosen" : "rl-tick" })]
          : [])),
        text((left + width) / 2, top + tall + 34, "middle", "layer"),
        el("polyline", { points: values.map((value, i) => `${x(i)},${y(value)}`).join(" "), fill: "none",
          stroke: theme.accent, "stroke-width": 2 }),
        ...values.map((value, i) => el("circle",
          { cx: x(i), cy: y(value), r: i === at ? 5 : 2.5, fill: theme.accent })),
      );
    },
  };
}
