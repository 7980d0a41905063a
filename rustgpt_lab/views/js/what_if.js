// One change to a model: the next word's distribution before and after, and the attention where it was changed.
import { columnOf, el, menu, number, share, slider, stage, textBox } from "./lab.js";
import { heatmaps } from "./grid.js";
import { wordBars } from "./bars.js";
import { alone, answering } from "./model/answering.js";
import { whatIfOf } from "./model/what_if_of.js";

const STEPS = 80; // of the score's slider, from -LIMIT to LIMIT
const LIMIT = 10;
const PULL = 12; // pixels of a drag for a score of 1

function render({ model: widget, el: root }) {
  const model = answering(widget, whatIfOf);
  const lab = stage(model, root, "Choose a change and where it is made. With “hide a word” or “set a score”, click a "
    + "cell of the map to choose it; a score can be dragged up and down there, too.");
  if (!alone(model)) lab.needsKernel();
  let data = model.get("data");
  let change = data.change;
  let asked = null;

  const text = textBox(lab, "Text", { onEnter: () => ask({}) });
  const kind = menu(lab, "Change", data.kinds, () => ask({ kind: kind.value, layer: null, score: null }));
  const layer = slider(lab, "Layer", {
    max: 0,
    show: (v) => (v ? data.layers[kind.value]?.[v - 1]?.join(" ") : "every one"),
    onInput: (v) => ask({ layer: v ? data.layers[change.kind][v - 1][0] : null }),
  });
  const word = (v) => `“${data.words[v] ?? ""}”`;
  const row = slider(lab, "Word that looks", { max: 0, show: word, onInput: (v) => ask({ row: v }) });
  const column = slider(lab, "Word looked at", { max: 0, show: word, onInput: (v) => ask({ column: v }) });
  const score = slider(lab, "Score", {
    max: STEPS,
    show: () => (change.score === null ? "as it is" : number(change.score)),
    onInput: (v) => ask({ score: LIMIT * (2 * v / STEPS - 1) }),
  });

  const [left, right] = [columnOf(1, 280), columnOf(3, 560)];
  right.classList.add("rl-columns");
  lab.picture.append(el("div", { class: "rl-columns" }, left, right));
  left.append(el("div", { class: "rl-caption" }, "Probability of the next word, sorted by what is now true; what goes "
    + "over to other words is the sum of all losses"));
  const bars = wordBars(left, "The probabilities of the next word, before and after the change");
  const captions = [0, 1].map(() => el("div", { class: "rl-caption" }));
  const maps = heatmaps(["before", "after"].map((when, k) => {
    const node = columnOf(1, 260, captions[k]);
    right.append(node);
    return [node, `Attention weights ${when} the change; Enter chooses the cell`];
  }), tell);
  const choose = ({ row: i, column: j }) => {
    if (change.kind === "hide") ask({ column: j });
    if (change.kind === "score") ask({ row: i, column: j, score: null });
  };
  let untried = true; // until a score is dragged, the cell that can be draws the eye
  for (const { node, place } of maps) {
    let start = null; // of a drag: the pointer's height, and the score there
    node.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(place); });
    node.addEventListener("pointerdown", (event) => {
      choose(place);
      if (change.kind !== "score") return;
      node.setPointerCapture(event.pointerId);
      start = { y: event.clientY, score: own() };
      untried = false;
    });
    node.addEventListener("pointermove", (event) => {
      if (!start) return;
      event.stopPropagation(); // the cell stays chosen while its score is dragged
      const dragged = start.score + (start.y - event.clientY) / PULL;
      ask({ score: Math.max(-LIMIT, Math.min(LIMIT, Math.round(4 * dragged) / 4)) });
    }, true);
    for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => { start = null; });
  }

  function ask(difference) {
    change = { ...change, ...difference };
    asked = { text: text.value, ...change };
    show();
    lab.ask({ text: text.value, change });
  }
  /** Whether the data answer the last question; while a slider moves, older answers are still under way. */
  function isLast(next) {
    const last = next.words.length - 1;
    return asked === null || (next.text === asked.text
      && ["kind", "layer", "score"].every((name) => next.change[name] === asked[name])
      && ["row", "column"].every((name) => next.change[name] === Math.min(asked[name], last)));
  }
  /** The chosen cell's score without the change; what the mask hides has none, and counts as 0. */
  function own() {
    const found = data.scores_before?.at(change.row, change.column) ?? 0;
    return Number.isFinite(found) ? found : 0;
  }
  /** Bring the controls in line with `change`. */
  function show() {
    kind.value = change.kind;
    const places = data.layers[change.kind];
    layer.max = places.length;
    layer.value = 1 + places.findIndex(([index]) => index === change.layer);
    for (const [control, at] of [[row, change.row], [column, change.column]]) {
      control.max = data.words.length - 1;
      control.value = at;
    }
    score.value = Math.round(((change.score ?? own()) / LIMIT + 1) * STEPS / 2);
    row.node.hidden = score.node.hidden = change.kind !== "score";
    column.node.hidden = !["hide", "score"].includes(change.kind);
  }
  function tell(i, j) {
    const pair = (name) => {
      const [before, after] = [`${name}s_before`, `${name}s_after`].map((key) => number(data[key].at(i, j), 3));
      return before === after ? `${name} ${after}` : `${name} ${before}, now ${after}`;
    };
    lab.say(`“${data.words[i]}” looking at “${data.words[j]}”: ${pair("score")}; ${pair("weight")}.`);
  }

  lab.onData((next) => {
    data = next;
    if (!isLast(next)) return;
    asked = null;
    change = data.change;
    text.value = data.text;
    show();
  });
  lab.onDraw((theme) => {
    right.hidden = data.map_layer === null;
    const series = [
      { name: "before", at: (i) => data.before.at(i), colour: theme.before, ink: theme.muted },
      { name: "after", at: (i) => data.after.at(i), colour: theme.accent, ink: theme.accent },
    ];
    bars.draw(theme, { words: data.top, series });
    if (right.hidden) return;
    maps.forEach((map, k) => {
      map.node.classList.toggle("rl-pick", change.kind === "hide");
      map.node.classList.toggle("rl-upright", change.kind === "score");
      map.node.classList.toggle("rl-untried", untried && change.kind === "score");
      const when = ["before", "after"][k];
      const [scores, weights] = [data[`scores_${when}`], data[`weights_${when}`]];
      captions[k].textContent = `Attention in layer ${data.map_layer}, ${when}`;
      Object.assign(map.place, { row: change.row, column: change.column });
      map.draw(theme, { rows: data.words, columns: data.words, value: weights.at, low: 0, high: 1, written: share,
        hidden: (i, j) => scores.at(i, j) === -Infinity, axes: ["looks", "is looked at"], unseen: "hidden" });
    });
  });
  return lab.close;
}

export default { render };
