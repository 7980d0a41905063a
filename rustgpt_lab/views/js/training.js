// A training session and its branches: the kernel sends what is new, the browser draws; the controls ask the kernel.
import { button, columnOf, el, menu, number, slider, stage, toggle } from "./lab.js";
import { legend, lineChart } from "./chart.js";
import { comparison } from "./comparison.js";
import { bytesOf } from "./packing.js";
import { grid, nearest } from "./scale.js";

const RATES = grid(-6, 0);
const THRESHOLDS = grid(-4, 2);
const PACES = [1, 2, 5, 10, 20, 50, 100, 200, Infinity]; // steps a second
/** @type {Record<string, number>} */
const TYPICAL = { l2: 1, agc: 0.01, adaptive: 0.01 };
const MOST = 8192; // steps of one branch; then the kernel, which keeps fewer of a long run, is asked for all
const SHOWN = 8; // sample answers
const OVER = ["finished", "stopped", "failed"];

/** @typedef {import("./comparison.js").Comparison} Comparison */

/**
 * What is told of a branch beside its steps: where it begins and is, the words that it reads a second, the seconds that
 * are left, at most how many steps it takes a second, and what the model answered after some of them.
 * @typedef {{ label: string, begins: number, place: number, total: number, epoch: number, epochs: number,
 *   state: string, speed: number, left: number?, pace: number?, next_rate: number, clipping: string, error: string,
 *   samples: { step: number, answer: string }[] }} Status
 */
/** A message between: a branch's steps after `since`. @typedef {{ run: number, since: number, status: Status }} News */
/**
 * What training.py sends: all branches, each with rows of step, loss, rate and the averages by `smoothings`; which one
 * is driven; the clippings that there are; and two of them compared `at` a step, if that was asked for.
 * @typedef {{ runs: (Status & { rows: import("./packing.js").Tensor })[], chosen: number, prompt: string,
 *   methods: Record<string, string>, smoothings: number[], comparison: (Comparison & { at: number })? }} Data
 */
/** A branch as it is kept here, its rows as columns. @typedef {Status & { table: number[][] }} Run */

/** @param {number?} seconds */
function time(seconds) {
  if (seconds === null) return "–";
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The columns of a table of rows. @param {import("./packing.js").Tensor} rows */
function columns({ shape, at }) {
  return Array.from({ length: shape[1] }, (_, c) => Array.from({ length: shape[0] }, (__, i) => at(i, c)));
}

/** @param {import("./lab.js").Card<Data>} card */
function render({ model, el: root }) {
  const lab = stage(model, root, "Start it, change its rate while it runs, pause it. Moment goes back over the steps: "
    + "the run can be taken back there, or a second one be forked.");
  lab.needsKernel();
  /** @type {Run[]} */
  let runs = [];
  let chosen = 0;
  /** @type {Comparison & { at: number, beside: number? } | null} */
  let compared = null;
  const run = () => runs[chosen];
  const running = () => run().state === "running";
  const begins = () => run()?.begins ?? 0;
  const step = () => begins() + moment.value;
  const ask = (/** @type {{ do: string, [more: string]: unknown }} */ question) =>
    lab.ask({ run: chosen, ...question });

  const which = menu(lab, "Run", {}, (value) => { chosen = Number(value); settle(true); look(); });
  const go = button(lab, "Start", () => ask({ do: running() ? "pause" : "start" }));
  const single = button(lab, "One step", () => ask({ do: "step" }));
  const stop = button(lab, "Stop", () => ask({ do: "stop" }));
  const pace = slider(lab, "Pace", { max: PACES.length - 1, value: PACES.length - 1,
    show: (i) => (PACES[i] === Infinity ? "as fast as it can" : `${PACES[i]} steps a second`) });
  const rate = slider(lab, "Learning rate", { max: RATES.length - 1, show: (i) => number(RATES[i]) });
  /** @type {Record<string, string>} */
  const methods = { given: "as at the start", none: "none", ...model.get("data").methods };
  const method = menu(lab, "Clipping", methods, (value) => {
    threshold.node.hidden = !(value in TYPICAL);
    if (value in TYPICAL) threshold.value = nearest(THRESHOLDS, TYPICAL[value], true);
    clip();
  });
  const threshold = slider(lab, "Threshold", { max: THRESHOLDS.length - 1, show: (i) => number(THRESHOLDS[i]) });
  threshold.node.hidden = true;
  const clip = () => ask({ do: "clip", method: method.value, threshold: THRESHOLDS[threshold.value] });
  const moment = slider(lab, "Moment", { max: 0, show: (i) => `after step ${(begins() + i).toLocaleString("en")}`,
    onInput: () => tell() });
  const back = button(lab, "Rewind to it", () => ask({ do: "rewind", step: step() }));
  const fork = button(lab, "Fork there", () => ask({ do: "fork", step: step() }));
  const other = menu(lab, "Compare with", {}, () => look());
  const betas = [0, ...model.get("data").smoothings];
  const smoothing = slider(lab, "Smoothing", { max: betas.length - 1, value: 3, show: (i) => String(betas[i]) });
  const logSteps = toggle(lab, "Log steps");
  const logLoss = toggle(lab, "Log loss");
  pace.node.addEventListener("change", () => {
    ask({ do: "pace", pace: Number.isFinite(PACES[pace.value]) ? PACES[pace.value] : null });
  });
  rate.node.addEventListener("change", () => ask({ do: "rate", rate: RATES[rate.value] }));
  threshold.node.addEventListener("change", clip);
  moment.node.addEventListener("change", () => look());
  /** Ask what the model answered after the step that is shown, and how it compares there. */
  function look() {
    const beside = other.node.hidden || other.value === "" ? null : Number(other.value);
    const known = run().samples.some((sample) => sample.step === step());
    if (!known || beside !== (compared ? compared.beside : null) || (compared && compared.at !== step())) {
      asked = beside;
      ask({ do: "look", step: step(), with: beside });
    }
  }
  /** @type {number?} */
  let asked = null; // the branch with which a comparison was asked for

  const tiles = el("div", { class: "rl-tiles rl-figures" });
  const advice = el("div", { class: "rl-caption rl-advice" });
  const [left, side] = [columnOf(2, 380), columnOf(1, 250)];
  const below = el("div");
  lab.picture.append(tiles, advice, el("div", { class: "rl-columns" }, left, side), below);
  const beside = comparison(below);
  const pick = (/** @type {number} */ s) => { moment.value = Math.max(s - begins(), 0); tell(); lab.redraw(); look(); };
  const part = (/** @type {string} */ label, /** @type {string} */ title) => {
    const head = el("div", { class: "rl-caption rl-head-of" }, title);
    const node = el("div");
    left.append(head, node);
    return { head, chart: lineChart(node, label, pick) };
  };
  const upper = part("The loss over the steps", "Loss, in nats");
  const lower = part("The learning rate over the steps", "Learning rate");
  const caption = el("div", { class: "rl-caption" });
  const answers = el("ol", { class: "rl-samples" });
  side.append(caption, answers);

  const tile = (/** @type {string} */ name, /** @type {string} */ value) => el("div", {},
    el("div", { class: "rl-caption rl-close" }, name), el("div", { class: "rl-told" }, value));
  const whole = (/** @type {number} */ count) => Math.round(count).toLocaleString("en");
  const smoothed = (/** @type {Run} */ { table }) => table[smoothing.value ? 2 + smoothing.value : 1];

  function tell() {
    const [steps, losses, rates] = run().table;
    const i = steps.findLastIndex((s) => s <= step());
    if (i < 0) {
      lab.say(begins() ? `Step ${step()}: here it was forked.` : "Before the first step: nothing is learned yet.");
      return;
    }
    const kept = steps[i] === step() ? "" : ` (of the steps near it, ${steps[i]} was kept)`;
    lab.say(`Step ${step()}${kept}: a loss of ${number(losses[i], 3)} (smoothed ${number(smoothed(run())[i], 3)}) at a `
      + `learning rate of ${number(rates[i], 3)}.`);
  }
  /**
   * Bring the controls in line with the branch that is driven; at its last moment if that is wanted.
   * @param {boolean} atEnd
   */
  function settle(atEnd) {
    const { state, place, next_rate: next, pace: most, error } = run();
    const kept = step();
    moment.max = place - begins();
    moment.value = (atEnd ? place : Math.max(Math.min(kept, place), begins())) - begins();
    const focus = document.activeElement;
    if (!rate.node.contains(focus) || !running()) rate.value = nearest(RATES, next, true);
    if (!pace.node.contains(focus)) pace.value = most ? nearest(PACES, most, true) : PACES.length - 1;
    go.textContent = running() ? "Pause" : "Start";
    const over = OVER.includes(state);
    for (const node of [go, single, stop]) {
      node.setAttribute("aria-disabled", String(over));
    }
    back.hidden = fork.hidden = moment.node.hidden;
    const fails = error ? `It failed: ${error} ` : "";
    advice.textContent = over ? `${fails}This run is ${state}. Choose a moment and rewind to it: it goes on from there.`
      : "";
    advice.hidden = !over;
    const [all, own] = [runs.map(({ label }, i) => [String(i), label]), String(chosen)];
    options(which, all, own);
    options(other, [["", "–"], ...all.filter(([i]) => i !== own)], other.value);
    which.node.hidden = other.node.hidden = runs.length < 2;
  }
  /**
   * Give a menu other options, [value, label] each, if they are others.
   * @param {ReturnType<typeof menu>} control @param {string[][]} pairs @param {string} value
   */
  function options(control, pairs, value) {
    const select = /** @type {HTMLSelectElement} */ (control.node.querySelector("select"));
    const key = JSON.stringify(pairs);
    if (select.dataset.key !== key) {
      select.dataset.key = key;
      select.replaceChildren(...pairs.map(([v, label]) => el("option", { value: v }, label)));
    }
    control.value = pairs.some(([v]) => v === value) ? value : pairs[0][0];
  }
  /** Take over what is new, and stay at the last moment if that was shown. @param {() => void} change */
  function follow(change) {
    const [before, at] = [runs.at(chosen), chosen];
    const atEnd = !before || step() >= before.place;
    change();
    settle(atEnd || at !== chosen);
    if (!before || at !== chosen) return;
    if (run().place < before.place) {
      for (const { chart } of [upper, lower]) chart.travel();
    }
    if (run().state !== before.state) lab.say(`The session is ${run().state}.`);
    else if (step() < run().place) tell();
  }
  function listAnswers() {
    const all = run().samples;
    const last = running() && step() >= run().place; // then the newest answer may be of some steps ago
    const here = last ? all.at(-1) : all.find((sample) => sample.step === step()) ?? { step: step(), answer: "…" };
    const rest = all.filter((sample) => sample !== here && sample.step !== here?.step);
    const every = Math.ceil(rest.length / SHOWN);
    const shown = [...rest.filter((_, i) => (rest.length - 1 - i) % every === 0), ...(here ? [here] : [])]
      .sort((a, b) => a.step - b.step);
    caption.textContent = `What the model answers to “${model.get("data").prompt}”`;
    answers.replaceChildren(...shown.map((sample) => el("li",
      { "aria-current": sample === here ? "step" : false },
      el("span", { class: "rl-figures" }, `step ${sample.step}`), el("span", {}, sample.answer))));
  }

  lab.onData((next) => follow(() => {
    runs = next.runs.map(({ rows, ...status }) => ({ ...status, table: columns(rows) }));
    chosen = next.chosen;
    compared = next.comparison && { ...next.comparison, beside: asked };
  }));
  model.on("msg:custom", (/** @type {News} */ { run: k, since, status }, /** @type {DataView[]} */ [buffer]) => {
    const old = runs[k];
    if (!old || since > old.place || old.table[0].length > MOST) { // some messages were lost; or it is a long run
      ask({ do: "show" });
      return;
    }
    const rows = new Float32Array(bytesOf(buffer));
    follow(() => {
      const kept = old.table[0].findLastIndex((s) => s <= since) + 1;
      const width = old.table.length;
      const table = old.table.map((column, c) => {
        column.length = kept;
        for (let i = c; i < rows.length; i += width) column.push(rows[i]);
        return column;
      });
      const samples = [...old.samples.filter((sample) => sample.step <= since), ...status.samples];
      runs[k] = { ...status, table, samples };
    });
    lab.redraw();
  });
  lab.onDraw((theme) => {
    if (!runs.length) return;
    const several = runs.length > 1;
    const colour = (/** @type {number} */ k) => (several ? theme.categories[k] : theme.accent);
    const beta = betas[smoothing.value];
    const strong = runs.map((branch, k) => ({ name: branch.label, label: several ? branch.label : undefined,
      colour: colour(k), steps: branch.table[0], values: smoothed(branch), width: k === chosen ? 2.5 : 1.8 }));
    const each = { name: "each batch", steps: run().table[0], values: run().table[1], colour: colour(chosen),
      width: 1, opacity: 0.35 };
    /** @type {import("./chart.js").Line[]} */
    const series = [each, ...strong];
    const values = series.flatMap((line) => line.values).filter(Number.isFinite);
    const high = values.reduce((a, b) => Math.max(a, b), 1e-9);
    const low = values.reduce((a, b) => Math.min(a, b), high);
    const current = run();
    const average = smoothed(current).at(-1);
    tiles.replaceChildren(
      tile("State", current.state),
      tile("Step", `${whole(current.place)} of ${whole(current.total)}`),
      tile("Epoch", `${whole(current.epoch)} of ${whole(current.epochs)}`),
      tile("Smoothed loss", average === undefined ? "–" : number(average, 3)),
      tile("Learning rate", number(current.next_rate, 3)),
      tile("Clipping", current.clipping),
      tile("Words a second", current.speed ? whole(current.speed) : "–"),
      tile("Time left", time(current.left)),
    );
    const told = beta ? `smoothed over every step, ${beta}` : "not smoothed";
    upper.head.replaceChildren("Loss, in nats", legend([{ ...each, name: several ? `each batch, ${current.label}`
      : each.name }, { name: told, colour: colour(chosen) }]));
    const axes = { logSteps: logSteps.value, at: step() || undefined };
    const right = upper.chart.draw(theme, { ...axes, series, low: logLoss.value ? Math.max(low, 1e-6) : 0, high,
      log: logLoss.value && low > 0, tall: 260 });
    const rateLines = runs.map(({ label, table }, k) => ({ name: label, steps: table[0], values: table[2],
      colour: colour(k) }));
    const highest = rateLines.flatMap(({ values: all }) => all).reduce((a, b) => Math.max(a, b), 1e-9);
    lower.chart.draw(theme, { ...axes, series: rateLines, low: 0, high: 1.1 * highest, tall: 60, right });
    listAnswers();
    beside.draw(theme, compared);
  });
  ask({ do: "show" }); // the data that came with the page may be old
  return lab.close;
}

export default { render };
