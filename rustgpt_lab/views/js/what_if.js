// One change to a model: the next word's distribution before and after, and the attention where it was changed.
import { el, menu, number, slider, stage, textBox } from "./lab.js";
import { heatmap } from "./grid.js";
import { wordBars } from "./bars.js";

const STEPS = 80; // of the score's slider, from -LIMIT to LIMIT
const LIMIT = 10;

function render({ model, el: root }) {
  const lab = stage(model, root);
  lab.needsKernel();
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

  const [left, right] = [el("div"), el("div")];
  lab.picture.append(el("div", { class: "rl-columns" }, left, right));
  const bars = wordBars(left, "The probabilities of the next word, before and after the change");
  const caption = el("div", { class: "rl-caption" });
  right.append(caption);
  const map = heatmap(right, "Attention weights after the change; Enter chooses the cell", tell);
  const choose = () => {
    if (change.kind === "hide") ask({ column: map.place.column });
    if (change.kind === "score") ask({ row: map.place.row, column: map.place.column, score: null });
  };
  map.node.addEventListener("click", choose);
  map.node.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(); });

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
    const own = data.scores_before?.at(change.row, change.column) ?? 0;
    score.value = Math.round(((change.score ?? own) / LIMIT + 1) * STEPS / 2);
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
    caption.textContent = `Attention in layer ${data.map_layer}, after the change`;
    Object.assign(map.place, { row: change.row, column: change.column });
    const hidden = (i, j) => data.scores_after.at(i, j) === -Infinity;
    map.draw(theme, { rows: data.words, columns: data.words, value: data.weights_after.at, low: 0, high: 1, hidden });
  });
  return lab.close;
}

export default { render };
