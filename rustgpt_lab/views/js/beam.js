// A beam search as a tree: it grows turn by turn, and what is dropped turns grey.
import { button, el, moves, number, put, share, slider, stage, textBox } from "./lab.js";
import { shortened, widest } from "./grid.js";

const PITCH = 48; // from rank to rank, in pixels
const LINK = [24, 48]; // the width of a link: the least, and the most where there is room
const LEFT = 62; // of the prompt
const HEAD = 26;
const LONGEST = 130; // word
const PACE = 700; // milliseconds a turn, while it plays

/** @typedef {{ node: number, text: string, log_probability: number, score: number }} Hypothesis */
/**
 * What beam.py sends: the N branches of the tree, with the turn of each, its parent, -1 after the prompt, the
 * probability of its word, the log-probability of the text up to it, the last turn that it lives in, whether greedy
 * says it, and its rank in its turn.
 * @typedef {{ text: string, width: number, words: string[], hypotheses: Hypothesis[], greedily: Hypothesis,
 *   length_penalty: number } & Record<"turns" | "parents" | "probabilities" | "totals" | "last" | "greedy" | "rows",
 *   import("./packing.js").Tensor>} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Move the slider, or press Play: in each turn every branch goes on with every word, "
    + "and only the likeliest texts stay. Thick lines are likely words, with the probability below; grey "
    + "branches were dropped. What greedy says is underlined.");
  lab.needsKernel();
  /** @type {Data} */
  let data; // none before `onData`
  let playing = 0;
  const count = () => (data ? 1 + data.turns.flat(data.words.length - 1) : 0);
  const all = () => data.words.map((_, n) => n);
  const log = (/** @type {number} */ x) => x.toFixed(2).replace("-", "−");

  const ask = () => { halt(); lab.ask({ text: text.value, width: width.value + 1 }); };
  const text = textBox(lab, "Text", { onEnter: ask });
  const width = slider(lab, "Width", { max: 9, value: 4, show: (v) => String(v + 1), onInput: ask });
  const turn = slider(lab, "Turn", { max: 0, show: (v) => `${v} of ${count()}`, onInput: () => { halt(); tell(); } });
  const play = button(lab, "Play", () => (playing ? halt() : start()));

  const tree = el("svg", { role: "img", "aria-label": "The tree of all branches that were ever kept" });
  const scroll = el("div", { class: "rl-beam", tabindex: 0, role: "group", "aria-label": "The tree",
    "data-lm-suppress-shortcuts": "true" }, tree);
  const table = el("table", { class: "rl-found" });
  const caption = el("div", { class: "rl-caption" });
  lab.picture.append(scroll, caption, table);
  tree.numbers = () => [["turn", "rank", "text", "probability", "log-probability"], ...all().map((n) =>
    [1 + data.turns.flat(n), 1 + data.rows.flat(n), textOf(n), data.probabilities.flat(n), data.totals.flat(n)])];

  /** The nodes from the prompt to one of them. @param {number} n */
  function path(n) {
    const nodes = [];
    for (let at = n; at >= 0; at = data.parents.flat(at)) nodes.unshift(at);
    return nodes;
  }
  const textOf = (/** @type {number} */ n) => path(n).map((at) => data.words[at]).join(" ");
  function start() {
    if (turn.value === count()) turn.value = 0;
    play.textContent = "Pause";
    playing = setInterval(() => {
      turn.value += 1;
      if (turn.value === count()) { halt(); tell(); }
      lab.redraw();
    }, PACE);
  }
  function halt() {
    clearInterval(playing);
    playing = 0;
    play.textContent = "Play";
  }
  function tell() {
    const now = turn.value - 1;
    if (now < 0) { lab.say("Before the first turn there is only the prompt."); return; }
    const here = all().filter((n) => data.turns.flat(n) === now);
    const dropped = all().filter((n) => data.turns.flat(n) === now - 1 && data.last.flat(n) < now);
    const lost = dropped.length ? ` Dropped: ${dropped.map((n) => `“${data.words[n]}”`).join(", ")}.` : "";
    const beaten = dropped.some((n) => data.greedy.flat(n)) ? " With it goes what greedy says." : "";
    const [best] = here;
    const many = here.length === 1 ? "one text goes" : `${here.length} texts go`;
    lab.say(`Turn ${now + 1}: ${many} on; the likeliest is “${textOf(best)}”, log-probability ${
      log(data.totals.flat(best))}.${lost}${beaten}`);
  }

  let built = 0; // for which width the tree was built
  /** @type {{ group: SVGGElement, link: SVGPathElement, name: SVGTextElement }[]} */
  let nodes = []; // of the tree
  /** @type {number[]} */
  let ends = []; // of the turns, in pixels
  /** Every node and link once, where it belongs; what can be seen is told by `paint`. */
  function build() {
    const turns = count();
    const columns = Array.from({ length: turns }, (_, t) =>
      widest(all().filter((n) => data.turns.flat(n) === t).map((n) => data.words[n]), LONGEST));
    const room = (lab.width - LEFT - 8 - columns.reduce((sum, w) => sum + w, 0)) / turns;
    const gap = Math.min(Math.max(room, LINK[0]), LINK[1]);
    /** @type {number[]} */
    const starts = [];
    columns.reduce((x, w, t) => { starts[t] = x + gap; return x + gap + w; }, LEFT);
    ends = starts.map((x, t) => x + columns[t]);
    const ranks = 1 + all().reduce((most, n) => Math.max(most, data.rows.flat(n)), 0);
    const y = (/** @type {number} */ n) => HEAD + PITCH * (n < 0 ? 0 : data.rows.flat(n)) + 16;
    const heads = starts.map((x, t) => el("text", { class: "rl-tick", x: x + columns[t] / 2, y: 10,
      "text-anchor": "middle" }, String(t + 1)));
    nodes = data.words.map((word, n) => {
      const [t, parent] = [data.turns.flat(n), data.parents.flat(n)];
      const from = parent < 0 ? LEFT : ends[t - 1];
      const [x0, y0, x1, y1] = [from + 2, y(parent), starts[t] - 4, y(n)];
      const bend = (x1 - x0) / 2;
      const p = data.probabilities.flat(n);
      const link = el("path", { d: `M${x0} ${y0}C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}`, fill: "none",
        "stroke-width": 1 + 5 * p, pathLength: 1 });
      const name = el("text", { x: starts[t] + columns[t] / 2, y: y(n), "text-anchor": "middle",
        "dominant-baseline": "central" }, shortened(word, LONGEST - 2));
      const chance = el("text", { class: "rl-tick rl-figures", x: starts[t] + columns[t] / 2, y: y(n) + 18,
        "text-anchor": "middle", "dominant-baseline": "central" }, share(p) || "<0.01");
      const group = el("g", { class: "rl-branch" }, el("title", {}, `${textOf(n)}: probability of the last word ${
        number(p, 3)}, log-probability ${number(data.totals.flat(n))}`), link, name, chance);
      return { group, link, name };
    });
    const place = { x: LEFT - 4, y: y(-1), "text-anchor": "end", "dominant-baseline": "central" };
    const labels = [el("text", { class: "rl-tick", x: LEFT - 4, y: 10, "text-anchor": "end" }, "turn"),
      el("text", place, "prompt")];
    tree.replaceChildren(...heads, ...labels, ...nodes.map(({ group }) => group));
    put(tree, { width: ends[turns - 1] + 8, height: HEAD + PITCH * ranks });
    built = lab.width;
  }
  function paint(/** @type {import("./lab.js").Theme} */ theme) {
    if (built !== lab.width) build();
    const now = turn.value - 1;
    const done = now === count() - 1;
    const said = new Set(done ? path(data.hypotheses[0].node) : []);
    nodes.forEach(({ group, link, name }, n) => {
      const there = data.turns.flat(n) <= now;
      const alive = data.last.flat(n) >= now;
      group.classList.toggle("rl-hidden", !there);
      group.classList.toggle("rl-dropped", there && !alive);
      link.setAttribute("stroke", alive ? theme.accent : theme.before);
      name.setAttribute("class", said.has(n) ? "rl-chosen" : alive ? "rl-word" : "");
      name.classList.toggle("rl-greedy", Boolean(data.greedy.flat(n)));
    });
    const right = now < 0 ? 0 : ends[now] + 12;
    if (right > scroll.scrollLeft + scroll.clientWidth || right < scroll.scrollLeft + scroll.clientWidth / 2) {
      scroll.scrollTo({ left: right - scroll.clientWidth, behavior: moves() ? "smooth" : "auto" });
    }
    /** @type {(tag: "td" | "th", ...texts: string[]) => HTMLTableRowElement} */
    const cells = (tag, ...texts) => el("tr", {}, ...texts.map((cell) => el(tag, {}, cell)));
    /** @type {(label: string, found: Hypothesis) => HTMLTableRowElement} */
    const row = (label, { node, text: words, log_probability, score }) => {
      const found = node < 0 ? done : data.turns.flat(node) <= now;
      const line = cells("td", label, words, log(log_probability), log(score));
      line.classList.toggle("rl-hidden", !found);
      return line;
    };
    const best = data.hypotheses.map((each, k) => row(String(k + 1), each));
    if (done) best[0].classList.add("rl-best");
    const greedy = row("greedy", data.greedily);
    greedy.classList.remove("rl-hidden");
    table.replaceChildren(el("thead", {}, cells("th", "place", "text", "log-probability", "score")),
      el("tbody", {}, ...best, greedy));
  }

  lab.onData((next) => {
    halt();
    data = next;
    text.value = data.text;
    width.value = data.width - 1;
    turn.max = count();
    turn.value = count();
    caption.textContent = `What was found, by its score: the log-probability, divided by the number of words${
      data.length_penalty === 1 ? "" : ` to the power of ${data.length_penalty}`}`;
    built = 0;
  });
  lab.onDraw(paint);
  return () => { halt(); lab.close(); };
}

export default { render };
