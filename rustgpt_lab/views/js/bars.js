// A bar for each word, or several, such as before and after. A word that was there before slides to its new place.
import { el, number, share } from "./lab.js";
import { shortened, widest } from "./grid.js";

const PITCH = 32; // from word to word, in pixels
const NUMBER = 56; // the width of a column of numbers

/**
 * `draw(theme, { words, series: [{ name, at(i), colour, ink }, ...], most, written(x), wide, faint(i) })`: values from
 * 0 to `most`, 1 by default, the colour of the bars, and that of the name; a series without a name has no heading;
 * words get `wide` pixels at most. A word that is `faint(i)` stands back. `frame` is where the bars are, in pixels.
 */
export function wordBars(parent, label) {
  const svg = el("svg", { role: "img", "aria-label": label });
  parent.append(svg);
  let rows = new Map(); // word, and how often it came before -> its group, which stays as long as that is shown
  let spec = { words: [], series: [] };
  let frame = { left: 0, room: 1, top: 0, pitch: PITCH };
  svg.numbers = () => [["", ...spec.series.map(({ name }) => name ?? "")],
    ...spec.words.map((word, i) => [word, ...spec.series.map(({ at }) => at(i))])];

  function row(count) {
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
    draw(theme, next) {
      spec = next;
      const { words, series, most = 1, written = share, wide = 140, faint = () => false } = spec;
      const head = series[0].name ? 22 : 0;
      const left = widest(words, wide) + 8;
      const width = Math.max(parent.clientWidth, 240);
      const room = Math.max(width - left - NUMBER * series.length - 4, 20);
      frame = { left, room, top: head, pitch: PITCH };
      const thick = (PITCH - 8) / series.length;
      const place = (s) => left + room + 4 + NUMBER * (s + 1);
      const kept = new Map();
      words.forEach((word, i) => {
        const key = JSON.stringify([word, words.slice(0, i).filter((other) => other === word).length]);
        const old = rows.get(key);
        const fits = old?.bars.length === series.length;
        if (old && !fits) old.node.remove();
        const { node, name, bars, numbers, full } = kept.set(key, fits ? old : row(series.length)).get(key);
        node.style.transform = `translateY(${head + PITCH * i}px)`;
        node.classList.toggle("rl-faint", faint(i));
        const said = series.map(({ name: of = "", at }) => `${of} ${number(at(i), 3)}`.trim()).join(", ");
        full.textContent = `${word}: ${said}`;
        name.textContent = shortened(word, wide - 2);
        name.setAttribute("x", left - 8);
        name.setAttribute("y", PITCH / 2);
        series.forEach(({ at, colour }, s) => {
          const look = { x: left, y: 4 + s * thick, height: thick - 1, fill: colour };
          for (const [attribute, value] of Object.entries(look)) bars[s].setAttribute(attribute, value);
          bars[s].style.width = `${Math.max(at(i) / most * room, 1)}px`;
          numbers[s].setAttribute("x", place(s));
          numbers[s].setAttribute("y", PITCH / 2);
          numbers[s].textContent = written(at(i));
        });
      });
      for (const [key, { node }] of rows) if (!kept.has(key)) node.remove();
      rows = kept;
      svg.setAttribute("width", width);
      svg.setAttribute("height", head + 2 + PITCH * words.length);
      svg.querySelectorAll(":scope > :not(g)").forEach((node) => node.remove());
      const heads = series.map(({ name = "", ink }, s) => el("text", { x: place(s), y: 9, "text-anchor": "end",
        "dominant-baseline": "central", style: `fill:${ink}` }, name));
      svg.prepend(el("line", { x1: left, x2: left, y1: head, y2: head + PITCH * words.length, stroke: theme.line }),
        ...heads);
      svg.append(...[...kept.values()].map(({ node }) => node).filter((node) => !node.parentNode));
    },
  };
}
