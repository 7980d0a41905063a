// Two models side by side: their answers, their attention, their norms.
import { el, number, share } from "./lab.js";
import { heatmaps } from "./grid.js";

const NORMS = 8; // rows

/**
 * What compared.py found: for two models what each answers, and how both look, where they do that most differently; and
 * for every parameter the norms of the one, of the other, and of their difference.
 * @typedef {{ labels: string[], answers: string[], words: string[], layer: number, head: number, hides: boolean[],
 *   names: string[], sentence: string, weights: import("./packing.js").Tensor,
 *   norms: import("./packing.js").Tensor }} Comparison
 */

/** `draw(theme, data)` shows what was found, or nothing without data. @param {HTMLElement} parent */
export function comparison(parent) {
  const answers = el("div", { class: "rl-columns" });
  const maps = el("div", { class: "rl-columns" });
  const norms = el("table", { class: "rl-figures rl-list rl-apart" });
  const whole = el("div", { hidden: true, class: "rl-below" },
    answers, maps, norms);
  parent.append(whole);
  const captions = [0, 1].map(() => el("div", { class: "rl-caption" }));
  const pair = heatmaps(captions.map((head, k) => {
    const node = el("div", {}, head);
    maps.append(node);
    return [node, `Attention weights of the ${k ? "second" : "first"} model`];
  }), () => {});
  norms.numbers = () => [...norms.rows].map((row) => [...row.cells].map((cell) => cell.textContent ?? ""));
  return {
    /** @param {import("./lab.js").Theme} theme @param {Comparison?} [data] */
    draw(theme, data) {
      whole.hidden = !data;
      if (!data) return;
      const { labels, words, weights } = data;
      answers.replaceChildren(...labels.map((label, k) => el("div", {},
        el("div", { class: "rl-caption rl-close" }, `“${label}” answers`),
        el("div", { class: "rl-told" }, data.answers[k] || "nothing"))));
      maps.hidden = !words.length;
      if (words.length) {
        pair.forEach((map, k) => {
          captions[k].textContent = `Where “${labels[k]}” looks, in layer ${data.layer}, head ${data.head}, where the `
            + "two differ most";
          map.draw(theme, { rows: words, columns: words, value: (i, j) => weights.at(k, i, j), low: 0, high: 1,
            hidden: (i, j) => data.hides[k] && j > i, written: share, axes: ["looks", "is looked at"],
            unseen: "hidden by the mask" });
        });
      }
      const rows = data.names.slice(0, NORMS).map((name, i) => [name, ...[0, 1, 2].map((c) =>
        number(data.norms.at(i, c), 3))]);
      const left = data.names.length - rows.length;
      norms.replaceChildren(
        el("caption", { class: "rl-caption" },
          `Lengths of the weights, the most different first${left > 0 ? `; ${left} more are left out` : ""}`),
        el("thead", {}, el("tr", {}, ...["weights", ...labels, "difference"].map((text) => el("th", {}, text)))),
        el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((text) => el("td", {}, text))))));
    },
  };
}
