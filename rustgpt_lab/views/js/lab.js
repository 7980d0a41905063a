// What every live view shares: elements, data from the kernel, colours, controls, and the card that they stand on.
import { unpack } from "./packing.js";
import { PALETTE } from "./palette.js";
import { png } from "./picture.js";

/** @template [Data=any] @typedef {import("./model/answering.js").Widget<Data>} Widget */

/**
 * What a view's `render` is given; its `data`, once unpacked, is Data.
 * @template Data @typedef {{ model: Widget<Data>, el: HTMLElement }} Card
 */

/** What `stage` makes of it. @template [Data=any] @typedef {ReturnType<typeof stage<Data>>} Lab */

/** Across and down, in pixels. @typedef {[number, number]} Point */

// ---- elements ---------------------------------------------------------------------------------------------------

/** @typedef {"svg" | "g" | "rect" | "line" | "path" | "circle" | "text" | "title" | "polyline"} Drawn */
/** @typedef {Pick<SVGElementTagNameMap, Drawn> & Omit<HTMLElementTagNameMap, Drawn>} Tags */

/** What an element shows, as rows of cells. @typedef {{ numbers?: () => (string | number)[][] }} Numbered */

/** @typedef {Record<string, string | number | string[]>} Looks */
/** @typedef {Record<string, string | number | boolean | undefined | Looks | (() => void)>} Attributes */

/** @type {Set<string>} */
const SVG = new Set(["svg", "g", "rect", "line", "path", "circle", "text", "title", "polyline"]);

/**
 * A new element. Attributes are set as such, functions as listeners ("input"), children may be strings; `vary` takes
 * what its looks depend on, as the function of that name does.
 * @template {keyof Tags} Tag
 * @param {Tag} tag @param {Attributes} [attributes] @param {...(Node | string)} children
 * @returns {Tags[Tag] & Numbered}
 */
export function el(tag, attributes = {}, ...children) {
  const svg = SVG.has(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "object") vary(node, value);
    else if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== false && value !== undefined) node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children);
  return /** @type {Tags[Tag]} */ (node);
}

/**
 * Give the rules of lab.css what they cannot know: `{ width: "10px" }` is `--rl-width` there. Nothing else touches a
 * style.
 * @param {HTMLElement | SVGElement} node @param {Looks} values
 */
export function vary(node, values) {
  // eslint-disable-next-line no-restricted-syntax
  for (const [name, value] of Object.entries(values)) node.style.setProperty(`--rl-${name}`, String(value));
}

/**
 * A column of `.rl-columns`: how much of what is left over it takes, and the pixels without which it stands alone.
 * @param {number} grow @param {number} basis @param {...(Node | string)} children
 */
export function columnOf(grow, basis, ...children) {
  return el("div", { class: "rl-column", vary: { grow, basis: `${basis}px` } }, ...children);
}

/**
 * Attributes of an element, and its text, but only what is new: what is written is laid out and painted again.
 * @param {Element} node @param {Record<string, string | number>} attributes @param {string} [text]
 */
export function put(node, attributes, text) {
  for (const [name, value] of Object.entries(attributes)) {
    if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
  }
  if (text !== undefined && node.textContent !== text) node.textContent = text;
}

/**
 * A sentence as nodes: what it quotes keeps its direction to itself, be it from left to right or from right to left.
 * @param {string} text
 */
export function isolated(text) {
  return text.split(/(“[^”]*”)/).map((part, i) => (i % 2 ? el("bdi", {}, part) : part));
}

// ---- numbers ----------------------------------------------------------------------------------------------------

/** A share in [0, 1] beside a picture: two digits after the point, nothing below 0.01. @param {number} x */
export function share(x) {
  return x < 0.01 ? "" : x.toFixed(2);
}

/** A number for people: four significant digits (or as many as asked), a true minus sign. @param {number} x */
export function number(x, digits = 4) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "not a number" : x > 0 ? "∞" : "−∞";
  const small = x !== 0 && Math.abs(x) < 1e-4;
  const rounded = Number(x.toPrecision(digits));
  const text = small || Math.abs(x) >= 1e6 ? rounded.toExponential() : String(rounded);
  return text.replaceAll("-", "−");
}

// ---- colours ----------------------------------------------------------------------------------------------------

/** [red, green, blue] in 0..255. @typedef {number[]} Colour */
/** @typedef {typeof PALETTE.inks.light} Inks */

/**
 * The colours for a page.
 * @typedef {Inks & { dark: boolean, categories: string[] } & Record<"sequential" | "diverging", (t: number) => Colour>}
 *   Theme
 */

/**
 * A palette as a function from [0, 1]; anything outside is clamped.
 * @param {string[]} stops @returns {(t: number) => Colour}
 */
export function ramp(stops) {
  const rgb = stops.map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  return (t) => {
    const place = Math.min(Math.max(t, 0), 1) * (rgb.length - 1);
    const i = Math.min(Math.floor(place), rgb.length - 2);
    return rgb[i].map((from, c) => Math.round(from + (rgb[i + 1][c] - from) * (place - i)));
  };
}

/**
 * Black or white, whichever reads better on a colour (WCAG 2.1's relative luminance).
 * @param {ArrayLike<number>} rgb
 */
export function inkOn(rgb) {
  const [r, g, b] = Array.from(rgb, (v) => (v <= 10 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

/** @param {HTMLElement} root @returns {Theme} */
function themeOf(root) {
  const light = document.body.dataset.jpThemeLight;
  const dark = light === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : light === "false";
  const mode = dark ? "dark" : "light";
  if (root.dataset.theme !== mode) {
    root.dataset.theme = mode;
    vary(root, PALETTE.inks[mode]);
  }
  return {
    dark,
    ...PALETTE.inks[mode],
    categories: PALETTE.categories,
    sequential: ramp(PALETTE.sequential[mode]),
    diverging: ramp(PALETTE.diverging[mode]),
  };
}

// ---- places -----------------------------------------------------------------------------------------------------

/** @typedef {{ width: number, zoom: number }} Room */

// A picture asks the page for sizes once, and draws again, before anything is painted, when one of them changes: the
// page would have to lay itself out for each question between what is drawn.
/** @type {WeakMap<Element, Room>} */
let rooms = new WeakMap();
/** @type {ResizeObserver | undefined} */
let watch;

/** @param {Element} node @returns {Room} */
function measured(node) {
  const own = node instanceof HTMLElement ? node.offsetWidth : node.clientWidth;
  const { paddingLeft, paddingRight } = getComputedStyle(node);
  const around = (parseFloat(paddingLeft) || 0) + (parseFloat(paddingRight) || 0);
  return { width: node.clientWidth - around, zoom: node.getBoundingClientRect().width / own || 1 };
}

/** @param {Element} node */
function roomOf(node) {
  watch ??= new ResizeObserver((entries) => {
    const changed = entries.map(({ target }) => target).filter((target) => {
      const [before, now] = [rooms.get(target), measured(target)];
      rooms.set(target, now);
      return now.width !== before?.width;
    });
    const cards = new Set(changed.map((target) => target.closest(".rl-card")));
    cards.forEach((card) => card?.dispatchEvent(new Event("rl-room")));
  });
  const known = rooms.get(node);
  if (known) return known;
  const room = measured(node);
  rooms.set(node, room);
  watch.observe(node);
  return room;
}

/** The width of an element of a card, in its own pixels. @param {Element} node */
export const widthOf = (node) => roomOf(node).width;

/** How many pixels of the page one of a card's own is: more than 1 where a projector shows it. @param {Element} node */
export const zoomOf = (node) => roomOf(/** @type {Element} */ (node.closest(".rl-card"))).zoom;

/**
 * Where the pointer is in an element, in its own pixels.
 * @param {Element} node @param {MouseEvent} event @returns {Point}
 */
export function pointIn(node, event) {
  const [box, { zoom }] = [node.getBoundingClientRect(), measured(node)];
  return [(event.clientX - box.left) / zoom, (event.clientY - box.top) / zoom];
}

/**
 * Give a canvas a size in CSS pixels and as many points as the screen has; returns its context, scaled to pixels.
 * @param {HTMLCanvasElement} canvas @param {number} left @param {number} top @param {number} width
 * @param {number} height
 */
export function sharp(canvas, left, top, width, height) {
  const scale = (devicePixelRatio || 1) * zoomOf(canvas);
  Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
  vary(canvas, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  const context = penOf(canvas);
  context.scale(scale, scale);
  return context;
}

/** A canvas's context. @param {HTMLCanvasElement} canvas */
export const penOf = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

/** Whether things may move: the system can ask for stillness. */
export const moves = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;

// ---- the card ---------------------------------------------------------------------------------------------------

const KEYS = { "data-lm-suppress-shortcuts": "true" }; // Lab leaves the keys to an element that has this

/**
 * The card of a view: title, controls, picture, a sentence that is read aloud, and what to do without a kernel.
 *
 * `hint` says in a line how to use it. Give `onData(f)`, called with the unpacked data now and whenever the kernel
 * sends new ones, and `onDraw(f)`, called with the theme after that, after each control's input, and when the width or
 * the theme changes; but never while the card has no width. Drawing is synchronous. A part of the picture may have a
 * property `numbers`, a function that gives what it shows as rows of cells. Return `close` from `render`.
 * @template [Data=any]
 * @param {Widget<Data>} model @param {HTMLElement} root @param {string} [hint]
 */
export function stage(model, root, hint) {
  const controls = el("div", { class: "rl-controls" });
  const picture = el("div", { class: "rl-picture" });
  const readout = el("p", { class: "rl-readout", "aria-live": "polite", "aria-atomic": "true" });
  const problem = el("p", { class: "rl-problem", role: "alert", hidden: true });
  const note = el("p", { class: "rl-note", role: "status", hidden: true });
  const card = el("div", { class: "rl-card", role: "group", "aria-label": model.get("title"), tabindex: -1, ...KEYS });
  const tool = (/** @type {string} */ label, /** @type {() => void} */ click) =>
    el("button", { type: "button", class: "rl-button", click, ...KEYS }, label);
  const large = tool("Projector", () => project(!card.popover));
  large.setAttribute("aria-pressed", "false");
  large.title = "Fill the page (p); Escape leaves";
  const copy = tool("Copy numbers", copyNumbers);
  const code = tool("Code", showCode);
  code.title = "Go to the code that made this";
  card.append(
    el("div", { class: "rl-head" }, el("div", { class: "rl-title" }, model.get("title")),
      el("div", { class: "rl-tools" }, large, tool("Save picture", savePicture), copy, code)),
    ...(hint ? [el("p", { class: "rl-hint" }, hint)] : []), controls, problem, picture, readout, note,
  );
  root.classList.add("rl-live");
  root.replaceChildren(card);

  /** @type {(theme: Theme) => void} */
  let draw = () => {};
  /** @type {(data: Data) => void} */
  let take = () => {};
  let asks = false;
  const lab = {
    model, root, controls, picture, readout, theme: themeOf(root),
    /** Width of the picture in its own pixels. */
    get width() { return widthOf(picture); },
    say(/** @type {string} */ text) { readout.replaceChildren(...isolated(text)); },
    redraw() { show(); },
    onDraw(/** @type {(theme: Theme) => void} */ f) { draw = f; show(); },
    onData(/** @type {(data: Data) => void} */ f) { take = f; receive(); },
    /** A question to the kernel, for the view's `answer`; new data or a problem comes back. */
    ask(/** @type {any} */ question) {
      if (asks && !note.hidden) return; // nobody would answer
      card.setAttribute("aria-busy", "true");
      model.send({ ask: question });
    },
    /** Say, too, after a kernel restart, that new questions need the cells to be run again. */
    needsKernel() { asks = true; },
    close() { themes.disconnect(); },
  };

  function show() {
    if (!lab.width) return; // a card that is given room hears of it
    lab.theme = themeOf(root);
    draw(lab.theme);
  }
  function receive() {
    card.removeAttribute("aria-busy");
    note.hidden = true;
    lab.say(model.get("sentence")); // unless the view knows better what is looked at
    take(unpack(model.get("data")));
    show();
  }
  function complain() {
    card.removeAttribute("aria-busy");
    problem.textContent = model.get("problem");
    problem.hidden = !model.get("problem");
  }
  function kernelGone() {
    const more = asks ? " To ask it something new, run the cells from the top of the notebook down to this one: in the "
      + "menu, Run, Run All Above Selected Cell; then this cell." : "";
    note.textContent = `The kernel has stopped or was restarted. What you see keeps working.${more}`;
    note.hidden = false;
    card.removeAttribute("aria-busy");
  }
  model.on("change:data", receive);
  model.on("change:problem", complain);
  model.on("change:answered", () => card.removeAttribute("aria-busy")); // the same answer again changes no data
  model.on("comm_live_update", kernelGone);

  // ---- what every card can do

  /** Let the card fill the page with larger type, above everything else, or go back to its place. */
  function project(/** @type {boolean} */ on) {
    const place = /** @type {HTMLElement} */ (card.contains(document.activeElement) ? document.activeElement : card);
    card.popover = on ? "manual" : null;
    if (on) card.showPopover();
    if (on) vary(card, { zoom: Math.max(1.25, Math.min(innerWidth / 1000, innerHeight / 620)) });
    large.setAttribute("aria-pressed", String(on));
    place.focus({ preventScroll: on });
    rooms = new WeakMap();
    show();
  }
  card.addEventListener("keydown", (event) => {
    const open = Boolean(card.popover);
    const typing = /** @type {Element} */ (event.target).matches("input[type=text], select");
    const p = event.key === "p" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!p && !(open && event.key === "Escape")) return;
    event.preventDefault();
    event.stopPropagation();
    project(!open);
  });
  card.addEventListener("focusout", ({ relatedTarget }) => { // what lies below a projected card cannot be seen
    const next = /** @type {Node?} */ (relatedTarget);
    if (card.popover && next && !card.contains(next)) card.focus();
  });
  async function savePicture() {
    const file = URL.createObjectURL(await png(card, root, model.get("_css")));
    el("a", { href: file, download: `${model.get("title").split(":")[0]}.png` }).click();
    URL.revokeObjectURL(file);
  }
  /** What the picture shows, as rows that a spreadsheet takes; where nothing has numbers, its words. */
  async function copyNumbers() {
    const nodes = /** @type {NodeListOf<Element & Numbered>} */ (picture.querySelectorAll("*"));
    const parts = [...nodes].flatMap((node) => (node.numbers && node.checkVisibility() ? [node.numbers()] : []));
    const text = parts.map((rows) => rows.map((cells) => cells.join("\t")).join("\n")).join("\n\n")
      || picture.innerText;
    const done = navigator.clipboard?.writeText(text); // a page that came unencrypted from afar has no clipboard
    copy.textContent = await (done ?? Promise.reject()).then(() => "Copied", () => "The browser refuses");
    setTimeout(() => { copy.textContent = "Copy numbers"; }, 1500);
  }

  /** Bring the cell into sight in which the card was made, and mark its code. */
  function showCode() {
    const cell = root.closest(".jp-Cell");
    const part = (/** @type {string} */ kind) => /** @type {HTMLElement?} */ (cell?.querySelector(kind));
    part(".jp-InputPlaceholder")?.click(); // it may be folded
    const made = part(".jp-InputArea");
    if (!made) {
      lab.say("The code that made this stands in the notebook, not on this page.");
      return;
    }
    if (card.popover) project(false);
    made.tabIndex = -1;
    made.focus({ preventScroll: true });
    made.scrollIntoView({ block: "nearest", behavior: moves() ? "smooth" : "instant" });
    const ring = `inset 0 0 0 2px ${lab.theme.accent}`;
    made.animate([{ boxShadow: ring }, { boxShadow: ring, offset: 0.7 }, {}], 1600);
  }

  card.addEventListener("rl-room", show);
  const themes = new MutationObserver(show);
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name"] });
  return lab;
}

// ---- controls: each adds itself to the card, and redraws it when it is used -------------------------------------

/**
 * A whole number from 0 to `max`; hidden while there is nothing to choose. `show(value)` is what stands beside it.
 * @param {Lab} lab @param {string} label
 * @param {{ max: number, value?: number, show?: (value: number) => string, onInput?: (value: number) => void }} options
 */
export function slider(lab, label, { max, value = 0, show = String, onInput = () => {} }) {
  const output = el("span", { class: "rl-value", "aria-hidden": "true" });
  const input = el("input", { type: "range", min: 0, step: 1, "aria-label": label, ...KEYS });
  const node = el("label", { class: "rl-control" }, el("span", {}, label), input, output);
  const update = () => {
    output.textContent = show(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  const control = {
    node,
    get value() { return Number(input.value); },
    set value(v) { input.value = String(v); update(); },
    /** A new range; the value stays if it can. */
    set max(/** @type {number} */ m) { input.max = String(m); node.hidden = m < 1; update(); },
  };
  input.addEventListener("input", () => { update(); onInput(control.value); lab.redraw(); });
  control.max = max;
  control.value = value;
  lab.controls.append(node);
  return control;
}

/**
 * One of a few: { value: label, ... }; buttons side by side, arrow keys choose.
 * @template {string} Value
 * @param {Lab} lab @param {string} label @param {Record<Value, string>} options
 * @param {(value: Value) => void} [onInput]
 */
export function choice(lab, label, options, onInput = () => {}) {
  const name = `rl-${Math.random().toString(36).slice(2)}`;
  const values = /** @type {Value[]} */ (Object.keys(options));
  const inputs = values.map((value, i) => el("input", { type: "radio", name, value, checked: i === 0, ...KEYS }));
  const node = el("div", { class: "rl-control rl-choice", role: "radiogroup", "aria-label": label },
    ...inputs.map((input, i) => el("label", {}, input, el("span", {}, options[values[i]]))));
  const control = {
    node,
    get value() { return values[inputs.findIndex((input) => input.checked)]; },
    set value(v) { inputs.forEach((input) => { input.checked = input.value === v; }); },
  };
  node.addEventListener("input", () => { onInput(control.value); lab.redraw(); });
  lab.controls.append(node);
  return control;
}

/**
 * One of many: { value: label, ... }, in a list that opens.
 * @template {string} Value
 * @param {Lab} lab @param {string} label @param {Record<Value, string>} options
 * @param {(value: Value) => void} [onInput]
 */
export function menu(lab, label, options, onInput = () => {}) {
  const values = /** @type {Value[]} */ (Object.keys(options));
  const input = el("select", { "aria-label": label, ...KEYS },
    ...values.map((value) => el("option", { value }, options[value])));
  const node = el("label", { class: "rl-control" }, el("span", {}, label), input);
  const control = {
    node,
    get value() { return /** @type {Value} */ (input.value); },
    set value(v) { input.value = v; },
  };
  input.addEventListener("input", () => { onInput(control.value); lab.redraw(); });
  lab.controls.append(node);
  return control;
}

/**
 * A check box.
 * @param {Lab} lab @param {string} label @param {boolean} [value] @param {(on: boolean) => void} [onInput]
 */
export function toggle(lab, label, value = false, onInput = () => {}) {
  const input = el("input", { type: "checkbox", checked: value, ...KEYS });
  const node = el("label", { class: "rl-control" }, input, el("span", {}, label));
  input.addEventListener("input", () => { onInput(input.checked); lab.redraw(); });
  lab.controls.append(node);
  return { node, get value() { return input.checked; }, set value(v) { input.checked = v; } };
}

/** A button. @param {Lab} lab @param {string} label @param {() => void} onClick */
export function button(lab, label, onClick) {
  const node = el("button", { type: "button", class: "rl-button", click: onClick, ...KEYS }, label);
  lab.controls.append(node);
  return node;
}

/**
 * A line of text. `onInput` hears every key, `onEnter` the finished line, which a button can send, too.
 * @param {Lab} lab @param {string} label
 * @param {{ value?: string, send?: string, onInput?: (text: string) => void, onEnter?: (text: string) => void }} use
 */
export function textBox(lab, label, { value = "", send = "Show", onInput, onEnter }) {
  const input = el("input", { type: "text", "aria-label": label, spellcheck: "false", dir: "auto", ...KEYS });
  input.value = value;
  const node = el("div", { class: "rl-control rl-text" }, el("span", { "aria-hidden": "true" }, label), input);
  if (onInput) input.addEventListener("input", () => { onInput(input.value); lab.redraw(); });
  if (onEnter) {
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") onEnter(input.value); });
    node.append(el("button", { type: "button", class: "rl-button", click: () => onEnter(input.value), ...KEYS }, send));
  }
  lab.controls.append(node);
  return { node, get value() { return input.value; }, set value(v) { input.value = v; } };
}
