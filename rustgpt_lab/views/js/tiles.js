// Many small maps in rows and columns, for all heads of all layers. Clicks and arrow keys choose one of them.
import { el, penOf, pointIn, sharp, vary, widthOf } from "./lab.js";
import { focusable, tallest } from "./grid.js";

const [LEFT, TOP, GAP] = [64, 40, 3];
const [LEAST, LARGEST] = [24, 120]; // side of a map, where there is room
const SHARING = 8; // pixels between heads that do not share their keys, where some do

/** @typedef {import("./lab.js").Theme} Theme */
/** @typedef {import("./lab.js").Attributes} Attributes */

/**
 * Maps of `size` by `size`; `shared` heads have the same keys; `weights` has the lower triangles of all maps.
 * @typedef {{ rows: number, columns: number, shared: number, size: number, weights: import("./packing.js").Tensor,
 *   weight: (row: number, column: number) => (i: number, j: number) => number, chosen: number[],
 *   silent: (row: number, column: number) => boolean }} Tiles
 */

/**
 * `draw(theme, tiles)`. `onMove(row, column)` hears what is chosen, `onPick(row, column)` a click or Enter on what was
 * chosen before.
 * @param {HTMLElement} parent @param {string} label
 * @param {Record<"onMove" | "onPick", (row: number, column: number) => void>} listeners
 */
export function tiles(parent, label, { onMove, onPick }) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const context = penOf(canvas);
  const overlay = el("svg", { "aria-hidden": "true" });
  const node = focusable(label, canvas, overlay);
  node.classList.add("rl-pick");
  parent.append(node);
  /** @type {Tiles} */
  let spec;
  let [pitch, apart] = [1, 0]; // from map to map, and what is added between heads that do not share their keys
  /** @type {{ weights: Tiles["weights"], dark: boolean, whole: OffscreenCanvas } | undefined} */
  let atlas;

  const left = (/** @type {number} */ column) => column * pitch + Math.floor(column / spec.shared) * apart;
  node.addEventListener("click", (event) => {
    const [x, y] = pointIn(node, event);
    const row = Math.floor((y - TOP) / pitch);
    const column = Array.from({ length: spec.columns }, (_, k) => k).findLast((k) => LEFT + left(k) <= x) ?? -1;
    if (row < 0 || row >= spec.rows || column < 0) return;
    if (row === spec.chosen[0] && column === spec.chosen[1]) onPick(row, column);
    else onMove(row, column);
  });
  node.addEventListener("keydown", (event) => {
    const [row, column] = spec.chosen;
    /** @type {Record<string, number[]>} */
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
      Home: [0, -spec.columns], End: [0, spec.columns], PageUp: [-spec.rows, 0], PageDown: [spec.rows, 0] };
    const step = steps[event.key];
    if (step) {
      const kept = (/** @type {number} */ place, /** @type {number} */ most) => Math.min(Math.max(place, 0), most - 1);
      onMove(kept(row + step[0], spec.rows), kept(column + step[1], spec.columns));
    } else if (event.key === "Enter" || event.key === " ") onPick(row, column);
    else return;
    event.preventDefault();
  });
  node.numbers = () => [["layer", "head", "looks", "is looked at", "weight"],
    ...Array.from({ length: spec.rows * spec.columns }, (_, k) => [Math.floor(k / spec.columns), k % spec.columns])
      .map(([row, column]) => {
        const w = spec.weight(row, column);
        const last = spec.size - 1;
        const best = Array.from({ length: spec.size }, (_, j) => j).reduce((m, j) => (w(last, j) > w(last, m) ? j : m));
        return [row + 1, column + 1, last + 1, best + 1, w(last, best)];
      })];

  function arrange() {
    const { rows, columns, shared } = spec;
    apart = shared > 1 ? SHARING : 0;
    const room = widthOf(parent) - LEFT - 4 - apart * Math.ceil(columns / shared);
    pitch = Math.max(9, Math.min(LARGEST, room / columns, Math.max(LEAST, tallest(parent) / rows)));
    const [wide, high] = [left(columns - 1) + pitch, rows * pitch];
    sharp(canvas, LEFT, TOP, wide, high);
    vary(node, { width: `${LEFT + wide + 2}px`, height: `${TOP + high + 2}px` });
    const text = (/** @type {Attributes} */ attributes, /** @type {string} */ word) =>
      el("text", { "dominant-baseline": "central", ...attributes }, word);
    const step = Math.ceil(15 / pitch);
    /** @type {(count: number, chosen: number) => number[]} */
    const few = (count, chosen) => Array.from({ length: count }, (_, k) => k)
      .filter((k) => k === chosen || (k % step === 0 && Math.abs(k - chosen) >= step));
    /** @type {(k: number, chosen: number) => Attributes} */
    const mark = (k, chosen) => (k === chosen ? { class: "rl-chosen" } : {});
    overlay.replaceChildren(
      text({ x: LEFT - 6, y: 30, "text-anchor": "end", "font-style": "italic" }, "layer"),
      text({ x: LEFT, y: 10, "font-style": "italic" }, "head"),
      ...few(rows, spec.chosen[0]).map((k) => text({ x: LEFT - 6, y: TOP + (k + 0.5) * pitch, "text-anchor": "end",
        ...mark(k, spec.chosen[0]) }, `${k + 1}`)),
      ...few(columns, spec.chosen[1]).map((k) => text({ x: LEFT + left(k) + pitch / 2, y: 30,
        "text-anchor": "middle", ...mark(k, spec.chosen[1]) }, `${k + 1}`)),
      el("rect", { class: "rl-cursor", x: LEFT + left(spec.chosen[1]), y: TOP + spec.chosen[0] * pitch,
        width: pitch - GAP + 1, height: pitch - GAP + 1 }),
    );
  }
  /**
   * All maps side by side, a point for each cell; made anew when the weights or the theme change.
   * @param {Theme} theme
   */
  function collect(theme) {
    const { rows, columns, size, weights } = spec;
    if (atlas?.weights === weights && atlas.dark === theme.dark) return atlas.whole;
    const image = new ImageData(columns * size, rows * size);
    const colours = Array.from({ length: 256 }, (_, k) => theme.sequential(k / 255));
    let k = 0;
    for (let head = 0; head < rows * columns; head++) {
      const corner = Math.floor(head / columns) * size * columns * size + (head % columns) * size;
      for (let i = 0; i < size; i++) {
        for (let j = 0; j <= i; j++) {
          const [r, g, b] = colours[Math.round(255 * weights.flat(k++))];
          const place = 4 * (corner + i * columns * size + j);
          [image.data[place], image.data[place + 1], image.data[place + 2], image.data[place + 3]] = [r, g, b, 255];
        }
      }
    }
    const whole = new OffscreenCanvas(image.width, image.height);
    whole.getContext("2d")?.putImageData(image, 0, 0);
    atlas = { weights, dark: theme.dark, whole };
    return whole;
  }
  function paint(/** @type {Theme} */ theme) {
    const { rows, columns, size, silent } = spec;
    const side = pitch - GAP;
    const whole = collect(theme);
    context.clearRect(0, 0, left(columns - 1) + pitch, rows * pitch);
    context.imageSmoothingEnabled = side < size; // large cells have edges
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [x, y] = [left(column), row * pitch];
        context.globalAlpha = silent(row, column) ? 0.3 : 1;
        context.drawImage(whole, column * size, row * size, size, size, x, y, side, side);
        context.globalAlpha = 1;
        context.strokeStyle = theme.line;
        context.lineWidth = 1;
        context.strokeRect(x + 0.5, y + 0.5, side - 1, side - 1);
        if (!silent(row, column)) continue;
        context.strokeStyle = theme.warn;
        context.lineWidth = 2;
        context.beginPath();
        context.moveTo(x, y + side);
        context.lineTo(x + side, y);
        context.moveTo(x, y);
        context.lineTo(x + side, y + side);
        context.stroke();
      }
    }
  }
  return {
    node,
    draw(/** @type {Theme} */ theme, /** @type {Tiles} */ next) {
      spec = next;
      arrange();
      paint(theme);
    },
  };
}
