// The gradient on its way back through the layers, step by step or played.
import { columnOf, el, number, stage } from "./lab.js";
import { wordBars } from "./bars.js";
import { flowGraph, two } from "./flow_graph.js";
import { player } from "./player.js";

const SHOWN = 14; // weights

/**
 * What gradient_flow.py sends: how many words go in, the loss, the norm of the gradient of the logits, the layers.
 * @typedef {{ words: number, loss: number, logits: number, layers: import("./flow_graph.js").Flow[] }} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Press Play, or go step by step: first forward to the loss, then back. A click on a "
    + "layer shows what it hands back.");
  const data = model.get("data"); // plain words and numbers
  const { layers, loss, logits, words } = data;
  const count = layers.length;
  const end = 2 * count + 1;
  const steps = player(lab, "Step", { max: end, value: end, pause: 450, onInput: () => tell(),
    show: (s) => (s <= count ? `${s} forward` : s === count + 1 ? "loss" : `${s - count - 1} back`) });
  const [left, right] = [columnOf(3, 420), columnOf(2, 300)];
  lab.picture.append(el("div", { class: "rl-columns" }, left, right));
  left.append(el("div", { class: "rl-caption" }, "Numbers and widths: the norm of the gradient there (widths on a log "
    + "scale); bars: that of the layer’s weights"));
  const graph = flowGraph(left, data, (i) => steps.go(i === count ? count + 1 : end - i));
  const caption = el("div", { class: "rl-caption" });
  right.append(caption);
  const bars = wordBars(right, "The norms of the gradients of the weights, the greatest first");

  /** How many layers have computed and handed back, and which one the step is about. */
  function state() {
    const forward = Math.min(steps.value, count);
    const back = Math.max(0, steps.value - count - 1);
    const chosen = back ? count - back : steps.value > count ? count : Math.max(0, forward - 1);
    return { forward, back, chosen };
  }
  const n = (/** @type {number} */ x) => number(x, 3);
  /** @param {import("./flow_graph.js").Flow} flow @param {string} named */
  function handsBack({ arrives, leaves, branch, parameters }, named) {
    const way = leaves === null ? "Nothing lies before it: here it ends."
      : branch === null ? `It hands on ${n(leaves)}, ${n(leaves / arrives)} times as much.`
        : `Around the layer it passes whole; the way through adds ${n(branch)}, and together ${n(leaves)} go on.`;
    const most = parameters.reduce((best, one) => (one[1] > best[1] ? one : best), ["", 0]);
    const own = most[0] ? ` Of its own weights, ${most[0]} feels the loss most: ${n(most[1])}.` : "";
    return `Back: a gradient of ${n(arrives)} arrives at ${named}. ${way}${own}`;
  }
  function tell() {
    const { back, chosen } = state();
    const named = `layer ${layers[chosen]?.title.replace(" ", ", ")}`;
    if (!steps.value) lab.say(`${words} tokens are about to enter.`);
    else if (back) lab.say(handsBack(layers[chosen], named));
    else if (chosen < count) lab.say(`Forward: ${named}, computes, and keeps what its backward pass will need.`);
    else {
      lab.say(`The loss is ${n(loss)}. Here the gradient begins: the probabilities, less 1 at the right word, in each `
        + `position’s share; its norm is ${n(logits)}.`);
    }
  }

  lab.onDraw((theme) => {
    const now = state();
    graph.draw(theme, now);
    const reached = layers.slice(count - now.back).flatMap(({ title, parameters }) =>
      parameters.map(([name, norm]) => ({ name: `${title.split(" ")[0]}.${name}`, norm })));
    const shown = reached.sort((a, b) => b.norm - a.norm).slice(0, SHOWN);
    const rest = reached.length - shown.length;
    caption.textContent = shown.length
      ? `The norm of the gradient of each weight that it has reached${rest ? `; ${rest} smaller ones left out` : ""}`
      : "The weights stand here once the gradient has come back to them";
    bars.draw(theme, { words: shown.map(({ name }) => name), most: shown[0]?.norm || 1, written: two,
      wide: 210, series: [{ at: (i) => shown[i].norm, colour: theme.categories[5] }] });
  });
  lab.onData(() => {});
  return () => { steps.halt(); lab.close(); };
}

export default { render };
