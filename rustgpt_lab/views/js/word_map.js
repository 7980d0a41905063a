// Words as points on a plane. Pointer or arrow keys choose one; a click or Enter takes it.
import { el, pointIn, sharp } from "./lab.js";
import { focusable, widest } from "./grid.js";
import { closest, towards } from "./cosine.js";

const EDGE = 14;
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * `draw(theme, { words, at(i): [x, y] in [0, 1], chosen, near: ids, kept: ids })`: the chosen word and `near` are
 * named first, then `kept`; a name that would cover another is left out. `onMove(i)` and `onTake(i)` hear of a word.
 */
export function wordMap(parent, label, onMove, onTake) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const overlay = el("svg", { "aria-hidden": "true" });
  const node = focusable(label, canvas, overlay);
  parent.append(node);
  let points = [];
  let chosen = 0;
  const pointed = (event) => closest(points, pointIn(node, event));
  node.addEventListener("pointermove", (event) => {
    const i = pointed(event);
    if (i !== chosen) onMove(i);
  });
  node.addEventListener("click", (event) => onTake(pointed(event)));
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter") onTake(chosen);
    if (!DIRECTIONS[event.key]) return;
    event.preventDefault();
    onMove(towards(points, chosen, DIRECTIONS[event.key]));
  });
  return {
    draw(theme, spec) {
      const { words, at, near, kept } = spec;
      chosen = spec.chosen;
      const width = Math.max(parent.clientWidth, 240);
      const height = Math.min(1.3 * width, 600);
      Object.assign(node.style, { width: `${width}px`, height: `${height}px` });
      const context = sharp(canvas, 0, 0, width, height);
      points = words.map((_, i) => {
        const [x, y] = at(i);
        return [EDGE + x * (width - 2 * EDGE), height - EDGE - y * (height - 2 * EDGE)];
      });
      const dot = (i, radius, colour) => {
        context.fillStyle = colour;
        context.beginPath();
        context.arc(...points[i], radius, 0, 2 * Math.PI);
        context.fill();
      };
      points.forEach((_, i) => dot(i, 2, theme.muted));
      kept.forEach((i) => dot(i, 3.5, theme.text));
      near.forEach((i) => dot(i, 3.5, theme.accent));
      const taken = [];
      const names = [chosen, ...near, ...kept].flatMap((i) => {
        const [x, y] = points[i];
        const wide = widest([words[i]], 200);
        const left = x + 9 + wide < width ? x + 8 : x - 8 - wide;
        const box = [left, y - 8, left + wide, y + 8];
        if (taken.some((b) => box[0] < b[2] && b[0] < box[2] && box[1] < b[3] && b[1] < box[3])) return [];
        taken.push(box);
        const look = i === chosen || near.includes(i) ? "rl-chosen" : "rl-word";
        return [el("text", { x: left, y, "dominant-baseline": "central", class: look, "paint-order": "stroke",
          style: "stroke:var(--rl-paper);stroke-width:3px" }, words[i])];
      });
      const [x, y] = points[chosen];
      overlay.replaceChildren(...names, el("circle", { class: "rl-cursor", cx: x, cy: y, r: 6 }));
    },
  };
}
