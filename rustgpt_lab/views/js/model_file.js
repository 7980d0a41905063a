// A model file as bytes beside its tree; every bit can be turned, and the kernel loads what comes out.
import { button, choice, el, number, stage, textBox } from "./lab.js";
import { focusable } from "./grid.js";
import { fields, formula } from "./float32.js";

const KEEP = { "data-lm-suppress-shortcuts": "true" };

function render({ model, el: root }) {
  const lab = stage(model, root);
  lab.needsKernel();
  let data = model.get("data");
  const ask = (more) => lab.ask({ format: data.format, at: data.at, ...more });

  const form = choice(lab, "Format", data.formats, (format) => lab.ask({ format, at: 0 }));
  const place = textBox(lab, "Go to byte", { send: "Go", onEnter: (line) => ask({ at: Number(line) || 0 }) });
  place.node.style.flex = "0 1 300px";
  const restore = button(lab, "Put all bits back", () => ask({ restore: true }));

  const hex = focusable("Bytes of the file");
  hex.classList.add("rl-hex");
  const side = el("div");
  const columns = el("div", { class: "rl-columns" }, hex, side);
  lab.picture.append(columns);
  hex.style.flex = "0 0 auto";
  const [tree, bitsOf, bits, verdict] = [el("div", { class: "rl-tree" }), el("div", { class: "rl-caption" }),
    el("div", { class: "rl-bits" }), el("p", { class: "rl-verdict" })];
  side.append(tree, bitsOf, bits, verdict);

  hex.addEventListener("click", (event) => {
    const byte = event.target.dataset.byte;
    if (byte) ask({ at: Number(byte) });
  });
  hex.addEventListener("keydown", (event) => {
    const page = data.columns * 8;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -data.columns, ArrowDown: data.columns,
      PageUp: -page, PageDown: page };
    if (!steps[event.key]) return;
    event.preventDefault();
    ask({ at: Math.min(Math.max(data.at + steps[event.key], 0), data.size - 1) });
  });

  function drawHex() {
    const last = data.trail.at(-1);
    const first = data.number?.[0] ?? -9;
    const turned = new Set(data.changed.map(([byte]) => byte));
    const look = (byte) => [
      byte >= last.offset && byte < last.offset + last.length && "rl-part",
      byte >= first && byte < first + 4 && "rl-four", byte === data.at && "rl-at", turned.has(byte) && "rl-turned",
    ].filter(Boolean).join(" ");
    const rows = [];
    for (let i = 0; i < data.window.shape[0]; i += data.columns) {
      const count = Math.min(data.columns, data.window.shape[0] - i);
      const cells = (show) => Array.from({ length: count }, (_, k) =>
        el("span", { class: look(data.start + i + k), "data-byte": data.start + i + k },
          show(data.window.flat(i + k))));
      rows.push(el("div", {}, el("span", { class: "rl-offset" }, `${data.start + i}`),
        ...cells((byte) => byte.toString(16).padStart(2, "0")), el("span", { class: "rl-gap" }),
        ...cells((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·"))));
    }
    hex.replaceChildren(...rows);
  }
  function drawTree() {
    const last = data.trail.at(-1);
    const above = data.around.some((part) => part.offset === last.offset && part.name === last.name)
      ? data.trail.slice(0, -1) : data.trail;
    const node = (part, depth) => el("button", { type: "button", style: `padding-left:${8 + 12 * depth}px`,
      "aria-current": part.offset === last.offset && part.name === last.name && "true",
      click: () => ask({ at: part.offset }), ...KEEP },
    el("span", {}, part.name), el("small", {}, [part.kind, part.value].filter(Boolean).join("  ")));
    tree.replaceChildren(...above.map((part, k) => node(part, k)),
      ...data.around.map((part) => node(part, above.length)));
  }
  function drawBits() {
    const bytes = data.number ? [3, 2, 1, 0].map((k) => data.number[0] + k) : [data.at];
    const value = (byte) => data.window.flat(byte - data.start);
    const all = bytes.flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => ({ byte, bit })));
    const key = ({ byte, bit }) => {
      const on = (value(byte) >> bit) & 1;
      return el("button", { type: "button", "aria-label": `Bit ${bit} of byte ${byte}, now ${on}`,
        class: data.changed.some((c) => c[0] === byte && c[1] === bit) && "rl-turned",
        click: () => { asked = `Bit ${bit} of byte ${byte},`; ask({ flip: [byte, bit] }); }, ...KEEP }, `${on}`);
    };
    const group = (name, some) => el("div", {}, el("small", {}, name), el("div", {}, ...some.map(key)));
    bits.replaceChildren(...(data.number
      ? [group("sign", all.slice(0, 1)), group("exponent", all.slice(1, 9)), group("fraction", all.slice(9))]
      : [group(`byte ${data.at}`, all)]));
    if (!data.number) {
      bitsOf.textContent = "Its bits, the highest first; press one to turn it";
      return;
    }
    const parts = fields([0, 1, 2, 3].map((k) => value(data.number[0] + k)));
    bitsOf.textContent = `${number(data.number[2], 7)} = ${formula(parts)}; exponent ${parts.exponent} − 127. `
      + "Press a bit to turn it.";
  }
  let asked = "";

  lab.onData((next) => {
    data = next;
    form.value = data.format;
    place.value = `${data.at}`;
    restore.hidden = data.changed.length === 0;
    drawHex();
    drawTree();
    drawBits();
    verdict.textContent = data.changed.length ? data.verdict : "";
    verdict.classList.toggle("rl-problem", !data.loads);
    if (asked) bits.querySelector(`[aria-label^="${asked}"]`)?.focus(); // the button that was pressed is a new one
    asked = "";
  });
  return lab.close;
}

export default { render };
