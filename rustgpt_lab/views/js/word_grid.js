// A grid of words on coloured cells. Pointer or arrow keys choose a cell.
import { el, inkOn, number, sharp, vary, widthOf } from "./lab.js";
import { cursor, focusable, shortened, tallest, widest } from "./grid.js";

const LOWEST = 20; // pixels of a row, however many they are
const NARROWEST = 24; // a cell with a word in it; in a narrower one its colour speaks alone
const TICK = 24; // pixels from one number at an axis to the next

/**
 * `draw(theme, spec)` with spec { rows, columns: words, word(i, j), value(i, j) in [0, 1] }; `onCell(i, j)` hears which
 * cell is chosen.
 */
export function wordGrid(parent, label, onCell) {
  const canvas = el("canvas", { "aria-hidden": "true" }); // elements for a thousand cells would take too long
  const svg = el("svg", { "aria-hidden": "true" });
  const node = focusable(label, canvas, svg);
  parent.append(node);
  let spec = { rows: [""], columns: [""] };
  let layout = {};
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
    layout.cursor.setAttribute("x", layout.left + place.column * layout.wide);
    layout.cursor.setAttribute("y", layout.top + place.row * layout.high);
    layout.labels.forEach((text, k) => {
      const chosen = k < spec.rows.length ? k === place.row : k - spec.rows.length === place.column;
      text.classList.toggle("rl-chosen", chosen);
    });
  }
  function paint(theme) {
    const { rows, columns, word, value } = spec;
    const { left, top, wide, high, width, height } = layout;
    const context = sharp(canvas, 0, 0, width, height);
    Object.assign(context, { font: "14px system-ui, sans-serif", textAlign: "center", textBaseline: "middle" });
    const fitting = new Map(); // the same words come again and again
    const fit = (text) => fitting.get(text) ?? fitting.set(text, shortened(text, wide - 6)).get(text);
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
    draw(theme, next) {
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
      const text = (x, y, anchor, content) => el("text",
        { x, y, "text-anchor": anchor, "dominant-baseline": "central" }, content);
      const labels = [
        ...rows.map((name, i) => text(left - 6, top + (i + 0.5) * high, "end", shortened(name, 138))),
        ...columns.map((name, j) => text(left + (j + (j === last ? 1 : 0.5)) * wide, 10, j === last ? "end" : "middle",
          (columns.length - 1 - j) % every ? "" : shortened(name, every * wide - (j ? 4 : -12)))),
      ];
      const box = el("rect", { class: "rl-cursor", width: wide - 1, height: high - 1, rx: 2 });
      layout = { left, top, wide, high, width, height, labels, cursor: box };
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
 */
export function profile(parent, label) {
  const svg = el("svg", { role: "img", "aria-label": label });
  parent.append(svg);
  let shown = [];
  svg.numbers = () => [["layer", label], ...shown.map((value, i) => [i, value])];
  return {
    draw(theme, { values, high, marks, at }) {
      shown = values;
      const [left, top, tall, width] = [44, 12, 110, Math.max(widthOf(parent), 240)];
      const x = (i) => left + 8 + i * (width - left - 24) / Math.max(values.length - 1, 1);
      const y = (value) => top + tall * (1 - value / (high || 1));
      const every = Math.ceil(TICK * values.length / width);
      const line = (x1, y1, x2, y2) => el("line", { x1, y1, x2, y2, stroke: theme.line });
      const text = (tx, ty, anchor, content, more = {}) => el("text",
        { x: tx, y: ty, "text-anchor": anchor, "dominant-baseline": "central", ...more }, content);
      svg.setAttribute("width", width);
      svg.setAttribute("height", top + tall + 44);
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
