// A training session and its branches: the kernel sends what is new, the browser draws; the controls ask the kernel.
import { button, columnOf, el, menu, number, slider, stage, toggle } from "./lab.js";
import { legend, lineChart } from "./chart.js";
import { comparison } from "./comparison.js";
import { grid, nearest } from "./scale.js";

const RATES = grid(-6, 0);
const THRESHOLDS = grid(-4, 2);
const PACES = [1, 2, 5, 10, 20, 50, 100, 200, Infinity]; // steps a second
const TYPICAL = { l2: 1, agc: 0.01, adaptive: 0.01 };
const MOST = 8192; // steps of one branch; then the kernel, which keeps fewer of a long run, is asked for all
const SHOWN = 8; // sample answers
const OVER = ["finished", "stopped", "failed"];

function time(seconds) {
  if (seconds === null) return "–";
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** What a branch's steps are made of: rows of step, loss, rate and the averages, as columns. */
function columns(count, at) {
  return Array.from({ length: count.columns }, (_, c) => Array.from({ length: count.rows }, (__, i) => at(i, c)));
}

function render({ model, el: root }) {
  const lab = stage(model, root, "Start it, change its rate while it runs, pause it. Moment goes back over the steps: "
    + "the run can be taken back there, or a second one be forked.");
  lab.needsKernel();
  let runs = [];
  let chosen = 0;
  let compared = null;
  const run = () => runs[chosen];
  const running = () => run().state === "running";
  const begins = () => run()?.begins ?? 0;
  const step = () => begins() + moment.value;
  const ask = (question) => lab.ask({ run: chosen, ...question });

  const which = menu(lab, "Run", {}, (value) => { chosen = Number(value); settle(true); look(); });
  const go = button(lab, "Start", () => ask({ do: running() ? "pause" : "start" }));
  const single = button(lab, "One step", () => ask({ do: "step" }));
  const stop = button(lab, "Stop", () => ask({ do: "stop" }));
  const pace = slider(lab, "Pace", { max: PACES.length - 1, value: PACES.length - 1,
    show: (i) => (PACES[i] === Infinity ? "as fast as it can" : `${PACES[i]} steps a second`) });
  const rate = slider(lab, "Learning rate", { max: RATES.length - 1, show: (i) => number(RATES[i]) });
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
  let asked = null; // the branch with which a comparison was asked for

  const tiles = el("div", { class: "rl-tiles rl-figures" });
  const advice = el("div", { class: "rl-caption rl-advice" });
  const [left, side] = [columnOf(2, 380), columnOf(1, 250)];
  const below = el("div");
  lab.picture.append(tiles, advice, el("div", { class: "rl-columns" }, left, side), below);
  const beside = comparison(below);
  const pick = (s) => { moment.value = Math.max(s - begins(), 0); tell(); lab.redraw(); look(); };
  const part = (label, caption) => {
    const head = el("div", { class: "rl-caption rl-head-of" }, caption);
    const node = el("div");
    left.append(head, node);
    return { head, chart: lineChart(node, label, pick) };
  };
  const upper = part("The loss over the steps", "Loss, in nats");
  const lower = part("The learning rate over the steps", "Learning rate");
  const caption = el("div", { class: "rl-caption" });
  const answers = el("ol", { class: "rl-samples" });
  side.append(caption, answers);

  const tile = (name, value) => el("div", {}, el("div", { class: "rl-caption rl-close" }, name),
    el("div", { class: "rl-told" }, value));
  const whole = (count) => Math.round(count).toLocaleString("en");
  const smoothed = ({ table }) => table[smoothing.value ? 2 + smoothing.value : 1];

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
  /** Bring the controls in line with the branch that is driven; at its last moment if that is wanted. */
  function settle(atEnd) {
    const { state, place, next_rate: next, error } = run();
    const kept = step();
    moment.max = place - begins();
    moment.value = (atEnd ? place : Math.max(Math.min(kept, place), begins())) - begins();
    const focus = document.activeElement;
    if (!rate.node.contains(focus) || !running()) rate.value = nearest(RATES, next, true);
    if (!pace.node.contains(focus)) pace.value = run().pace ? nearest(PACES, run().pace, true) : PACES.length - 1;
    go.textContent = running() ? "Pause" : "Start";
    const over = OVER.includes(state);
    for (const node of [go, single, stop]) {
      node.setAttribute("aria-disabled", over);
    }
    back.hidden = fork.hidden = moment.node.hidden;
    const fails = error ? `It failed: ${error} ` : "";
    advice.textContent = over ? `${fails}This run is ${state}. Choose a moment and rewind to it: it goes on from there.`
      : "";
    advice.hidden = !over;
    options(which, runs.map(({ label }, i) => [i, label]), chosen);
    options(other, [["", "–"], ...runs.map(({ label }, i) => [i, label]).filter(([i]) => i !== chosen)], other.value);
    which.node.hidden = other.node.hidden = runs.length < 2;
  }
  /** Give a menu other options, if they are others. */
  function options(control, pairs, value) {
    const select = control.node.querySelector("select");
    const key = JSON.stringify(pairs);
    if (select.dataset.key !== key) {
      select.dataset.key = key;
      select.replaceChildren(...pairs.map(([v, label]) => el("option", { value: v }, label)));
    }
    control.value = pairs.some(([v]) => String(v) === String(value)) ? value : pairs[0][0];
  }
  /** Take over what is new, and stay at the last moment if that was shown. */
  function follow(change) {
    const atEnd = !runs.length || step() >= run().place;
    const [before, place, at] = runs.length ? [run().state, run().place, chosen] : [];
    change();
    settle(atEnd || at !== chosen);
    if (at === chosen && run().place < place) {
      for (const { chart } of [upper, lower]) chart.travel();
    }
    if (before !== undefined && at === chosen && before !== run().state) lab.say(`The session is ${run().state}.`);
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
    runs = next.runs.map(({ rows, ...status }) => ({ ...status,
      table: columns({ rows: rows.shape[0], columns: rows.shape[1] }, (i, c) => rows.at(i, c)) }));
    chosen = next.chosen;
    compared = next.comparison && { ...next.comparison, beside: asked };
  }));
  model.on("msg:custom", ({ run: k, since, status }, [buffer]) => {
    const old = runs[k];
    if (!old || since > old.place || old.table[0].length > MOST) { // some messages were lost; or it is a long run
      ask({ do: "show" });
      return;
    }
    const bytes = buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);
    const rows = new Float32Array(bytes);
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
    const colour = (k) => (several ? theme.categories[k] : theme.accent);
    const beta = betas[smoothing.value];
    const strong = runs.map((branch, k) => ({ name: branch.label, label: several && branch.label, colour: colour(k),
      steps: branch.table[0], values: smoothed(branch), width: k === chosen ? 2.5 : 1.8 }));
    const each = { name: "each batch", steps: run().table[0], values: run().table[1], colour: colour(chosen),
      width: 1, opacity: 0.35 };
    const series = [each, ...strong];
    const values = series.flatMap((line) => line.values).filter(Number.isFinite);
    const high = values.reduce((a, b) => Math.max(a, b), 1e-9);
    const low = values.reduce((a, b) => Math.min(a, b), high);
    const current = run();
    const average = smoothed(current);
    tiles.replaceChildren(
      tile("State", current.state),
      tile("Step", `${whole(current.place)} of ${whole(current.total)}`),
      tile("Epoch", `${whole(current.epoch)} of ${whole(current.epochs)}`),
      tile("Smoothed loss", average.length ? number(average.at(-1), 3) : "–"),
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
