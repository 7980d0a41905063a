// A query and a key, every pair of their numbers turned by where they stand: only the distance counts.
import { el, number, pointIn, slider, stage, vary } from "./lab.js";
import { lineChart } from "./chart.js";
import { scored } from "./rotary.js";

const SIDES = [110, 220]; // of a pair's circle, in pixels
const LANE = 66; // height of the line of positions
const MOST = 8; // pairs that are drawn

/** @typedef {import("./lab.js").Theme} Theme */
/** @typedef {ReturnType<typeof scored>} Found */

/**
 * What rotation.py sends: two vectors, the base of their angles, the positions of the query and of the key, the last
 * position.
 * @typedef {{ query: number[], key: number[], base: number, places: number[], last: number }} Data
 */

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Drag the query, the key, or the bar between them along the line, and every pair of "
    + "their numbers turns. The curve is the score at each distance; a click on it moves the key.");
  const { query, key, base, last, places: first } = model.get("data"); // plain numbers, which nothing changes
  const places = [...first];

  const move = (/** @type {number} */ which, /** @type {number} */ to) => {
    places[which] = to;
    if (places[1] > places[0]) places[1 - which] = to; // no query sees a key that comes later
    settle();
    tell();
  };
  const at = slider(lab, "Query at", { max: last, onInput: (v) => move(0, v) });
  const seen = slider(lab, "Key at", { max: last, onInput: (v) => move(1, v) });
  const both = slider(lab, "Both, at the same distance", { max: last, onInput: (v) => shift(v),
    show: (v) => `key ${v}` });

  const lane = el("svg", { role: "img", class: "rl-lane rl-untried", height: LANE,
    "aria-label": "The line of positions, with the key and the query on it" });
  const pairs = el("div", { class: "rl-columns rl-near" });
  const caption = el("div", { class: "rl-caption rl-figures rl-long" });
  const curve = el("div", { class: "rl-caption" }, "Score at each distance");
  const plot = el("div");
  lab.picture.append(lane, caption, pairs, curve, plot);
  const chart = lineChart(plot, "The score at each distance", (distance) => move(1, Math.max(0, places[0] - distance)));
  const dials = Array.from({ length: Math.min(MOST, query.length / 2) }, (_, i) => dial(i));
  pairs.append(...dials.map(({ node }) => node));

  function settle() {
    [at.value, seen.value] = places;
    both.max = last - (places[0] - places[1]);
    both.value = places[1];
  }
  function shift(/** @type {number} */ to) {
    const distance = places[0] - places[1];
    const low = Math.min(Math.max(to, 0), last - distance);
    places.splice(0, 2, low + distance, low);
    settle();
    tell();
  }
  const found = () => scored(query, key, places, base);
  function tell() {
    lab.say(`Query at ${places[0]}, key at ${places[1]}: distance ${places[0] - places[1]}, score `
      + `${number(found().score, 4)}.`);
  }

  /** The circle of a pair: pale arrows as at position 0, full ones as turned. @param {number} i */
  function dial(i) {
    const svg = el("svg", { role: "img" });
    const text = el("div", { class: "rl-caption rl-figures rl-close" });
    const node = el("div", { class: "rl-dial" }, svg, text);
    const longest = Math.max(Math.hypot(query[2 * i], query[2 * i + 1]), Math.hypot(key[2 * i], key[2 * i + 1]), 1e-9);
    /** @type {(tip: number[], frame: number[], colour: string, width: number, opacity: number) => Node[]} */
    const arrow = ([x, y], [half, reach], colour, width, opacity) => {
      const [tx, ty] = [half + reach * x / longest, half - reach * y / longest];
      return [el("line", { x1: half, y1: half, x2: tx, y2: ty, stroke: colour, "stroke-width": width,
        "stroke-opacity": opacity, "stroke-linecap": "round" }),
      el("circle", { cx: tx, cy: ty, r: width + 1.5, fill: colour, "fill-opacity": opacity })];
    };
    return { node, draw(/** @type {Theme} */ theme, /** @type {Found} */ { q, k, parts }) {
      const of = (/** @type {number[]} */ vector) => [vector[2 * i], vector[2 * i + 1]];
      const key2 = theme.categories[1];
      const side = Math.min(Math.max(lab.width / dials.length - 16, SIDES[0]), SIDES[1]);
      const [half, reach] = [side / 2, side / 2 - 16];
      const frame = [half, reach];
      vary(node, { side: `${side}px` });
      for (const name of ["width", "height"]) svg.setAttribute(name, String(side));
      svg.replaceChildren(
        el("circle", { cx: half, cy: half, r: reach, fill: "none", stroke: theme.line }),
        ...arrow(of(query), frame, theme.accent, 2, 0.25), ...arrow(of(key), frame, key2, 2, 0.25),
        ...arrow(of(q), frame, theme.accent, 3, 1), ...arrow(of(k), frame, key2, 3, 1),
      );
      svg.setAttribute("aria-label", `Pair ${i + 1}, turned by the positions`);
      const a = base ** (-2 * i / query.length);
      text.textContent = `Pair ${i + 1}: ${number(a, 3)} rad a step; adds ${parts[i].toFixed(2).replace("-", "−")}`;
    } };
  }
  const untried = () => lane.classList.contains("rl-untried");
  const laneWidth = () => Math.max(lab.width, 240);
  const placeOf = (/** @type {MouseEvent} */ event) => (pointIn(lane, event)[0] - 24) / (laneWidth() - 48) * last;
  function drawLane(/** @type {Theme} */ theme) {
    const x = (/** @type {number} */ place) => 24 + (place / last) * (laneWidth() - 48);
    /** @type {(place: number, colour: string, name: string, dy: number) => Node[]} */
    const knob = (place, colour, name, dy) => [
      el("circle", { cx: x(place), cy: 30, r: 9, fill: colour, class: "rl-sideways" }),
      ...(untried() ? [el("circle", { class: "rl-cursor", cx: x(place), cy: 30, r: 9 })] : []),
      el("text", { x: x(place), y: dy, "text-anchor": "middle", class: "rl-word" }, name),
    ];
    lane.replaceChildren(
      el("line", { x1: x(0), x2: x(last), y1: 30, y2: 30, stroke: theme.line, "stroke-width": 2 }),
      el("line", { x1: x(places[1]), x2: x(places[0]), y1: 30, y2: 30, stroke: theme.before, "stroke-width": 8,
        class: "rl-grabbed" }),
      ...knob(places[1], theme.categories[1], `key ${places[1]}`, 60), ...knob(places[0], theme.accent,
        `query ${places[0]}`, 14),
    );
  }
  /** @type {{ which: number } | { which: "both", from: number } | null} */
  let held = null; // what is dragged
  lane.addEventListener("pointerdown", (event) => {
    lane.classList.remove("rl-untried");
    const place = placeOf(event);
    const reach = 14 / Math.max(lab.width - 48, 1) * last;
    const near = [0, 1].filter((which) => Math.abs(places[which] - place) < reach)
      .sort((a, b) => Math.abs(places[a] - place) - Math.abs(places[b] - place));
    const between = place > places[1] && place < places[0];
    held = near.length ? { which: near[0] } : between ? { which: "both", from: place - places[1] } : { which: 0 };
    lane.setPointerCapture(event.pointerId);
    drag(event);
  });
  const drag = (/** @type {MouseEvent} */ event) => {
    if (!held) return;
    const place = placeOf(event);
    if (held.which === "both") shift(Math.round(place - held.from));
    else move(held.which, Math.min(Math.max(Math.round(place), 0), last));
    lab.redraw();
  };
  lane.addEventListener("pointermove", drag);
  for (const end of ["pointerup", "pointercancel"]) lane.addEventListener(end, () => { held = null; });

  settle();
  lab.onData(() => {});
  lab.onDraw((theme) => {
    const now = found();
    drawLane(theme);
    dials.forEach(({ draw }) => draw(theme, now));
    caption.replaceChildren("Blue: the query; orange: the key; pale: at position 0. Score q·k / √h = ",
      el("strong", {}, now.score.toFixed(3).replace("-", "−")), `, distance ${places[0] - places[1]}`
        + (query.length > 2 * MOST ? `. The first ${MOST} of ${query.length / 2} pairs.` : ""));
    const values = Array.from({ length: last + 1 }, (_, d) => scored(query, key, [d, 0], base).score);
    const [low, high] = [Math.min(...values, 0), Math.max(...values, 0)];
    chart.draw(theme, { series: [{ steps: values.map((_, d) => d), name: "score", values, colour: theme.accent }],
      low: low - 0.05 * (high - low), high: high + 0.05 * (high - low), at: places[0] - places[1], tall: 130,
      unit: "distance" });
  });
  return lab.close;
}

export default { render };
