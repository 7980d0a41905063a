// The vocabulary as a map, the neighbours of a word, and the similarity of chosen words, over training moments.
import { el, number, slider, stage, textBox } from "./lab.js";
import { wordBars } from "./bars.js";
import { cosine, neighbours } from "./cosine.js";
import { heatmap } from "./grid.js";
import { tokenize } from "./tokenizer.js";
import { wordMap } from "./word_map.js";

const NEAR = 5;

function render({ model, el: root }) {
  const lab = stage(model, root);
  let data = model.get("data");
  let [word, kept, frame] = [0, [], null];

  const find = textBox(lab, "Find", { onInput: (text) => {
    const i = data.words.indexOf(text.trim());
    if (i >= 0) word = i;
    lab.say(i >= 0 || !text.trim() ? "" : `“${text.trim()}” is not in the vocabulary.`);
  } });
  find.node.style.flex = "1 1 160px";
  const compare = textBox(lab, "Compare", { onInput: (text) => {
    const words = tokenize(text);
    const lost = words.filter((name) => !data.words.includes(name));
    kept = [...new Set(words.map((name) => data.words.indexOf(name)).filter((i) => i >= 0))];
    lab.say(lost.length ? `Not in the vocabulary: ${lost.map((name) => `“${name}”`).join(", ")}.` : "");
  } });
  compare.node.style.flex = "3 1 300px";
  const moment = slider(lab, "Moment", { max: 0, show: (m) => data.moments[m], onInput: () => lab.say("") });

  const [left, right, near, matrix] = [el("div"), el("div"), el("div"), el("div")];
  lab.picture.append(el("div", { class: "rl-columns" }, left, right));
  const captions = [left, right].map((side) => side.appendChild(el("div", { class: "rl-caption" })));
  const map = wordMap(left, "Map of words. Enter compares the word", go, take);
  const heading = el("div", { class: "rl-caption", style: "margin-top:12px" }, "Cosine of the words compared");
  right.append(near, heading, matrix);
  const bars = wordBars(near, "The nearest words and their cosines");
  const heat = heatmap(matrix, "Similarity of the words compared", (i, j) => tell(kept[i], kept[j]));

  function go(i) {
    word = i;
    lab.redraw();
    const [[j]] = neighbours(data.directions, moment.value, i, 1);
    tell(i, j, "Nearest: ");
  }
  function take(i) {
    kept = kept.includes(i) ? kept.filter((j) => j !== i) : [...kept, i];
    compare.value = kept.map((j) => data.words[j]).join(" ");
    go(i);
  }
  function tell(i, j, before = "") {
    const value = i === j ? 1 : cosine(data.directions, moment.value, i, j);
    lab.say(`${before}“${data.words[i]}” and “${data.words[j]}” have a cosine of ${number(value, 2)}.`);
  }
  /** The range of each component over all moments, so that the map stands still while words move. */
  function range(points) {
    const [low, high] = [[Infinity, Infinity], [-Infinity, -Infinity]];
    for (let k = 0; k < points.shape[0] * points.shape[1] * 2; k++) {
      low[k % 2] = Math.min(low[k % 2], points.flat(k));
      high[k % 2] = Math.max(high[k % 2], points.flat(k));
    }
    return { low, high };
  }

  lab.onData((next) => {
    data = next;
    kept = data.chosen;
    [word] = kept;
    compare.value = kept.map((i) => data.words[i]).join(" ");
    frame = range(data.points);
    moment.max = data.moments.length - 1;
    moment.value = data.moments.length - 1;
  });
  lab.onDraw((theme) => {
    const found = neighbours(data.directions, moment.value, word, NEAR);
    const at = (i) => [0, 1].map((axis) =>
      (data.points.at(moment.value, i, axis) - frame.low[axis]) / (frame.high[axis] - frame.low[axis] || 1));
    captions[0].textContent = `${data.words.length} words along two principal components`;
    const error = data.exact ? "" : " (± 0.01)"; // many moments travel as bytes
    captions[1].textContent = `Nearest to “${data.words[word]}”, by cosine${error}`;
    map.draw(theme, { words: data.words, at, chosen: word, near: found.map(([j]) => j), kept });
    bars.draw(theme, { words: found.map(([j]) => data.words[j]), signed: true,
      series: [{ at: (k) => found[k][1], colour: theme.accent }] });
    heading.hidden = matrix.hidden = kept.length === 0;
    if (matrix.hidden) return;
    const names = kept.map((i) => data.words[i]);
    const round = (x) => Math.round(100 * x) / 100;
    const value = (i, j) => (i === j ? 1 : round(cosine(data.directions, moment.value, kept[i], kept[j])));
    heat.draw(theme, { rows: names, columns: names, value, low: -1, high: 1, palette: "diverging" });
  });
  return lab.close;
}

export default { render };
