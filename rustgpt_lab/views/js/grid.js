// Rows and columns with words: a heat map, and lines from word to word. Pointer or arrow keys choose a cell.
import { el, inkOn, moves, number, penOf, pointIn, put, sharp, vary, widthOf, zoomOf } from "./lab.js";

const LABEL = 15; // the least distance between two labels, in pixels
const LARGEST = 64; // side of a cell
const LONGEST = 140; // label
const TYPE = "14px system-ui, sans-serif";
const SWELL = 300; // milliseconds in which lines take their new weights

/** @typedef {import("./lab.js").Theme} Theme */
/** @typedef {import("./lab.js").Attributes} Attributes */

/**
 * What a heat map and lines show: numbers for each pair of words; `axes` are what a row is and what a column is.
 * @typedef {{ rows: string[], columns: string[], value: (i: number, j: number) => number,
 *   hidden?: (i: number, j: number) => boolean, axes?: string[] }} Pairs
 */
/**
 * What a heat map needs, too: the range of its colours, and what `hidden` cells are.
 * @typedef {Pairs & { low: number, high: number, palette?: "sequential" | "diverging", unseen?: string,
 *   written?: (x: number) => string }} Heat
 */

/** How high a picture in an element may be, so that it fits on a screen with its controls. @param {Element} node */
export function tallest(node) {
  const slide = node.closest(".slides"); // its heading, like a projected card's controls, needs more of the height
  const part = slide ? 0.38 : node.closest("[popover]") ? 0.55 : 0.7;
  const room = part * (slide ? slide.getBoundingClientRect().height : innerHeight);
  return Math.min(640, Math.max(300, room / zoomOf(node)));
}

/**
 * The cell that is chosen, by pointer or arrow keys, in an element. `moved()` hears of each change.
 * @param {HTMLElement} node
 * @param {{ size: () => number[], cellAt: (x: number, y: number) => [row: number, column: number] | null,
 *   moved: () => void }} cells
 */
export function cursor(node, { size, cellAt, moved }) {
  const place = { row: 0, column: 0 };
  const go = (/** @type {number} */ row, /** @type {number} */ column) => {
    const [rows, columns] = size();
    place.row = Math.min(Math.max(row, 0), rows - 1);
    place.column = Math.min(Math.max(column, 0), columns - 1);
    moved();
  };
  node.addEventListener("pointermove", (event) => {
    const cell = cellAt(...pointIn(node, event));
    if (cell && (cell[0] !== place.row || cell[1] !== place.column)) go(...cell);
  });
  node.addEventListener("keydown", (event) => {
    const [rows, columns] = size();
    /** @type {Record<string, number[]>} */
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

const measure = penOf(document.createElement("canvas"));

/** The width in pixels of the widest of some words, at most `most`. @param {string[]} words @param {number} most */
export function widest(words, most) {
  measure.font = `bold ${TYPE}`;
  return Math.min(most, Math.ceil(Math.max(0, ...words.map((word) => measure.measureText(word).width))) + 2);
}

/**
 * A word, cut to fit into so many pixels, between what readers take for letters.
 * @param {string} word @param {number} most
 */
export function shortened(word, most) {
  if (measure.measureText(word).width <= most) return word;
  const letters = Array.from(new Intl.Segmenter().segment(word), ({ segment }) => segment);
  const cut = () => `${letters.join("")}…`;
  do letters.pop(); while (letters.length > 1 && measure.measureText(cut()).width > most);
  return cut();
}

/** An element with cells that the keyboard reaches. @param {string} label @param {...Node} children */
export function focusable(label, ...children) {
  return el("div", {
    class: "rl-grid", tabindex: 0, role: "application", "aria-roledescription": "picture with cells",
    "aria-label": `${label}. Arrow keys move from cell to cell.`, "data-lm-suppress-shortcuts": "true",
  }, ...children);
}

/**
 * A heat map, unless it says otherwise.
 * @type {Pick<Required<Heat>, "palette" | "hidden" | "unseen" | "axes" | "written">}
 */
const PLAIN = { palette: "sequential", hidden: () => false, unseen: "", axes: [], written: (x) => number(x, 2) };

/**
 * A heat map: `draw(theme, heat)`. `onCell(i, j)` hears which cell is chosen.
 * @param {HTMLElement} parent @param {string} label @param {(i: number, j: number) => void} [onCell]
 */
export function heatmap(parent, label, onCell = () => {}) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const context = penOf(canvas);
  const box = el("rect", { class: "rl-cursor" });
  const overlay = el("svg", { "aria-hidden": "true" });
  const legend = el("div", { class: "rl-legend" });
  const node = focusable(label, canvas, overlay);
  const whole = el("div", {}, node, legend);
  parent.append(whole);
  /** @type {Required<Heat>} */
  let spec = { ...PLAIN, rows: [""], columns: [""], value: () => 0, low: 0, high: 1 };
  let layout = { key: "", left: 0, top: 0, cell: 1, upright: false, step: 1, painted: "", explained: "" };
  /** @type {SVGTextElement[]} */
  let labels = [];
  const { place, go } = cursor(node, {
    size: () => [spec.rows.length, spec.columns.length],
    cellAt: (x, y) => {
      const row = Math.floor((y - layout.top) / layout.cell);
      const column = Math.floor((x - layout.left) / layout.cell);
      return row >= 0 && column >= 0 && row < spec.rows.length && column < spec.columns.length ? [row, column] : null;
    },
    moved: () => { mark(); onCell(place.row, place.column); },
  });
  node.numbers = () => [["", ...spec.columns], ...spec.rows.map((word, i) =>
    [word, ...spec.columns.map((_, j) => (spec.hidden(i, j) ? "" : spec.value(i, j)))])];

  /** Where everything stands; the words are set again only if that, or a word, changed. */
  function arrange() {
    const { rows, columns, axes } = spec;
    const left = widest([...rows, ...axes.slice(0, 1)], LONGEST) + 10;
    const across = widest(columns, LONGEST);
    const width = widthOf(parent);
    const room = Math.min((width - left - 4) / columns.length, tallest(parent) / rows.length);
    const cell = Math.max(4, Math.min(LARGEST, room));
    const upright = across + 6 > cell;
    const head = axes.length ? 20 : 0;
    const top = head + (upright ? across + 10 : 22);
    const key = JSON.stringify([rows, columns, axes, cell, zoomOf(parent)]);
    if (key === layout.key) return;
    layout = { key, left, top, cell, upright, step: Math.ceil(LABEL / cell), painted: "", explained: "" };
    sharp(canvas, left, top, cell * columns.length, cell * rows.length);
    const [wide, high] = [left + cell * columns.length + 2, top + cell * rows.length + 2];
    vary(node, { width: `${wide}px`, height: `${high}px` });
    labels = [...rows.map(rowLabel), ...columns.map(columnLabel)];
    put(box, { width: cell, height: cell });
    overlay.replaceChildren(...labels, ...axes.map(axisName), box);
  }
  function rowLabel(/** @type {string} */ word, /** @type {number} */ i) {
    return el("text", { x: layout.left - 6, y: layout.top + (i + 0.5) * layout.cell, "text-anchor": "end",
      "dominant-baseline": "central" }, shortened(word, LONGEST - 2));
  }
  function columnLabel(/** @type {string} */ word, /** @type {number} */ j) {
    const x = layout.left + (j + 0.5) * layout.cell;
    const y = layout.top - 6;
    const turned = { transform: `translate(${x} ${y}) rotate(-90)`, "dominant-baseline": "central" };
    return el("text", layout.upright ? turned : { x, y, "text-anchor": "middle" }, shortened(word, LONGEST - 2));
  }
  function axisName(/** @type {string} */ name, /** @type {number} */ axis) {
    const at = axis ? { x: layout.left, y: 15 } : { x: layout.left - 6, y: layout.top - 8, "text-anchor": "end" };
    return el("text", { ...at, "font-style": "italic" }, name);
  }
  function mark() {
    const { row, column } = place;
    put(box, { x: layout.left + column * layout.cell, y: layout.top + row * layout.cell });
    labels.forEach((text, k) => {
      const isRow = k < spec.rows.length;
      const [at, chosen] = isRow ? [k, row] : [k - spec.rows.length, column];
      const near = at !== chosen && Math.abs(at - chosen) < layout.step;
      text.classList.toggle("rl-chosen", at === chosen);
      text.classList.toggle("rl-unnamed", at !== chosen && (at % layout.step !== 0 || near));
    });
  }
  function paint(/** @type {Theme} */ theme) {
    const { rows, columns, value, low, high, hidden, written, palette } = spec;
    const { cell } = layout;
    const image = new ImageData(columns.length, rows.length);
    rows.forEach((_, i) => columns.forEach((__, j) => {
      if (hidden(i, j)) return;
      image.data.set([...theme[palette]((value(i, j) - low) / (high - low || 1)), 255], 4 * (i * columns.length + j));
    }));
    const texts = rows.flatMap((_, i) => columns.map((__, j) => (hidden(i, j) ? "" : written(value(i, j)))));
    const painted = [theme.dark, texts.join(), image.data.join()].join();
    if (painted === layout.painted) return;
    layout.painted = painted;
    const small = new OffscreenCanvas(columns.length, rows.length);
    small.getContext("2d")?.putImageData(image, 0, 0);
    const [wide, tall] = [cell * columns.length, cell * rows.length];
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, wide + 1, tall + 1); // the last points of the canvas may be covered in part
    hatch(context, theme, wide, tall); // it stays where the picture has holes
    context.drawImage(small, 0, 0, wide, tall);
    Object.assign(context, { textAlign: "center", textBaseline: "middle", font: TYPE });
    const tooWide = (/** @type {string} */ text) => context.measureText(text).width > cell - 3;
    if ([...new Set(texts)].some(tooWide)) return; // numbers that run into each other say less than none
    texts.forEach((text, k) => {
      const [i, j] = [Math.floor(k / columns.length), k % columns.length];
      context.fillStyle = inkOn(image.data.slice(4 * k, 4 * k + 3));
      context.fillText(text, (j + 0.5) * cell, (i + 0.5) * cell);
    });
  }
  function explain(/** @type {Theme} */ theme) {
    const holes = Boolean(spec.unseen) && spec.rows.some((_, i) => spec.columns.some((__, j) => spec.hidden(i, j)));
    const explained = [layout.key, theme.dark, spec.palette, spec.low, spec.high, holes && spec.unseen].join();
    if (explained === layout.explained) return;
    layout.explained = explained;
    const stops = [0, 0.25, 0.5, 0.75, 1].map((t) => `rgb(${theme[spec.palette](t)})`);
    const bar = el("span", { class: "rl-bar", vary: { stops } });
    legend.replaceChildren(number(spec.low, 3), bar, number(spec.high, 3));
    vary(legend, { left: `${layout.left}px` });
    if (!holes) return;
    const sample = el("canvas", { "aria-hidden": "true" });
    legend.append(el("span", { class: "rl-unseen" }, el("span", { class: "rl-sample" }, sample), spec.unseen));
    hatch(sharp(sample, 0, 0, 20, 14), theme, 20, 14);
  }
  return {
    node: whole, place, go,
    draw(/** @type {Theme} */ theme, /** @type {Heat} */ next) {
      spec = { ...PLAIN, ...next };
      place.row = Math.min(place.row, spec.rows.length - 1);
      place.column = Math.min(place.column, spec.columns.length - 1);
      arrange();
      paint(theme);
      mark();
      explain(theme);
    },
  };
}

/**
 * Heat maps with one cursor: for each [parent, label]. `onCell(i, j)` hears which cell is chosen in all of them.
 * @param {[parent: HTMLElement, label: string][]} places @param {(i: number, j: number) => void} onCell
 */
export function heatmaps(places, onCell) {
  let moving = false;
  const follow = (/** @type {number} */ i, /** @type {number} */ j) => {
    if (moving) return;
    moving = true;
    maps.forEach((map) => map.go(i, j));
    moving = false;
    onCell(i, j);
  };
  const maps = places.map(([parent, label]) => heatmap(parent, label, follow));
  return maps;
}

/**
 * Slanting hairlines: where there is nothing to see, which is not the same as 0.
 * @param {CanvasRenderingContext2D} context @param {Theme} theme @param {number} width @param {number} height
 */
function hatch(context, theme, width, height) {
  context.save();
  Object.assign(context, { strokeStyle: theme.before, lineWidth: 0.6 });
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  context.beginPath();
  for (let x = -height; x < width; x += 6) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
  context.restore();
}

/**
 * Lines from the words on the left to those on the right, as wide as their value in [0, 1]; else as `heatmap`.
 * @param {HTMLElement} parent @param {string} label @param {(i: number, j: number) => void} [onCell]
 */
export function lines(parent, label, onCell = () => {}) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const context = penOf(canvas);
  const overlay = el("svg", { "aria-hidden": "true" });
  const node = focusable(label, canvas, overlay);
  parent.append(node);
  /** @type {Pairs} */
  let spec = { rows: [""], columns: [""], value: () => 0 };
  let layout = { key: "", left: 0, gap: 0, pitch: 1, top: 0 };
  /** @type {SVGTextElement[]} */
  let labels = [];
  /** @type {Theme} */
  let theme;
  /** @type {number[]} */
  let weights = []; // of all lines, row by row
  /** @type {number[]} */
  let drawn = []; // as they are on their way there
  /** @type {{ from: number[], start: number } | null} */
  let swell = null; // on this way
  let frame = 0;
  const { place, go } = cursor(node, {
    size: () => [spec.rows.length, spec.columns.length],
    cellAt: (x, y) => {
      const at = Math.floor((y - layout.top) / layout.pitch);
      if (at < 0) return null;
      if (x < layout.left + layout.gap / 2) return at < spec.rows.length ? [at, place.column] : null;
      return at < spec.columns.length ? [place.row, at] : null;
    },
    moved: () => { paint(); onCell(place.row, place.column); },
  });
  function arrange() {
    const { rows, columns, axes = [] } = spec;
    const left = widest([...rows, ...axes], LONGEST) + 10;
    const gap = Math.min(Math.max(widthOf(parent) - 2 * left - 10, 60), 640);
    const most = Math.max(rows.length, columns.length);
    const pitch = Math.min(Math.max(tallest(parent) / most, LABEL), 34);
    const top = axes.length ? 24 : 0;
    const key = JSON.stringify([rows, columns, axes, gap, pitch, zoomOf(parent)]);
    if (key === layout.key) return;
    layout = { key, left, gap, pitch, top };
    sharp(canvas, left, top, gap, pitch * most);
    vary(node, { width: `${2 * left + gap}px`, height: `${top + pitch * most}px` });
    /** @type {(k: number) => Attributes} */
    const side = (k) => (k ? { x: left + gap + 6, "text-anchor": "start" } : { x: left - 6, "text-anchor": "end" });
    /** @type {(text: string, i: number, k: number) => SVGTextElement} */
    const word = (text, i, k) => el("text", { ...side(k), y: top + (i + 0.5) * pitch, "dominant-baseline": "central" },
      shortened(text, LONGEST - 2));
    labels = [...rows.map((text, i) => word(text, i, 0)), ...columns.map((text, i) => word(text, i, 1))];
    overlay.replaceChildren(...labels,
      ...axes.map((name, k) => el("text", { ...side(k), y: 15, "font-style": "italic" }, name)));
  }
  function paint() {
    const { rows, columns } = spec;
    const { from: before, start } = swell ?? { from: weights, start: -Infinity };
    const part = Math.min(1, (performance.now() - start) / SWELL);
    drawn = part < 1 ? weights.map((w, k) => before[k] + part * (2 - part) * (w - before[k])) : weights;
    cancelAnimationFrame(frame);
    if (part < 1) frame = requestAnimationFrame(paint);
    else swell = null;
    context.clearRect(0, 0, layout.gap + 1, layout.pitch * Math.max(rows.length, columns.length) + 1);
    context.strokeStyle = theme.accent;
    /** @type {(i: number, j: number, strength: number) => void} */
    const line = (i, j, strength) => {
      const weight = drawn[i * columns.length + j];
      if (weight < 0.01) return;
      const [from, to, half] = [(i + 0.5) * layout.pitch, (j + 0.5) * layout.pitch, layout.gap / 2];
      context.globalAlpha = strength * Math.min(1, 0.15 + weight);
      context.lineWidth = 0.5 + 9 * weight;
      context.beginPath();
      context.moveTo(0, from);
      context.bezierCurveTo(half, from, half, to, layout.gap, to);
      context.stroke();
    };
    rows.forEach((_, i) => { if (i !== place.row) columns.forEach((__, j) => line(i, j, 0.25)); });
    columns.forEach((_, j) => line(place.row, j, 1));
    labels.forEach((text, k) => {
      const chosen = k < rows.length ? k === place.row : k - rows.length === place.column;
      text.classList.toggle("rl-chosen", chosen);
    });
  }
  return {
    node, place, go,
    draw(/** @type {Theme} */ newTheme, /** @type {Pairs} */ next) {
      [theme, spec] = [newTheme, next];
      const { rows, columns, value, hidden = () => false } = spec;
      const fresh = rows.flatMap((_, i) => columns.map((__, j) => (hidden(i, j) ? 0 : value(i, j))));
      const from = fresh.length === weights.length ? drawn : fresh.map(() => 0);
      if (fresh.some((weight, k) => weight !== weights[k])) swell = moves() ? { from, start: performance.now() } : null;
      weights = fresh;
      place.row = Math.min(place.row, spec.rows.length - 1);
      place.column = Math.min(place.column, spec.columns.length - 1);
      arrange();
      paint();
    },
  };
}
