// Four words by hand: their queries, keys and values are arrows in a plane, and attention follows the drag.
import { button, choice, columnOf, el, number, share, stage, toggle, widthOf } from "./lab.js";
import { heatmaps, tallest } from "./grid.js";
import { attend } from "./four.js";
import { arrow, nameAt, plane } from "./plane.js";

const MAPS = [
  ["q · k", "The dot product of each query with each key"],
  ["÷ √d: the scores", "The scores: the dot products divided by the root of d"],
  ["what may be seen", "The scores that are left behind the mask"],
  ["softmax: the weights", "The attention weights: the softmax of each row"],
];
const tenths = (/** @type {number} */ x) => x.toFixed(1).replace(/^-0\.0$/, "0.0").replace("-", "−");
const AXES = ["looks", "is looked at"];

/**
 * What four_words.py sends: two numbers for each query, key and value; the row and column to begin with; how far the
 * planes reach from 0; and the words' places among the colours.
 * @typedef {{ words: string[], masked: boolean, opening: number[], reach: number, colours: number[] } &
 *   Record<"q" | "k" | "v", number[][]>} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Drag the tip of an arrow, or give it the focus and use the arrow keys. Choose the "
    + "word that looks; point at a cell to see where its number comes from.");
  const data = model.get("data"); // plain numbers
  const { words, reach } = data;
  const copy = (/** @type {number[][]} */ places) => places.map((at) => [...at]);
  const copied = () => ({ q: copy(data.q), k: copy(data.k), v: copy(data.v) });
  let vectors = copied();
  let [row, column] = data.opening;
  const who = choice(lab, "The word that looks", Object.fromEntries(words.entries()), (i) => look(Number(i), column));
  const mask = toggle(lab, "Mask: no word sees a later one", data.masked, () => tell());
  button(lab, "As it was", () => { vectors = copied(); mask.value = data.masked; lab.redraw(); tell(); });

  const half = (/** @type {string} */ caption) => columnOf(1, 340, el("div", { class: "rl-caption" }, caption));
  const [left, right] = [half("Queries (rings) and keys (dots): do they agree?"),
    half("Values: their shares, end to end, are the mix")];
  const below = el("div", { class: "rl-columns rl-apart rl-near" });
  lab.picture.append(el("div", { class: "rl-columns" }, left, right), below);

  /** @type {(kinds: ("q" | "k" | "v")[]) => (i: number, at: number[]) => void} */
  const moved = (kinds) => (i, at) => {
    const [kind, word] = [kinds[Math.floor(i / words.length)], i % words.length];
    vectors[kind][word] = at;
    lab.redraw();
    tell();
  };
  const upper = plane(left, "The plane of queries and keys", moved(["q", "k"]), (i) => {
    if (i < words.length && i !== row) { look(i, column); lab.redraw(); }
  });
  const mixed = plane(right, "The plane of values and the mix", moved(["v"]));
  const captions = MAPS.map(([caption]) => el("div", { class: "rl-caption" }, caption));
  const maps = heatmaps(MAPS.map(([, label], m) => {
    const node = columnOf(1, 210, captions[m]);
    below.append(node);
    return [node, label];
  }), (i, j) => {
    const other = i !== row;
    [row, column] = [i, j];
    who.value = String(row);
    if (other) planes(lab.theme);
    tell();
  });

  function look(/** @type {number} */ i, /** @type {number} */ j) {
    maps[0].go(i, j);
    [row, column] = [i, j];
    who.value = String(row);
    tell();
  }
  function tell() {
    const { products, scores, seen, weights, mix } = attend(vectors, mask.value);
    const [from, to] = [`“${words[row]}”`, `“${words[column]}”`];
    const its = `The mix of ${from} is (${mix[row].map((x) => number(x, 2)).join(", ")}).`;
    if (!seen(row, column)) {
      lab.say(`${from} cannot look at ${to}: the mask hides what comes later, so the weight is 0. ${its}`);
      return;
    }
    const [q, k] = [vectors.q[row], vectors.k[column]];
    const sum = q.map((x, c) => `${number(x, 2)} × ${number(k[c], 2)}`).join(" + ");
    const [product, score, weight] = [products, scores, weights].map((matrix) => number(matrix[row][column], 3));
    lab.say(`${from} looks at ${to}: q · k = ${sum} = ${product}; divided by √2 a score of ${score}; after the softmax `
      + `${weight} of its attention. ${its}`);
  }

  function planes(/** @type {import("./lab.js").Theme} */ theme) {
    const { weights, mix } = attend(vectors, mask.value);
    const width = Math.max(widthOf(left), 240);
    const size = { width, height: Math.min(width, 0.6 * tallest(left)) };
    const wide = reach * width / size.height; // both axes in the same units
    const common = { box: [-wide, wide, -reach, reach], ...size, axes: ["1st number", "2nd number"] };
    const colours = data.colours.map((i) => theme.categories[i]);
    /** @typedef {(v: number) => number} Scale */
    /** @type {(x: Scale, y: Scale) => (at: number[]) => number[]} */
    const places = (x, y) => ([a, b]) => [x(a), y(b)];
    upper.draw(theme, {
      ...common,
      points: [
        ...words.map((word, i) => ({ name: `The query of “${word}”`, at: vectors.q[i], hollow: true,
          colour: i === row ? theme.accent : theme.before })),
        ...words.map((word, i) => ({ name: `The key of “${word}”`, at: vectors.k[i], colour: colours[i] })),
      ],
      below(x, y) {
        const [place, zero] = [places(x, y), [x(0), y(0)]];
        /** @type {number[][]} */
        const taken = [];
        /**
         * A name for the tip of an arrow; those whose tips lie in one place share a line.
         * @type {(at: number[], text: string, kind?: string) => SVGTextElement}
         */
        const tip = (at, text, kind) => {
          const [px, py] = place(at);
          const same = taken.filter(([qx, qy]) => Math.abs(px - qx) < 70 && Math.abs(py - qy) < 17).length;
          taken.push([px, py]);
          return nameAt([px, py + 18 * same], text, size, kind, at[0] < 0);
        };
        return [
          ...words.flatMap((_, i) => (i === row ? [] : arrow(zero, place(vectors.q[i]), theme.before, 1, true))),
          ...words.flatMap((_, i) => arrow(zero, place(vectors.k[i]), colours[i], 2)),
          ...arrow(zero, place(vectors.q[row]), theme.accent, 3.5),
          tip(vectors.q[row], `q ${words[row]}`, "rl-chosen"),
          ...words.map((word, i) => tip(vectors.k[i], `k ${word}`)),
          ...words.flatMap((word, i) => (i === row ? [] : [tip(vectors.q[i], `q ${word}`, "")])),
        ];
      },
    });
    mixed.draw(theme, {
      ...common,
      points: words.map((word, i) => ({ name: `The value of “${word}”`, at: vectors.v[i], colour: colours[i] })),
      below(x, y) {
        const [place, zero] = [places(x, y), [x(0), y(0)]];
        let end = [0, 0];
        const chain = words.flatMap((_, j) => {
          const from = end;
          end = end.map((a, c) => a + weights[row][j] * vectors.v[j][c]);
          return arrow(place(from), place(end), colours[j], 3);
        });
        return [
          ...words.flatMap((_, i) => arrow(zero, place(vectors.v[i]), theme.before, 1, true)),
          ...arrow(zero, place(mix[row]), theme.accent, 3.5),
          ...chain,
          ...words.map((word, j) => {
            const part = share(weights[row][j]);
            return nameAt(place(vectors.v[j]), part ? `${part} × v ${word}` : `v ${word}`, size, "rl-word",
              vectors.v[j][0] < 0);
          }),
          nameAt([x(mix[row][0]), y(mix[row][1]) + 22], "mix", size, "rl-chosen", mix[row][0] > 0),
        ];
      },
    });
  }

  lab.onData(() => { who.value = String(row); });
  lab.onDraw((theme) => {
    const { products, scores, seen, weights } = attend(vectors, mask.value);
    planes(theme);
    const limit = Math.ceil(Math.max(1, ...products.flat().map(Math.abs)));
    const signed = { low: -limit, high: limit, palette: /** @type {const} */ ("diverging"), written: tenths };
    /** @type {(i: number, j: number) => boolean} */
    const hidden = (i, j) => !seen(i, j);
    const common = { rows: words, columns: words, axes: AXES };
    /** @type {Omit<import("./grid.js").Heat, "rows" | "columns">[]} */
    const specs = [
      { ...signed, value: (i, j) => products[i][j] },
      { ...signed, value: (i, j) => scores[i][j] },
      { ...signed, value: (i, j) => scores[i][j], hidden, unseen: "hidden: −∞" },
      { low: 0, high: 1, value: (i, j) => weights[i][j], written: share, hidden, unseen: "hidden: 0" },
    ];
    maps.forEach((map, m) => {
      Object.assign(map.place, { row, column });
      map.draw(theme, { ...common, ...specs[m] });
    });
  });
  return lab.close;
}

export default { render };
