// A model file as bytes beside its tree; every bit can be turned, and the kernel loads what comes out.
import { button, choice, el, number, stage, textBox } from "./lab.js";
import { unpack } from "./packing.js";
import { focusable } from "./grid.js";
import { fields, float, formula } from "./float32.js";
import { fileTree } from "./tree.js";
import { treeList } from "./tree_list.js";

const KEEP = { "data-lm-suppress-shortcuts": "true" };

/**
 * What model_file.py sends: the format and the size of the file, the chosen byte, and a window on the bytes with the
 * place of its first one; the bits that are not as they were written; and whether that is still a model, in words, too.
 * @typedef {{ format: string, size: number, at: number, start: number, window: import("./packing.js").Tensor,
 *   changed: [byte: number, bit: number][], loads: boolean, verdict: string }} Data
 */
/**
 * What no answer changes: for each format the tree of the file, and its name.
 * @typedef {{ trees: Record<string, import("./tree.js").Columns>, columns: number, formats: Record<string, string> }}
 *   Fixed
 */
/** A node, and the first and the last byte of it, or of one of its numbers. */
/** @typedef {{ node: number, first: number, last: number }} Part */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Point at a byte or at a row of the tree to see the other; press a bit to turn it.");
  lab.needsKernel();
  /** @type {Fixed} */
  const fixed = unpack(model.get("fixed"));
  const trees = Object.fromEntries(Object.entries(fixed.trees).map(([name, columns]) => [name, fileTree(columns)]));
  let data = model.get("data");
  /** @type {import("./tree.js").FileTree} */
  let tree; // of the format that is shown
  let chosen = 0; // the node that is shown: the smallest one with the byte `data.at`, or one chosen in the tree
  /** @type {number?} */
  let wanted = null; // the node to choose when the kernel has answered
  /** @type {Part?} */
  let pointed = null; // what pointer or arrow keys are on
  /** @type {HTMLElement[][]} */
  let cells = []; // the elements of every byte of the window
  let asked = ""; // the label of the bit that was pressed
  const ask = (/** @type {{ at?: number, flip?: [byte: number, bit: number], restore?: true }} */ more) =>
    lab.ask({ format: data.format, at: data.at, ...more });

  const form = choice(lab, "Format", fixed.formats, (format) => lab.ask({ format, at: 0 }));
  const place = textBox(lab, "Go to byte", { send: "Go", onEnter: (line) => look(Number(line) || 0) });
  place.node.classList.add("rl-narrow");
  const restore = button(lab, "Put all bits back", () => ask({ restore: true }));

  const hex = focusable("Bytes of the file");
  hex.classList.add("rl-hex");
  const side = el("div");
  lab.picture.append(el("div", { class: "rl-columns" }, hex, side));
  const list = treeList(side, "Tree of the file. Arrow keys move, open and close; Enter goes to the bytes.", {
    onPoint: (node) => point(node === null ? null : { node, ...range(node) }),
    onChoose: (node) => look(tree.start(node), node),
  });
  const [bitsOf, bits, verdict] = [el("div", { class: "rl-caption" }), el("div", { class: "rl-bits" }),
    el("p", { class: "rl-verdict" })];
  side.append(bitsOf, bits, verdict);

  // ---- what the bytes mean

  const inWindow = (/** @type {number} */ byte) => byte >= data.start && byte < data.start + data.window.shape[0];
  const range = (/** @type {number} */ node) =>
    ({ first: tree.start(node), last: tree.start(node) + tree.length(node) - 1 });
  /** The place of the float32 that a byte is part of, or null. @param {number} byte */
  function numberAt(byte) {
    const leaf = tree.at(byte);
    return data.format === "bin" && tree.kinds[leaf] === "f32" ? byte - (byte - tree.start(leaf)) % 4 : null;
  }
  const fourBytes = (/** @type {number} */ first) => [0, 1, 2, 3].map((k) => data.window.flat(first + k - data.start));
  const pathOf = (/** @type {number} */ node) =>
    tree.path(node).slice(1).map((part) => tree.names[part]).join(" › ") || "the whole file";
  const saysOf = (/** @type {number} */ node) =>
    (tree.kinds[node] === "str" ? `“${tree.values[node]}”` : tree.values[node]);

  function tell() {
    lab.say(pointed ? describe(pointed) : placeOf(data.at));
  }
  function placeOf(/** @type {number} */ byte) {
    const [leaf, four] = [tree.at(byte), numberAt(byte)];
    const value = four === null ? tree.values[leaf] && `, which says ${saysOf(leaf)}`
      : `, which is ${number(float(fourBytes(four)), 6)}`;
    const belongs = chosen === leaf ? `belongs to ${pathOf(leaf)}${value}` : `begins ${pathOf(chosen)}`;
    return `Byte ${byte} of ${data.size} in the ${fixed.formats[data.format]} file ${belongs}.`;
  }
  function describe(/** @type {Part} */ { node, first, last }) {
    const [whole, kind] = [range(node), tree.kinds[node]];
    const bytes = first === last ? `byte ${first}` : `bytes ${first} to ${last}`;
    if (first > whole.first || last < whole.last) {
      const which = `number ${(first - whole.first) / 4 + 1} of ${tree.length(node) / 4}`;
      const value = inWindow(first) && inWindow(last) ? `: ${kind} ${number(float(fourBytes(first)), 6)}` : "";
      return `${pathOf(node)}, ${which}${value}, ${bytes}.`;
    }
    const seen = last >= data.start && first < data.start + data.window.shape[0];
    const away = seen ? "" : " They are elsewhere in the file: choose it to go there.";
    return `${pathOf(node)}: ${[kind, saysOf(node)].filter(Boolean).join(" ")}, ${bytes}.${away}`;
  }

  // ---- pointing and choosing

  function point(/** @type {Part?} */ next) {
    pointed = next;
    list.point(pointed && pointed.node);
    mark();
    tell();
  }
  /**
   * Choose a byte, and a node or else the smallest that holds it; the kernel is asked only for other bytes.
   * @param {number} byte @param {number?} node
   */
  function look(byte, node = null) {
    const four = numberAt(byte);
    const elsewhere = !inWindow(byte) || data.format === "gguf"; // there the kernel decodes the block
    if (elsewhere || (four !== null && !(inWindow(four) && inWindow(four + 3)))) {
      wanted = node;
      ask({ at: byte });
      return;
    }
    data.at = byte;
    [chosen, pointed] = [node ?? tree.at(byte), null];
    show();
    tell();
  }
  const byteOf = (/** @type {Event} */ { target }) => Number(/** @type {HTMLElement} */ (target).dataset.byte ?? -1);
  hex.addEventListener("pointermove", (event) => {
    const byte = byteOf(event);
    if (byte < 0 || (pointed && pointed.first <= byte && byte <= pointed.last)) return;
    const four = numberAt(byte);
    const node = tree.at(byte);
    point(four === null ? { node, ...range(node) } : { node, first: four, last: four + 3 });
  });
  hex.addEventListener("pointerleave", () => point(null));
  hex.addEventListener("click", (event) => {
    if (byteOf(event) >= 0) look(byteOf(event));
  });
  hex.addEventListener("keydown", (event) => {
    const page = fixed.columns * 8;
    /** @type {Record<string, number>} */
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -fixed.columns, ArrowDown: fixed.columns,
      PageUp: -page, PageDown: page };
    if (!steps[event.key]) return;
    event.preventDefault();
    look(Math.min(Math.max(data.at + steps[event.key], 0), data.size - 1));
  });

  // ---- drawing

  function drawHex() {
    const { shape: [count], flat } = data.window;
    const cell = (/** @type {number} */ i, /** @type {string} */ text) =>
      el("span", { "data-byte": data.start + i }, text);
    const rows = [];
    cells = [];
    for (let i = 0; i < count; i += fixed.columns) {
      const places = Array.from({ length: Math.min(fixed.columns, count - i) }, (_, k) => i + k);
      const digits = places.map((k) => cell(k, flat(k).toString(16).padStart(2, "0")));
      const signs = places.map((k) => cell(k, flat(k) > 31 && flat(k) < 127 ? String.fromCharCode(flat(k)) : "·"));
      cells.push(...digits.map((digit, k) => [digit, signs[k]]));
      rows.push(el("div", {}, el("span", { class: "rl-offset" }, `${data.start + i}`), ...digits,
        el("span", { class: "rl-gap" }), ...signs));
    }
    hex.replaceChildren(...rows);
  }
  function mark() {
    const { first, last } = range(chosen);
    const four = numberAt(data.at) ?? -9;
    const turned = new Set(data.changed.map(([byte]) => byte));
    cells.forEach((pair, i) => {
      const byte = data.start + i;
      const names = [
        byte >= first && byte <= last && "rl-part",
        pointed && byte >= pointed.first && byte <= pointed.last && "rl-pointed",
        byte >= four && byte < four + 4 && "rl-four", byte === data.at && "rl-at", turned.has(byte) && "rl-turned",
      ].filter(Boolean).join(" ");
      pair.forEach((cell) => { cell.className = names; });
    });
  }
  function drawBits() {
    const four = numberAt(data.at);
    const bytes = four === null ? [data.at] : [3, 2, 1, 0].map((k) => four + k);
    const value = (/** @type {number} */ byte) => data.window.flat(byte - data.start);
    const all = bytes.flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => ({ byte, bit })));
    const key = (/** @type {{ byte: number, bit: number }} */ { byte, bit }) => {
      const on = (value(byte) >> bit) & 1;
      return el("button", { type: "button", "aria-label": `Bit ${bit} of byte ${byte}, now ${on}`,
        class: data.changed.some((c) => c[0] === byte && c[1] === bit) && "rl-turned",
        click: () => {
          asked = `Bit ${bit} of byte ${byte},`;
          wanted = chosen;
          ask({ flip: [byte, bit] });
        }, ...KEEP }, `${on}`);
    };
    const group = (/** @type {string} */ name, /** @type {typeof all} */ some) =>
      el("div", {}, el("small", {}, name), el("div", {}, ...some.map(key)));
    bits.replaceChildren(...(four === null ? [group(`byte ${data.at}`, all)]
      : [group("sign", all.slice(0, 1)), group("exponent", all.slice(1, 9)), group("fraction", all.slice(9))]));
    if (four === null) {
      bitsOf.textContent = "Its bits, the highest first; press one to turn it";
      return;
    }
    const parts = fields(fourBytes(four));
    bitsOf.textContent = `${number(float(fourBytes(four)), 7)} = ${formula(parts)}; exponent ${parts.exponent} − 127. `
      + "Press a bit to turn it.";
  }
  function show() {
    place.value = `${data.at}`;
    list.draw(tree, chosen);
    mark();
    drawBits();
  }

  lab.onData((next) => {
    data = next;
    tree = trees[data.format];
    [chosen, wanted, pointed] = [wanted ?? tree.at(data.at), null, null];
    form.value = data.format;
    restore.hidden = data.changed.length === 0;
    const stays = bits.contains(document.activeElement); // whoever went on meanwhile is not called back
    drawHex();
    show();
    verdict.textContent = data.changed.length ? data.verdict : "";
    verdict.classList.toggle("rl-problem", !data.loads);
    const pressed = stays && asked && bits.querySelector(`[aria-label^="${asked}"]`); // the button is a new one
    if (pressed instanceof HTMLElement) pressed.focus();
    asked = "";
  });
  lab.onDraw(() => {
    list.reveal();
    tell();
  });
  return lab.close;
}

export default { render };
