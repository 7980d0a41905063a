// A bar for each word, or several, such as before and after.
import { el } from "./lab.js";
import { shortened, widest } from "./grid.js";

const PITCH = 30; // from word to word, in pixels
const NUMBER = 52; // the width of a column of numbers

/**
 * `draw(theme, { words, series: [{ name, at(i), colour, ink }, ...], digits })`: values in [0, 1], the colour of
 * the bars, and that of the name; a series without a name has no heading. Numbers have so many digits after the point.
 */
export function wordBars(parent, label) {
  const svg = el("svg", { role: "img", "aria-label": label });
  parent.append(svg);
  return {
    node: svg,
    draw(theme, { words, series, digits = 3 }) {
      const head = series[0].name ? 20 : 0;
      const left = widest(words, 120) + 8;
      const right = NUMBER * series.length;
      const width = parent.clientWidth;
      const room = Math.max(width - left - right - 4, 20);
      const thick = (PITCH - 8) / series.length;
      const text = (x, y, anchor, content, more = {}) => el("text",
        { x, y, "text-anchor": anchor, "dominant-baseline": "central", ...more }, content);
      const place = (s) => left + room + 4 + NUMBER * (s + 1);
      const heads = series.map(({ name = "", ink }, s) => text(place(s), 8, "end", name, { style: `fill:${ink}` }));
      const rows = words.map((word, i) => {
        const top = head + PITCH * i;
        const bars = series.map(({ at, colour }, s) => el("rect", { x: left, y: top + 4 + s * thick,
          width: Math.max(at(i) * room, 1), height: thick - 1, fill: colour, rx: 1.5 }));
        const numbers = series.map(({ at }, s) => text(place(s), top + PITCH / 2, "end", at(i).toFixed(digits)));
        return el("g", { class: "rl-figures" },
          text(left - 8, top + PITCH / 2, "end", shortened(word, 118), { class: "rl-word" }), ...bars, ...numbers);
      });
      svg.setAttribute("width", width);
      svg.setAttribute("height", head + 2 + PITCH * words.length);
      svg.replaceChildren(el("line", { x1: left, x2: left, y1: head, y2: head + PITCH * words.length,
        stroke: theme.line }), ...heads, ...rows);
    },
  };
}
