// Letters grow together: the most frequent pair of neighbours becomes one piece, again and again.
import { columnOf, el, stage, textBox } from "./lab.js";
import { wordBars } from "./bars.js";
import { lineChart } from "./chart.js";
import { merging } from "./pairs.js";
import { player } from "./player.js";
import { tokenize } from "./tokenizer.js";

const SHOWN = 8; // pairs

/** A text, and how many merges there are at most. @typedef {{ text: string, most: number }} Data */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Press Next to merge the pair that is framed, or Play; type a text of your own: it is "
    + "cut anew while you type.");
  const data = model.get("data"); // plain words and numbers
  /** @type {ReturnType<typeof merging>} */
  let steps = [];
  const text = textBox(lab, "Text", { value: data.text, onInput: () => begin() });
  const merges = player(lab, "Merges", { max: 0, pause: 700, show: String, onInput: () => tell() });
  const pieces = el("ol", { class: "rl-pieces", dir: "auto", "aria-label": "The words of the text, in pieces" });
  const [left, middle, right] = [300, 300, 300].map((basis) => columnOf(1, basis));
  const caption = el("div", { class: "rl-caption" });
  left.append(caption);
  const bars = wordBars(left, "The most frequent pairs of neighbours, and how often they occur");
  const list = el("ol", { class: "rl-tokens", "aria-label": "What was merged, in its order" });
  const grown = el("div", { class: "rl-caption" });
  middle.append(grown, list);
  right.append(el("div", { class: "rl-caption" }, "Pieces of the text after each merge"));
  const chart = lineChart(right, "How many pieces the text has after each merge", (i) => { merges.go(i); });
  lab.picture.append(pieces, el("div", { class: "rl-columns rl-apart" }, left, middle, right));

  const size = (/** @type {{ words: string[][] }} */ { words }) => words.flat().length;
  const count = (/** @type {number} */ n, /** @type {string} */ noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
  const upcoming = () => (merges.value < steps.length - 1 ? steps[merges.value].pairs[0] : null);
  function begin() {
    steps = merging(tokenize(text.value), data.most);
    merges.max = steps.length - 1;
    merges.value = 0;
    tell();
  }
  function tell() {
    const step = steps[merges.value];
    const next = upcoming();
    const [pair] = step.pairs;
    const end = pair && pair[2] > 1 ? "here the picture stops." : "no pair occurs twice: done.";
    const so = next ? `the most frequent pair is “${next[0]}” and “${next[1]}”, ${next[2]} times: merged next.` : end;
    const sizes = `${count(size(step), "piece")} for ${count(size(steps[0]), "letter")}`;
    lab.say(`${count(merges.value, "merge")}, ${sizes}; ${so}`);
  }
  /**
   * A word in its pieces: those that will be merged next are framed, the one that was merged last is marked.
   * @param {string[]} parts @param {import("./pairs.js").Pair?} next @param {string} [last]
   */
  function word(parts, next, last) {
    const piece = (/** @type {string} */ part) =>
      el("span", { class: `rl-piece ${part === last ? "rl-joined" : ""}` }, part);
    const nodes = [];
    for (let i = 0; i < parts.length; i++) {
      const framed = next && parts[i] === next[0] && parts[i + 1] === next[1];
      nodes.push(framed ? el("span", { class: "rl-pair" }, piece(parts[i]), piece(parts[i + 1])) : piece(parts[i]));
      if (framed) i += 1;
    }
    return el("li", {}, ...nodes);
  }

  begin();
  lab.onData(() => {});
  lab.onDraw((theme) => {
    const { words, pairs } = steps[merges.value];
    const done = steps.slice(0, merges.value).map((step) => step.pairs[0]);
    const last = done.at(-1)?.slice(0, 2).join("");
    const shown = pairs.slice(0, SHOWN);
    pieces.replaceChildren(...words.map((parts) => word(parts, upcoming(), last)));
    const rest = pairs.length - shown.length;
    caption.textContent = `How often two pieces stand side by side${rest ? `; ${rest} rarer pairs are left out` : ""}`;
    bars.draw(theme, { words: shown.map(([a, b]) => `${a} + ${b}`), most: shown[0]?.[2], written: String,
      series: [{ at: (i) => shown[i][2], colour: theme.accent }] });
    grown.textContent = done.length ? "Merged so far: these are the new pieces"
      : "Nothing is merged yet: new pieces will stand here, in their order";
    list.replaceChildren(...done.map(([a, b, n], i) => el("li",
      { class: i === done.length - 1 ? "rl-token rl-newest" : "rl-token" }, el("span", {}, a + b),
    el("small", {}, `${a} + ${b}: ${n}`))));
    const sizes = steps.map(size);
    chart.draw(theme, { series: [{ name: "pieces", steps: [...sizes.keys()], values: sizes, colour: theme.accent }],
      low: 0, high: Math.max(1, ...sizes), at: merges.value, tall: 170, unit: "merges" });
  });
  return () => { merges.halt(); lab.close(); };
}

export default { render };
