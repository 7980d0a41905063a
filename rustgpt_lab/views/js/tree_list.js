// A tree to walk through by pointer or keys. Only the rows in its window exist, so it may be as long as it likes.
import { el, vary } from "./lab.js";

const ROW = 24; // pixels, as in lab.css
const SHOWN = 14; // rows
const KEYS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "Enter", " "];

/** @typedef {import("./tree.js").FileTree} FileTree */

/**
 * `onPoint(node)` hears which row the pointer or the arrow keys are on, null when the pointer leaves; `onChoose(node)`
 * which one was clicked, or was under the keys at Enter.
 * @param {HTMLElement} parent @param {string} label
 * @param {{ onPoint: (node: number | null) => void, onChoose: (node: number) => void }} listeners
 */
export function treeList(parent, label, { onPoint, onChoose }) {
  const name = `rl-${Math.random().toString(36).slice(2)}`;
  const inner = el("div", { role: "none" });
  const list = el("div", { class: "rl-tree", role: "tree", tabindex: 0, "aria-label": label,
    "data-lm-suppress-shortcuts": "true" }, inner);
  parent.append(list);
  /** @type {FileTree} */
  let tree;
  /** @type {Set<number>} */
  let open = new Set();
  /** @type {number[]} */
  let rows = []; // the nodes that can be seen, from the top
  let [active, chosen] = [0, 0]; // the node that the keys are on, and the one that is shown
  /** @type {number | null | undefined} */
  let pointed = null;

  function paint() {
    vary(inner, { height: `${ROW * rows.length}px` });
    const first = Math.floor(list.scrollTop / ROW);
    const painted = rows.slice(first, first + SHOWN + 1);
    inner.replaceChildren(...painted.map((node, k) => row(node, first + k)));
    if (painted.includes(active)) list.setAttribute("aria-activedescendant", `${name}-${active}`);
    else list.removeAttribute("aria-activedescendant");
    mark();
  }
  function row(/** @type {number} */ node, /** @type {number} */ k) {
    const [depth, parts] = [tree.path(node).length, tree.hasParts(node)];
    return el("div", { id: `${name}-${node}`, class: "rl-node", role: "treeitem", "data-node": node,
      "aria-level": depth, "aria-expanded": parts ? String(open.has(node)) : undefined,
      vary: { top: `${ROW * k}px`, indent: `${12 * depth - 8}px` } },
    el("span", { class: "rl-twig", "aria-hidden": "true" }, parts ? (open.has(node) ? "▾" : "▸") : ""),
    el("span", {}, tree.names[node]),
    el("small", {}, [tree.kinds[node], tree.values[node]].filter(Boolean).join("  ")));
  }
  function mark() {
    for (const item of /** @type {Iterable<HTMLElement>} */ (inner.children)) {
      const node = Number(item.dataset.node);
      item.setAttribute("aria-selected", String(node === chosen));
      item.classList.toggle("rl-active", node === active);
      item.classList.toggle("rl-pointed", node === pointed);
    }
  }
  function arrange() {
    rows = tree.seen(open);
    paint();
  }
  function scrollTo(/** @type {number} */ node) {
    const [top, room] = [ROW * rows.indexOf(node), ROW * SHOWN];
    if (top < list.scrollTop || top + ROW > list.scrollTop + room) list.scrollTop = top - room / 2;
  }
  function turn(/** @type {number} */ node, isOpen = !open.has(node)) {
    if (!tree.hasParts(node)) return;
    open[isOpen ? "add" : "delete"](node);
    if (!isOpen && active > node && !tree.seen(open).includes(active)) active = node;
    arrange();
  }
  function go(/** @type {number} */ node) {
    active = node;
    scrollTo(node);
    paint();
    onPoint(node);
  }
  const within = (/** @type {Event} */ { target }, /** @type {string} */ kind) =>
    /** @type {HTMLElement?} */ (/** @type {Element} */ (target).closest(kind));
  const nodeOf = (/** @type {Event} */ event) => {
    const item = within(event, ".rl-node");
    return item ? Number(item.dataset.node) : null;
  };

  list.addEventListener("scroll", paint);
  list.addEventListener("pointermove", (event) => {
    const node = nodeOf(event);
    if (node !== pointed) onPoint(node);
  });
  for (const event of ["pointerleave", "blur"]) list.addEventListener(event, () => onPoint(null));
  list.addEventListener("click", (event) => {
    const node = nodeOf(event);
    if (node === null) return;
    active = node;
    if (within(event, ".rl-twig") && tree.hasParts(node)) turn(node);
    else onChoose(node);
  });
  list.addEventListener("keydown", (event) => {
    if (!KEYS.includes(event.key)) return;
    event.preventDefault();
    const place = rows.indexOf(active);
    const isOpen = open.has(active);
    if (event.key === "ArrowUp") go(rows[Math.max(place - 1, 0)]);
    if (event.key === "ArrowDown") go(rows[Math.min(place + 1, rows.length - 1)]);
    if (event.key === "Home") go(rows[0]);
    if (event.key === "End") go(rows[rows.length - 1]);
    if (event.key === "ArrowRight") (isOpen ? go(rows[place + 1]) : turn(active));
    if (event.key === "ArrowLeft") (isOpen ? turn(active) : go(Math.max(tree.parent(active), 0)));
    if (event.key === "Enter" || event.key === " ") onChoose(active);
  });

  return {
    /** Mark the row of a node, or of the smallest one around it that can be seen; null marks none. */
    point(/** @type {number | null} */ node) {
      pointed = node === null ? null : tree.path(node).findLast((other) => rows.includes(other));
      mark();
    },
    /** Show a tree with a node chosen, and open what is above that. */
    draw(/** @type {FileTree} */ newTree, /** @type {number} */ node) {
      if (newTree !== tree) open = new Set([0]);
      tree = newTree;
      tree.path(node).slice(0, -1).forEach((above) => open.add(above));
      active = chosen = node;
      arrange();
      this.reveal();
    },
    /** Bring the row that the keys are on into the window: there is none until the card stands on the page. */
    reveal() {
      scrollTo(active);
      paint();
    },
  };
}
