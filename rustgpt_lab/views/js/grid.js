// Rows and columns with words: a heat map, and lines from word to word. Pointer or arrow keys choose a cell.
import { el, inkOn, number } from "./lab.js";

const LABEL = 12; // the least distance between two labels, in pixels
const TALLEST = 640; // a picture higher than this would not fit on a screen with its controls

/** The cell that is chosen, by pointer or arrow keys, in an element. `moved()` hears of each change. */
export function cursor(node, { size, cellAt, moved }) {
  const place = { row: 0, column: 0 };
  const go = (row, column) => {
    const [rows, columns] = size();
    place.row = Math.min(Math.max(row, 0), rows - 1);
    place.column = Math.min(Math.max(column, 0), columns - 1);
    moved();
  };
  node.addEventListener("pointermove", (event) => {
    const box = node.getBoundingClientRect();
    const cell = cellAt(event.clientX - box.left, event.clientY - box.top);
    if (cell && (cell[0] !== place.row || cell[1] !== place.column)) go(...cell);
  });
  node.addEventListener("keydown", (event) => {
    const [rows, columns] = size();
    const steps = {
      ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
      Home: [0, -columns], End: [0, columns], PageUp: [-rows, 0], PageDown: [rows, 0],
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    go(place.row + step[0], place.column + step[1]);
  });
  return { place, go };
}

const measure = document.createElement("canvas").getContext("2d");

/** The width in pixels of the widest of some words, at most `most`. */
export function widest(words, most) {
  measure.font = "bold 12px system-ui, sans-serif";
  return Math.min(most, Math.ceil(Math.max(...words.map((word) => measure.measureText(word).width))) + 2);
}

/** A word, cut to fit into so many pixels. */
export function shortened(word, most) {
  if (measure.measureText(word).width <= most) return word;
  let kept = word.length - 1;
  while (kept > 1 && measure.measureText(`${word.slice(0, kept)}…`).width > most) kept -= 1;
  return `${word.slice(0, kept)}…`;
}

/** An element with cells that the keyboard reaches. */
export function focusable(label, ...children) {
  return el("div", {
    class: "rl-grid", tabindex: 0, role: "application", "aria-roledescription": "picture with cells",
    "aria-label": `${label}. Arrow keys move from cell to cell.`, "data-lm-suppress-shortcuts": "true",
  }, ...children);
}

/**
 * A heat map. `draw(theme, spec)` with spec { rows, columns: words, value(i, j), low, high, palette: "sequential" or
 * "diverging", hidden(i, j) }; `onCell(i, j)` hears which cell is chosen.
 */
export function heatmap(parent, label, onCell = () => {}) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const overlay = el("svg", { "aria-hidden": "true" });
  const legend = el("div", { class: "rl-legend" });
  const node = focusable(label, canvas, overlay);
  const whole = el("div", {}, node, legend);
  parent.append(whole);
  let spec = { rows: [""], columns: [""] };
  let layout = { key: "" };
  let colours;
  const { place, go } = cursor(node, {
    size: () => [spec.rows.length, spec.columns.length],
    cellAt: (x, y) => {
      const row = Math.floor((y - layout.top) / layout.cell);
      const column = Math.floor((x - layout.left) / layout.cell);
      return row >= 0 && column >= 0 && row < spec.rows.length && column < spec.columns.length ? [row, column] : null;
    },
    moved: () => { mark(); onCell(place.row, place.column); },
  });

  /** Where everything stands; the words are set again only if that, or a word, changed. */
  function arrange(theme) {
    const { rows, columns } = spec;
    const left = widest(rows, 120) + 10;
    const across = widest(columns, 120);
    const width = Math.min(parent.clientWidth, 1000);
    const cell = Math.max(4, Math.min(44, (width - left - 4) / columns.length, TALLEST / rows.length));
    const upright = across + 6 > cell;
    const top = upright ? across + 10 : 22;
    const key = JSON.stringify([rows, columns, cell, theme.dark]);
    if (key === layout.key) return;
    layout = { key, left, top, cell, upright };
    const [w, h] = [cell * columns.length, cell * rows.length];
    const scale = devicePixelRatio || 1;
    Object.assign(canvas, { width: Math.round(w * scale), height: Math.round(h * scale) });
    Object.assign(canvas.style, { left: `${left}px`, top: `${top}px`, width: `${w}px`, height: `${h}px` });
    Object.assign(node.style, { width: `${left + w + 2}px`, height: `${top + h + 2}px` });
    overlay.replaceChildren(
      ...rows.map((word, i) => rowLabel(word, i)), ...columns.map((word, j) => columnLabel(word, j)),
      el("rect", { class: "rl-cursor", width: cell, height: cell }),
    );
    layout.labels = [...overlay.querySelectorAll("text")];
    layout.cursor = overlay.lastChild;
    layout.step = Math.ceil(LABEL / cell);
  }
  function rowLabel(word, i) {
    return el("text", { x: layout.left - 6, y: layout.top + (i + 0.5) * layout.cell, "text-anchor": "end",
      "dominant-baseline": "central" }, shortened(word, 118));
  }
  function columnLabel(word, j) {
    const x = layout.left + (j + 0.5) * layout.cell;
    const y = layout.top - 6;
    const turned = { transform: `translate(${x} ${y}) rotate(-90)`, "dominant-baseline": "central" };
    return el("text", layout.upright ? turned : { x, y, "text-anchor": "middle" }, shortened(word, 118));
  }
  function mark() {
    const { row, column } = place;
    layout.cursor.setAttribute("x", layout.left + column * layout.cell);
    layout.cursor.setAttribute("y", layout.top + row * layout.cell);
    layout.labels.forEach((text, k) => {
      const isRow = k < spec.rows.length;
      const [at, chosen] = isRow ? [k, row] : [k - spec.rows.length, column];
      const near = at !== chosen && Math.abs(at - chosen) < layout.step;
      text.classList.toggle("rl-chosen", at === chosen);
      text.style.display = at === chosen || (at % layout.step === 0 && !near) ? "" : "none";
    });
  }
  function paint() {
    const { rows, columns, value, low, high, hidden = () => false } = spec;
    const image = new ImageData(columns.length, rows.length);
    rows.forEach((_, i) => columns.forEach((__, j) => {
      if (hidden(i, j)) return;
      image.data.set([...colours((value(i, j) - low) / (high - low || 1)), 255], 4 * (i * columns.length + j));
    }));
    const small = new OffscreenCanvas(columns.length, rows.length);
    small.getContext("2d").putImageData(image, 0, 0);
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(small, 0, 0, canvas.width, canvas.height);
    if (layout.cell < 36) return;
    const pixels = canvas.width / columns.length;
    Object.assign(context, { textAlign: "center", textBaseline: "middle" });
    context.font = `${0.27 * pixels}px system-ui, sans-serif`;
    rows.forEach((_, i) => columns.forEach((__, j) => {
      if (hidden(i, j)) return;
      context.fillStyle = inkOn(image.data.slice(4 * (i * columns.length + j)).slice(0, 3));
      context.fillText(number(value(i, j), 2), (j + 0.5) * pixels, (i + 0.5) * pixels, 0.92 * pixels);
    }));
  }
  function explain() {
    const stops = [0, 0.25, 0.5, 0.75, 1].map((t) => `rgb(${colours(t)})`);
    const bar = el("span", { class: "rl-bar", style: `background:linear-gradient(90deg,${stops})` });
    legend.replaceChildren(number(spec.low, 3), bar, number(spec.high, 3));
    legend.style.paddingLeft = `${layout.left}px`;
  }
  return {
    node: whole, place, go,
    draw(theme, next) {
      spec = { palette: "sequential", ...next };
      colours = theme[spec.palette];
      place.row = Math.min(place.row, spec.rows.length - 1);
      place.column = Math.min(place.column, spec.columns.length - 1);
      arrange(theme);
      paint();
      mark();
      explain();
    },
  };
}

/** Lines from the words on the left to those on the right, as wide as their weight in [0, 1]; else as `heatmap`. */
export function lines(parent, label, onCell = () => {}) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const overlay = el("svg", { "aria-hidden": "true" });
  const node = focusable(label, canvas, overlay);
  parent.append(node);
  let spec = { rows: [""], columns: [""] };
  let layout = { key: "" };
  let theme;
  const { place, go } = cursor(node, {
    size: () => [spec.rows.length, spec.columns.length],
    cellAt: (x, y) => {
      const at = Math.floor(y / layout.pitch);
      if (x < layout.left + layout.gap / 2) return at < spec.rows.length ? [at, place.column] : null;
      return at < spec.columns.length ? [place.row, at] : null;
    },
    moved: () => { paint(); onCell(place.row, place.column); },
  });
  function arrange() {
    const { rows, columns } = spec;
    const left = widest(rows, 130) + 10;
    const gap = Math.min(Math.max(parent.clientWidth - 2 * left - 10, 60), 420);
    const most = Math.max(rows.length, columns.length);
    const pitch = Math.min(Math.max(TALLEST / most, LABEL), 26);
    const key = JSON.stringify([rows, columns, gap]);
    if (key === layout.key) return;
    layout = { key, left, gap, pitch };
    const scale = devicePixelRatio || 1;
    Object.assign(canvas, { width: Math.round(gap * scale), height: Math.round(pitch * most * scale) });
    Object.assign(canvas.style, { left: `${left}px`, top: 0, width: `${gap}px`, height: `${pitch * most}px` });
    Object.assign(node.style, { width: `${2 * left + gap}px`, height: `${pitch * most}px` });
    const word = (text, i, x, anchor) => el("text", { x, y: (i + 0.5) * pitch, "text-anchor": anchor,
      "dominant-baseline": "central" }, shortened(text, 128));
    overlay.replaceChildren(...rows.map((text, i) => word(text, i, left - 6, "end")),
      ...columns.map((text, i) => word(text, i, left + gap + 6, "start")));
    layout.labels = [...overlay.children];
  }
  function paint() {
    const { rows, columns, value, hidden = () => false } = spec;
    const context = canvas.getContext("2d");
    const scale = canvas.width / layout.gap;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, layout.gap, canvas.height);
    context.strokeStyle = theme.accent;
    const line = (i, j, strength) => {
      const weight = value(i, j);
      if (hidden(i, j) || weight < 0.01) return;
      const [from, to, half] = [(i + 0.5) * layout.pitch, (j + 0.5) * layout.pitch, layout.gap / 2];
      context.globalAlpha = strength * Math.min(1, 0.15 + weight);
      context.lineWidth = 0.5 + 5 * weight;
      context.beginPath();
      context.moveTo(0, from);
      context.bezierCurveTo(half, from, half, to, layout.gap, to);
      context.stroke();
    };
    rows.forEach((_, i) => { if (i !== place.row) columns.forEach((__, j) => line(i, j, 0.25)); });
    columns.forEach((_, j) => line(place.row, j, 1));
    layout.labels.forEach((text, k) => {
      const chosen = k < rows.length ? k === place.row : k - rows.length === place.column;
      text.classList.toggle("rl-chosen", chosen);
    });
  }
  return {
    node, place, go,
    draw(newTheme, next) {
      [theme, spec] = [newTheme, next];
      place.row = Math.min(place.row, spec.rows.length - 1);
      place.column = Math.min(place.column, spec.columns.length - 1);
      arrange();
      paint();
    },
  };
}
