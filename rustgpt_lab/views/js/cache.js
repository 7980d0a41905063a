// The cache fills up, word by word: as the model has it, and as it would be if its heads shared keys otherwise.
import { el, menu, put, stage, widthOf } from "./lab.js";
import { shortened, widest } from "./grid.js";
import { player } from "./player.js";

const [ROW, TOP] = [18, 26];

/** Bytes for people. @param {number} count */
function bytes(count) {
  const [size, unit] = count < 1e4 ? [1, "bytes"] : count < 1e6 ? [1e3, "kB"] : count < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  return `${(count / size).toLocaleString("en", { maximumFractionDigits: unit === "bytes" ? 0 : 1 })}\u00a0${unit}`;
}

/**
 * What cache.py sends: the words, the sizes of the model and of its numbers, how many words it can read at `most`, and
 * with which `other` number of key heads it is compared at first.
 * @typedef {{ words: string[] } & Record<"layers" | "heads" | "kv_heads" | "width" | "itemsize" | "most" | "other",
 *   number>} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Move “Words read”, or press Play: every word leaves a key and a value for each head "
    + "that has its own. Choose how many heads have one.");
  const data = model.get("data");
  const kinds = Array.from({ length: data.heads }, (_, k) => k + 1).filter((k) => data.heads % k === 0);
  const size = (/** @type {number} */ words, /** @type {number} */ kv) =>
    2 * words * data.layers * kv * data.width * data.itemsize;

  const read = player(lab, "Words read", { max: data.words.length, value: data.words.length, onInput: () => tell(),
    show: (n) => `${n} of ${data.words.length}` });
  const kind = menu(lab, "Compare with", Object.fromEntries(kinds.filter((k) => k !== data.kv_heads)
    .map((k) => [k, `${k} of ${data.heads} heads with keys`])), () => tell());
  kind.node.hidden = kinds.length === 1;
  kind.value = String(data.other);
  const places = el("div", { class: "rl-columns" });
  lab.picture.append(places);
  const panels = [panel(), panel()];

  function panel() {
    const caption = el("div", { class: "rl-caption rl-figures" });
    const svg = el("svg", { role: "img" });
    const node = el("div", {}, caption, svg);
    places.append(node);
    /** @type {(theme: import("./lab.js").Theme, kv: number, own: boolean) => void} */
    const draw = (theme, kv, own) => {
      const name = own ? "This model" : "Compared with it";
      const [now, full] = [size(read.value, kv), size(data.most, kv)];
      caption.replaceChildren(`${name}: ${kv} of ${data.heads} heads with keys and values. `,
        el("strong", {}, bytes(now)), `; when all ${data.most.toLocaleString("en")} words are read, ${bytes(full)}`);
      const label = `${name}: the cells of one layer's cache, ${read.value} words by ${kv} heads`;
      const across = widest(data.words, 90);
      const left = 64;
      const pitch = Math.min(44, (Math.max(widthOf(node), 240) - left - 4) / data.words.length);
      const upright = across + 4 > pitch;
      const top = upright ? across + 8 : TOP;
      put(svg, { "aria-label": label, width: left + pitch * data.words.length + 4, height: top + 2 * ROW * kv + 8 });
      const step = Math.ceil(15 / pitch);
      const cells = data.words.flatMap((_, j) => Array.from({ length: 2 * kv }, (__, i) => el("rect", {
        x: left + j * pitch + 1, y: top + i * ROW + (i % 2 ? 0 : 2), width: Math.max(pitch - 2, 1), height: ROW - 3,
        rx: 2,
        fill: j >= read.value ? "none" : own ? theme.accent : theme.before,
        "fill-opacity": i % 2 ? 0.55 : 1, stroke: theme.line })));
      svg.replaceChildren(...cells,
        ...data.words.map((word, j) => {
          const x = left + (j + 0.5) * pitch;
          const turn = upright ? { transform: `translate(${x} ${top - 6}) rotate(-90)`, "dominant-baseline": "central" }
            : { x, y: top - 8, "text-anchor": "middle" };
          return el("text", { ...turn, class: j === read.value - 1 ? "rl-chosen" : "" },
            j % step && j !== read.value - 1 ? "" : shortened(word, 88));
        }),
        ...Array.from({ length: kv }, (_, i) => el("text", { x: left - 8, y: top + (2 * i + 1) * ROW,
          "text-anchor": "end", "dominant-baseline": "central" }, `head ${i + 1}`)));
    };
    return { draw };
  }
  function tell() {
    const other = Number(kind.value);
    lab.say(`After ${read.value} words: ${bytes(size(read.value, data.kv_heads))} with ${data.kv_heads} of `
      + `${data.heads} heads that have keys`
      + (kinds.length > 1 ? `, ${bytes(size(read.value, other))} with ${other}.` : "."));
  }

  const note = el("div", { class: "rl-caption" }, `One layer of ${data.layers}; the numbers are for all of them. In `
    + `every cell pair a key above its value, of ${data.width} numbers each, ${data.itemsize} bytes a number.`);
  lab.picture.append(note);
  lab.onData(() => {});
  lab.onDraw((theme) => {
    panels[0].draw(theme, data.kv_heads, true);
    if (kinds.length > 1) panels[1].draw(theme, Number(kind.value), false);
  });
  return () => { read.halt(); lab.close(); };
}

export default { render };
