// The layers as a graph, from the first down to the loss, with the ways around them, and the gradient upon it.
import { el, number, pointIn, put, widthOf } from "./lab.js";
import { tallest } from "./grid.js";

const STREAM = 126; // where the stream runs, in pixels
const [BESIDE, WIDE, HIGH] = [190, 190, 24]; // a box that the stream passes by: its left edge; of each: width, height
const [THIN, THICK] = [2, 16]; // of the lines, for the least and the greatest norm

/** @typedef {import("./lab.js").Theme} Theme */
/** @typedef {import("./lab.js").Attributes} Attributes */

/**
 * What the gradient does at a layer, as in gradient_flow.py; `weights` is the norm of the gradient of all its weights.
 * @typedef {{ title: string, block: number, arrives: number, leaves: number?, branch: number?, weights: number,
 *   parameters: [name: string, norm: number][] }} Flow
 */
/** @typedef {{ forward: number, back: number, chosen: number }} State */

/** Two digits of a norm. @param {number} x */
export const two = (x) => (x >= 100 || x < 1e-3 ? number(x, 2) : x.toPrecision(2));

/**
 * How thick the line of a norm is: on a log scale from the least to the greatest of some norms.
 * @param {number[]} norms
 */
export function thickness(norms) {
  const [low, high] = [Math.min(...norms), Math.max(...norms)];
  return (/** @type {number} */ norm) => {
    const part = high > low ? Math.log(Math.max(norm, low) / low) / Math.log(high / low) : 1;
    return THIN + (THICK - THIN) * part;
  };
}

/**
 * `draw(theme, { forward, back, chosen })`: as many layers have computed, and so many have handed back their gradient;
 * `chosen` is the layer in question, as many as there are layers if it is the loss. `onPick(i)` hears of a layer that
 * was clicked.
 * @param {HTMLElement} parent @param {{ layers: Flow[], loss: number, logits: number }} flows
 * @param {(i: number) => void} onPick
 */
export function flowGraph(parent, { layers, loss, logits }, onPick) {
  const label = "The layers from the first to the last and the loss, with the gradient that flows back";
  const svg = el("svg", { role: "img", "aria-label": label, class: "rl-pick" });
  parent.append(svg);
  const count = layers.length;
  const norms = [logits, ...layers.flatMap(({ arrives, leaves, branch }) => [arrives, leaves ?? 0, branch ?? 0])];
  const thick = thickness(norms.filter((x) => x > 0));
  const greatest = Math.max(...layers.map(({ weights }) => weights)) || 1;
  let pitch = 40; // from layer to layer
  const gap = (/** @type {number} */ i) => 2 + i * pitch; // the middle between a layer and the one above it
  const middle = (/** @type {number} */ i) => gap(i) + pitch / 2;
  svg.addEventListener("click", (event) => {
    onPick(Math.max(0, Math.min(count, Math.floor((pointIn(svg, event)[1] - 2) / pitch))));
  });
  svg.numbers = () => [["layer", "gradient that arrives", "goes on", "through the layer", "of its weights"],
    ...layers.map((layer) => [layer.title, layer.arrives, layer.leaves ?? "", layer.branch ?? "", layer.weights])];

  /** @type {(x: number, y: number, content: string, more?: Attributes) => SVGTextElement} */
  const text = (x, y, content, more = {}) =>
    el("text", { x, y, "dominant-baseline": "central", class: "rl-word rl-figures", ...more }, content);
  /** @type {(d: string, colour: string, width: number, fresh: boolean) => SVGPathElement} */
  const line = (d, colour, width, fresh) => el("path", { d, fill: "none", stroke: colour, "stroke-width": width,
    "stroke-linecap": "round", "stroke-linejoin": "round", pathLength: 1, class: fresh && "rl-flows" });
  const along = (/** @type {number} */ from, /** @type {number} */ to) => `M${STREAM} ${from}V${to}`;
  /** From the stream through a box beside it and back. @param {number} i */
  const through = (i) => `M${STREAM} ${gap(i + 1)}C${STREAM + 24} ${gap(i + 1)} ${BESIDE - 26} ${middle(i)} ${BESIDE} `
    + `${middle(i)}C${BESIDE - 26} ${middle(i)} ${STREAM + 24} ${gap(i)} ${STREAM} ${gap(i)}`;

  function blocks(/** @type {Theme} */ theme, /** @type {number} */ width) {
    return layers.flatMap(({ block }, i) => {
      if (!block || (i && layers[i - 1].block === block)) return [];
      const size = layers.filter((layer) => layer.block === block).length;
      const shade = { fill: theme.muted, "fill-opacity": block % 2 ? 0.09 : 0.04 };
      return [el("rect", { x: 0, y: gap(i), width, height: size * pitch, rx: 6, ...shade }),
        text(8, middle(i), `block ${block}`, { class: "" })];
    });
  }
  /** What computed is grey, since it came before. @param {Theme} theme @param {State} state */
  function wires(theme, { forward, back }) {
    return layers.flatMap(({ branch }, i) => {
      const [lit, fresh] = [i < forward, !back && i === forward - 1];
      /** @type {[string, number, boolean]} */
      const look = [lit ? theme.before : theme.line, lit ? 3 : 1.5, fresh];
      return [line(along(i ? gap(i) : middle(i), gap(i + 1)), ...look),
        ...(branch === null ? [] : [line(through(i), ...look)])];
    });
  }
  function gradients(/** @type {string} */ colour, /** @type {State} */ { back }) {
    return layers.slice(count - back).flatMap(({ arrives, leaves, branch }, k) => {
      const [i, fresh] = [count - back + k, k === 0];
      if (branch !== null) {
        return [line(along(gap(i + 1), gap(i)), colour, thick(arrives), fresh),
          line(through(i), colour, thick(branch), fresh)];
      }
      return [line(along(gap(i + 1), middle(i)), colour, thick(arrives), fresh),
        ...(leaves === null ? [] : [line(along(middle(i), gap(i)), colour, thick(leaves), fresh)])];
    });
  }
  /**
   * @param {Theme} theme @param {number} i @param {string} title @param {boolean} beside @param {boolean} lit
   * @param {boolean} isChosen
   */
  function box(theme, i, title, beside, lit, isChosen) {
    const x = beside ? BESIDE : STREAM - 14;
    const stroke = isChosen ? theme.accent : lit ? theme.before : theme.line;
    return [
      el("rect", { x, y: middle(i) - HIGH / 2, width: BESIDE + WIDE - x, height: HIGH, rx: 5, fill: "var(--rl-paper)",
        stroke, "stroke-width": isChosen ? 2.5 : 1 }),
      text(BESIDE + WIDE - 10, middle(i), title,
        { "text-anchor": "end", class: `rl-word rl-figures ${isChosen ? "rl-strong" : ""}` }),
    ];
  }
  /**
   * A layer's numbers: what arrived at it, and what its weights got, with a bar in the room that is left.
   * @param {string} colour @param {number} i @param {number} room
   */
  function figures(colour, i, room) {
    const { arrives, weights, parameters } = layers[i];
    const [tip, half] = [gap(i + 1) - 5, thick(arrives) / 2 + 4];
    const long = Math.max(1, room * weights / greatest);
    return [
      el("path", { d: `M${STREAM} ${tip}l${half} 9h${-2 * half}Z`, fill: colour }),
      text(STREAM - 18, gap(i + 1), two(arrives), { "text-anchor": "end", class: "rl-word rl-figures rl-outlined" }),
      ...(parameters.length ? [
        el("rect", { x: BESIDE + WIDE + 14, y: middle(i) - 7, width: long, height: 14, rx: 2, fill: colour }),
        text(BESIDE + WIDE + 20 + long, middle(i), two(weights)),
      ] : []),
    ];
  }
  return {
    draw(/** @type {Theme} */ theme, /** @type {State} */ state) {
      const width = Math.max(widthOf(parent), 300);
      const colour = theme.categories[5];
      const room = Math.max(30, width - (BESIDE + WIDE + 14) - 60);
      pitch = Math.max(32, Math.min(46, 1.05 * tallest(parent) / (count + 1)));
      put(svg, { width, height: gap(count + 1) + 2 });
      const ended = state.forward === count && (state.back > 0 || state.chosen === count);
      svg.replaceChildren(
        ...blocks(theme, width), ...wires(theme, state), ...gradients(colour, state),
        ...layers.flatMap(({ title, branch }, i) =>
          box(theme, i, title, branch !== null, i < state.forward, i === state.chosen)),
        ...box(theme, count, ended ? `loss ${number(loss, 3)}` : "loss", false, ended, state.chosen === count),
        ...layers.flatMap((_, i) => (i >= count - state.back ? figures(colour, i, room) : [])),
      );
    },
  };
}
