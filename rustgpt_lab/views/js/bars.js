// A bar for each word, or several, such as before and after. A word that was there before slides to its new place.
import { el, number, put, share, widthOf } from "./lab.js";
import { shortened, widest } from "./grid.js";

const PITCH = 32; // from word to word, in pixels
const NUMBER = 56; // the width of a column of numbers
const LONGEST = 760; // bar: behind a longer one the eye would lose its number

/** @typedef {import("./lab.js").Theme} Theme */

/** @typedef {{ name?: string, at: (i: number) => number, colour: string, ink?: string }} Bars */
/**
 * @typedef {{ words: string[], series: Bars[], most?: number, written?: (x: number) => string, wide?: number,
 *   faint?: (i: number) => boolean }} WordBars
 */

/**
 * `draw(theme, bars)`: values from 0 to `most`, 1 by default, the colour of the bars, and the `ink` of the name; a
 * series without a name has no heading; words get `wide` pixels at most. A word that is `faint(i)` stands back. `frame`
 * is where the bars are, in pixels.
 * @param {HTMLElement} parent @param {string} label
 */
export function wordBars(parent, label) {
  const svg = el("svg", { role: "img", "aria-label": label });
  const axis = el("line");
  svg.append(axis);
  parent.append(svg);
  /** @type {SVGTextElement[]} */
  let heads = [];
  /** @type {Map<string, ReturnType<typeof row>>} */
  let rows = new Map(); // word, and how often it came before -> its group, which stays as long as that is shown
  /** @type {WordBars} */
  let spec = { words: [], series: [] };
  let frame = { left: 0, room: 1, top: 0, pitch: PITCH };
  svg.numbers = () => [["", ...spec.series.map(({ name }) => name ?? "")],
    ...spec.words.map((word, i) => [word, ...spec.series.map(({ at }) => at(i))])];

  function row(/** @type {number} */ count) {
    const bars = Array.from({ length: count }, () => el("rect", { rx: 1.5 }));
    const numbers = bars.map(() => el("text", { "text-anchor": "end", "dominant-baseline": "central" }));
    const name = el("text", { class: "rl-word", "text-anchor": "end", "dominant-baseline": "central" });
    const full = el("title");
    const node = el("g", { class: "rl-figures rl-slides" }, full, name, ...bars, ...numbers);
    return { node, name, bars, numbers, full };
  }
  return {
    node: svg,
    get frame() { return frame; },
    draw(/** @type {Theme} */ theme, /** @type {WordBars} */ next) {
      spec = next;
      const { words, series, most = 1, written = share, wide = 140, faint = () => false } = spec;
      const head = series[0].name ? 22 : 0;
      const left = widest(words, wide) + 8;
      const width = Math.max(widthOf(parent), 240);
      const room = Math.min(Math.max(width - left - NUMBER * series.length - 4, 20), LONGEST);
      frame = { left, room, top: head, pitch: PITCH };
      const thick = (PITCH - 8) / series.length;
      const place = (/** @type {number} */ s) => left + room + 4 + NUMBER * (s + 1);
      /** @type {typeof rows} */
      const kept = new Map();
      words.forEach((word, i) => {
        const key = JSON.stringify([word, words.slice(0, i).filter((other) => other === word).length]);
        const old = rows.get(key);
        const fitting = old?.bars.length === series.length ? old : row(series.length);
        if (old !== fitting) old?.node.remove();
        kept.set(key, fitting);
        const { node, name, bars, numbers, full } = fitting;
        put(node, { transform: `translate(0 ${head + PITCH * i})` });
        node.classList.toggle("rl-faint", faint(i));
        const said = series.map(({ name: of = "", at }) => `${of} ${number(at(i), 3)}`.trim()).join(", ");
        put(full, {}, `${word}: ${said}`);
        put(name, { x: left - 8, y: PITCH / 2 }, shortened(word, wide - 2));
        series.forEach(({ at, colour }, s) => {
          const long = Math.max(at(i) / most * room, 1);
          put(bars[s], { x: left, y: 4 + s * thick, width: long, height: thick - 1, fill: colour });
          put(numbers[s], { x: place(s), y: PITCH / 2 }, written(at(i)));
        });
      });
      for (const [key, { node }] of rows) if (!kept.has(key)) node.remove();
      rows = kept;
      put(svg, { width, height: head + 2 + PITCH * words.length });
      put(axis, { x1: left, x2: left, y1: head, y2: head + PITCH * words.length, stroke: theme.line });
      if (heads.length !== series.length) {
        heads.forEach((node) => node.remove());
        heads = series.map(() => el("text",
          { class: "rl-inked", y: 9, "text-anchor": "end", "dominant-baseline": "central" }));
        axis.after(...heads);
      }
      series.forEach(({ name = "", ink = "" }, s) => put(heads[s], { x: place(s), color: ink }, name));
      svg.append(...[...kept.values()].map(({ node }) => node).filter((node) => !node.parentNode));
    },
  };
}
