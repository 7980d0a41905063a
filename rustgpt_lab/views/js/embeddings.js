// The vocabulary as a map, the neighbours of a word, the similarity of chosen words, over the snapshots of a training.
import { choice, el, number, slider, stage, textBox } from "./lab.js";
import { wordBars } from "./bars.js";
import { cosine, neighbours } from "./cosine.js";
import { heatmap } from "./grid.js";
import { tokenize } from "./tokenizer.js";
import { wordMap } from "./word_map.js";

const NEAR = 5;

/**
 * What embeddings.py sends: words, `of` so many in the vocabulary; the ids of those compared; for each snapshot the
 * place of each word on the map, (M, V, 2), and its direction, (M, V, d), of length 1; the cosine from which on words
 * are alike; and whether the directions are exact.
 * @typedef {{ words: string[], of: number, chosen: number[], snapshots: string[], share: number, exact: boolean,
 *   alike: number } & Record<"points" | "directions", import("./packing.js").Tensor>} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Point at a word, or move by the arrow keys, to see its neighbours; a click, or "
    + "Enter, puts it among the words compared.");
  let data = model.get("data");
  const part = data.of > data.words.length; // of a large vocabulary; the kernel, if there is one, has the others
  const known = part ? "among the words shown" : "in the vocabulary";
  const more = part && !model.get("unasked");
  if (more) lab.needsKernel();
  let word = 0;
  /** @type {number[]} */
  let kept = [];
  let grouped = { key: "", of: /** @type {number[]} */ ([]) };

  /** A word's place among the pieces: byte pairs know most words with the space before them. @param {string} name */
  const placeOf = (name) => Math.max(data.words.indexOf(name), data.words.indexOf(`␣${name}`));
  const find = textBox(lab, "Find", { onInput: (text) => {
    const i = placeOf(text.trim());
    if (i >= 0) word = i;
    if (i >= 0 || !text.trim()) tellNearest();
    else lab.say(`“${text.trim()}” is not ${more ? "shown: compare it, and press Enter" : known}.`);
  } });
  find.node.classList.add("rl-short");
  const compare = textBox(lab, "Compare", { onInput: (text) => {
    const words = tokenize(text);
    const lost = words.filter((name) => placeOf(name) < 0);
    kept = [...new Set(words.map(placeOf).filter((i) => i >= 0))];
    if (lost.length && more) lab.say("Press Enter: these words and those nearest to them are looked for.");
    else if (lost.length) lab.say(`Not ${known}: ${lost.map((name) => `“${name}”`).join(", ")}.`);
    else tellNearest();
  }, send: "Look for them", onEnter: more ? (text) => lab.ask(text.replaceAll("␣", " ")) : undefined });
  compare.node.classList.add("rl-rest");
  const moment = slider(lab, "Moment", { max: 0, show: (m) => data.snapshots[m], onInput: () => tellNearest() });
  const zoom = choice(lab, "Frame", { near: "Around the words compared", all: "All words" });

  const [left, right, near, matrix] = [el("div"), el("div"), el("div"), el("div")];
  lab.picture.append(el("div", { class: "rl-columns" }, left, right));
  const captions = [left, right].map((side) => side.appendChild(el("div", { class: "rl-caption" })));
  const map = wordMap(left, "Map of words. Enter compares the word", go, take);
  const heading = el("div", { class: "rl-caption rl-apart" }, "Cosine of the words compared");
  right.append(near, heading, matrix);
  const bars = wordBars(near, "The nearest words and their cosines");
  const heat = heatmap(matrix, "Similarity of the words compared", (i, j) => tell(kept[i], kept[j]));

  function go(/** @type {number} */ i) {
    word = i;
    lab.redraw();
    tellNearest();
  }
  function tellNearest() {
    const [[j]] = neighbours(data.directions, moment.value, word, 1);
    tell(word, j, "Nearest: ");
  }
  function take(/** @type {number} */ i) {
    kept = kept.includes(i) ? kept.filter((j) => j !== i) : [...kept, i];
    compare.value = kept.map((j) => data.words[j]).join(" ");
    go(i);
  }
  function tell(/** @type {number} */ i, /** @type {number} */ j, before = "") {
    const value = i === j ? 1 : cosine(data.directions, moment.value, i, j);
    lab.say(`${before}“${data.words[i]}” and “${data.words[j]}” have a cosine of ${number(value, 2)}.`);
  }
  /**
   * The range of each component over all snapshots, of some words, so that the map stands still while words move.
   * @param {number[]} words
   */
  function range(words) {
    const [low, high] = [[Infinity, Infinity], [-Infinity, -Infinity]];
    for (let m = 0; m < data.points.shape[0]; m++) {
      words.forEach((i) => [0, 1].forEach((axis) => {
        low[axis] = Math.min(low[axis], data.points.at(m, i, axis));
        high[axis] = Math.max(high[axis], data.points.at(m, i, axis));
      }));
    }
    return { low, high };
  }
  /** What the map frames: all words, or those compared, with a margin. */
  function frame() {
    const all = range(data.words.map((_, i) => i));
    if (zoom.value === "all" || kept.length < 2) return all;
    const { low, high } = range(kept);
    const margin = [0, 1].map((axis) => 0.12 * (high[axis] - low[axis] || all.high[axis] - all.low[axis]));
    return { low: low.map((x, axis) => x - margin[axis]), high: high.map((x, axis) => x + margin[axis]) };
  }
  /** For every word the place in `kept` of the one it is most like, or -1; only the first of them have a colour. */
  function groups() {
    const key = JSON.stringify([moment.value, kept]);
    if (grouped.key !== key) {
      const leaders = kept.slice(0, lab.theme.categories.length);
      grouped = { key, of: data.words.map((_, i) => leaders.reduce(([best, most], j, k) => {
        const c = i === j ? 1 : cosine(data.directions, moment.value, i, j);
        return c >= data.alike && c > most ? [k, c] : [best, most];
      }, [-1, -1])[0]) };
    }
    return grouped.of;
  }

  lab.onData((next) => {
    data = next;
    kept = data.chosen;
    [word] = kept;
    compare.value = kept.map((i) => data.words[i]).join(" ");
    grouped = { key: "", of: [] };
    moment.max = data.snapshots.length - 1;
    moment.value = data.snapshots.length - 1;
  });
  lab.onDraw((theme) => {
    const found = neighbours(data.directions, moment.value, word, NEAR);
    const written = (/** @type {number} */ x) => x.toFixed(2).replace("-", "−");
    const { low, high } = frame();
    const at = (/** @type {number} */ i) => [0, 1].map((axis) =>
      (data.points.at(moment.value, i, axis) - low[axis]) / (high[axis] - low[axis] || 1));
    const group = groups();
    const colour = (/** @type {number} */ i) => (group[i] < 0 ? theme.line : theme.categories[group[i]]);
    const error = data.exact ? "" : " (± 0.01)"; // many snapshots travel as bytes
    captions[1].textContent = `Nearest to “${data.words[word]}”, by cosine${error}`;
    const { outside, unnamed } = map.draw(theme, { words: data.words, at, colour, chosen: word,
      near: found.map(([j]) => j), kept });
    const of = part ? ` of ${data.of}` : "";
    captions[0].textContent = `${data.words.length}${of} words along two principal components; a colour is the `
      + `compared word that a word is most like${outside ? `; ${outside} lie outside` : ""}`
      + `${unnamed ? `; for ${unnamed} names there is no room` : ""}`;
    bars.draw(theme, { words: found.map(([j]) => data.words[j]), written,
      series: [{ at: (k) => found[k][1], colour: theme.accent }] });
    heading.hidden = matrix.hidden = kept.length === 0;
    if (matrix.hidden) return;
    const names = kept.map((i) => data.words[i]);
    const round = (/** @type {number} */ x) => Math.round(100 * x) / 100;
    /** @type {(i: number, j: number) => number} */
    const value = (i, j) => (i === j ? 1 : round(cosine(data.directions, moment.value, kept[i], kept[j])));
    heat.draw(theme, { rows: names, columns: names, value, low: -1, high: 1, written, palette: "diverging" });
  });
  return lab.close;
}

export default { render };
