// One change to a model: the next word's distribution before and after, and the attention where it was changed.
import { columnOf, el, menu, number, share, slider, stage, textBox } from "./lab.js";
import { heatmaps } from "./grid.js";
import { wordBars } from "./bars.js";
import { alone, answering } from "./model/answering.js";
import { whatIfOf } from "./model/what_if_of.js";

const STEPS = 80; // of the score's slider, from -LIMIT to LIMIT
const LIMIT = 10;
const PULL = 12; // pixels of a drag for a score of 1

/** @typedef {import("./packing.js").Tensor} Tensor */
/** @typedef {import("./model/changes.js").Change} Change */

/** @typedef {"scores_before" | "scores_after" | "weights_before" | "weights_after"} Maps */
/**
 * What what_if.py sends: the layers, index and name, in which each kind of change can be made; the probabilities of the
 * next words before and after the change, and how much moved; and if it was made in an attention, the last one's scores
 * and weights.
 * @typedef {{ text: string, words: string[], change: Change, kinds: Record<string, string>,
 *   layers: Record<string, [index: number, name: string][]>, top: string[], before: Tensor, after: Tensor,
 *   moved: number } & ({ map_layer: number } & Record<Maps, Tensor> | { map_layer: null } & Record<Maps, null>)} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model: widget, el: root }) {
  const model = answering(widget, whatIfOf);
  const lab = stage(model, root, "Choose a change and where it is made. With “hide a word” or “set a score”, click a "
    + "cell of the map to choose it; a score can be dragged up and down there, too.");
  if (!alone(model)) lab.needsKernel();
  let data = model.get("data");
  let change = data.change;
  /** @type {Change & { text: string } | null} */
  let asked = null;

  const text = textBox(lab, "Text", { onEnter: () => ask({}) });
  const kind = menu(lab, "Change", data.kinds, () => ask({ kind: kind.value, layer: null, score: null }));
  const layer = slider(lab, "Layer", {
    max: 0,
    show: (v) => (v ? data.layers[kind.value]?.[v - 1]?.join(" ") ?? "" : "every one"),
    onInput: (v) => ask({ layer: v ? data.layers[change.kind][v - 1][0] : null }),
  });
  const word = (/** @type {number} */ v) => `“${data.words[v] ?? ""}”`;
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
  const choose = (/** @type {{ row: number, column: number }} */ { row: i, column: j }) => {
    if (change.kind === "hide") ask({ column: j });
    if (change.kind === "score") ask({ row: i, column: j, score: null });
  };
  let untried = true; // until a score is dragged, the cell that can be draws the eye
  for (const { node, place } of maps) {
    /** @type {{ y: number, score: number }?} */
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

  function ask(/** @type {Partial<Change>} */ difference) {
    change = { ...change, ...difference };
    asked = { text: text.value, ...change };
    show();
    lab.ask({ text: text.value, change });
  }
  /**
   * Whether data answer the last question; while a slider moves, older answers are still under way.
   * @param {Data} next
   */
  function isLast({ text: line, words, change: made }) {
    if (asked === null) return true;
    const within = (/** @type {number} */ place) => Math.min(place, words.length - 1);
    return line === asked.text && made.kind === asked.kind && made.layer === asked.layer && made.score === asked.score
      && made.row === within(asked.row) && made.column === within(asked.column);
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
    row.max = column.max = data.words.length - 1;
    [row.value, column.value] = [change.row, change.column];
    score.value = Math.round(((change.score ?? own()) / LIMIT + 1) * STEPS / 2);
    row.node.hidden = score.node.hidden = change.kind !== "score";
    column.node.hidden = !["hide", "score"].includes(change.kind);
  }
  function tell(/** @type {number} */ i, /** @type {number} */ j) {
    const shown = data;
    if (shown.map_layer === null) return;
    const pair = (/** @type {"score" | "weight"} */ name) => {
      const [before, after] = [shown[`${name}s_before`], shown[`${name}s_after`]].map((map) => number(map.at(i, j), 3));
      return before === after ? `${name} ${after}` : `${name} ${before}, now ${after}`;
    };
    lab.say(`“${shown.words[i]}” looking at “${shown.words[j]}”: ${pair("score")}; ${pair("weight")}.`);
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
    const shown = data;
    right.hidden = shown.map_layer === null;
    /** @type {import("./bars.js").Bars[]} */
    const series = [
      { name: "before", at: (i) => shown.before.at(i), colour: theme.before, ink: theme.muted },
      { name: "after", at: (i) => shown.after.at(i), colour: theme.accent, ink: theme.accent },
    ];
    bars.draw(theme, { words: shown.top, series });
    if (shown.map_layer === null) return;
    maps.forEach((map, k) => {
      map.node.classList.toggle("rl-pick", change.kind === "hide");
      map.node.classList.toggle("rl-upright", change.kind === "score");
      map.node.classList.toggle("rl-untried", untried && change.kind === "score");
      const when = k ? "after" : "before";
      const [scores, weights] = [shown[`scores_${when}`], shown[`weights_${when}`]];
      captions[k].textContent = `Attention in layer ${shown.map_layer}, ${when}`;
      Object.assign(map.place, { row: change.row, column: change.column });
      map.draw(theme, { rows: shown.words, columns: shown.words, value: weights.at, low: 0, high: 1, written: share,
        hidden: (i, j) => scores.at(i, j) === -Infinity, axes: ["looks", "is looked at"], unseen: "hidden" });
    });
  });
  return lab.close;
}

export default { render };
