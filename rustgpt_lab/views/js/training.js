// A training session: the kernel sends what is new, the browser draws; the controls ask the kernel.
import { button, el, menu, number, slider, stage } from "./lab.js";
import { legend, lineChart } from "./chart.js";
import { grid, nearest, smooth } from "./scale.js";

const RATES = grid(-6, 0);
const THRESHOLDS = grid(-4, 2);
const TYPICAL = { l2: 1, agc: 0.01, adaptive: 0.01 };
const BETAS = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99];
const SHOWN = 8; // sample answers

function time(seconds) {
  if (seconds === null) return "–";
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function render({ model, el: root }) {
  const lab = stage(model, root, "Start it, change its rate while it runs, pause it; Moment goes back over the steps.");
  lab.needsKernel();
  let run = { place: 0 };
  let [step, loss, rates] = [[], [], []];
  const running = () => run.state === "running";
  const go = button(lab, "Start", () => lab.ask({ do: running() ? "pause" : "start" }));
  const one = button(lab, "One step", () => lab.ask({ do: "step" }));
  const stop = button(lab, "Stop", () => lab.ask({ do: "stop" }));
  const moment = slider(lab, "Moment", { max: 0, show: (i) => `step ${step[i] ?? 0}`, onInput: () => tell() });
  const back = button(lab, "Rewind to it", () => lab.ask({ do: "rewind", step: step[moment.value] }));
  const smoothing = slider(lab, "Smoothing", { max: BETAS.length - 1, value: 3, show: (i) => String(BETAS[i]) });
  const rate = slider(lab, "Learning rate", { max: RATES.length - 1, show: (i) => number(RATES[i]) });
  const methods = { given: "as it was given", none: "none", ...model.get("data").methods };
  const method = menu(lab, "Clipping", methods, (chosen) => {
    threshold.node.hidden = !(chosen in TYPICAL);
    if (chosen in TYPICAL) threshold.value = nearest(THRESHOLDS, TYPICAL[chosen], true);
    clip();
  });
  const threshold = slider(lab, "Threshold", { max: THRESHOLDS.length - 1, show: (i) => number(THRESHOLDS[i]) });
  threshold.node.hidden = true;
  const clip = () => lab.ask({ do: "clip", method: method.value, threshold: THRESHOLDS[threshold.value] });
  rate.node.addEventListener("change", () => lab.ask({ do: "rate", rate: RATES[rate.value] }));
  threshold.node.addEventListener("change", clip);

  const tiles = el("div", { class: "rl-tiles rl-figures", style: "display:grid;margin:0 0 12px;gap:8px 12px;"
    + "grid-template-columns:repeat(auto-fit,minmax(200px,1fr))" });
  const [left, right] = [el("div", { style: "flex:2 1 380px" }), el("div", { style: "flex:1 1 250px" })];
  lab.picture.append(tiles, el("div", { class: "rl-columns" }, left, right));
  const pick = (i) => { moment.value = i; tell(); lab.redraw(); };
  const part = (label, caption) => {
    const head = el("div", { class: "rl-caption", style: "margin:4px 0 0" }, caption);
    const node = el("div");
    left.append(head, node);
    return { head, chart: lineChart(node, label, pick) };
  };
  const upper = part("The loss over the steps", "Loss, in nats");
  const lower = part("The learning rate over the steps", "Learning rate");
  const caption = el("div", { class: "rl-caption", style: "margin-top:4px" });
  const answers = el("ol", { style: "list-style:none;margin:0;padding:0" });
  right.append(caption, answers);

  const tile = (name, value) => el("div", {}, el("div", { class: "rl-caption", style: "margin:0" }, name),
    el("div", { style: "font-size:14px;font-weight:600" }, value));
  const whole = (count) => Math.round(count).toLocaleString("en");
  const smoothed = () => smooth(loss, BETAS[smoothing.value]);

  function tell() {
    const i = moment.value;
    if (!step.length) return;
    const average = number(smoothed()[i], 3);
    lab.say(`Step ${step[i]}: a loss of ${number(loss[i], 3)} (smoothed ${average}) at a learning rate of `
      + `${number(rates[i], 3)}.`);
  }
  /** Take over the status, and stay at the last moment if that was shown. */
  function follow(change) {
    const atEnd = moment.value >= step.length - 1;
    const before = run.state;
    change();
    moment.max = Math.max(step.length - 1, 0);
    moment.value = atEnd ? Math.max(step.length - 1, 0) : Math.min(moment.value, step.length - 1);
    const dragged = running() && rate.node.contains(document.activeElement);
    if (!dragged) rate.value = nearest(RATES, run.next_rate, true);
    go.textContent = running() ? "Pause" : "Start";
    const over = ["finished", "stopped", "failed"].includes(run.state);
    for (const node of [go, one, stop]) {
      node.setAttribute("aria-disabled", over);
      node.style.opacity = over ? 0.5 : "";
    }
    if (before !== undefined && before !== run.state) {
      lab.say(run.error ? `Failed: ${run.error}` : `The session is ${run.state}.`);
    }
  }
  function listAnswers() {
    const all = run.samples;
    const at = step[moment.value] ?? 0;
    const chosen = all.findLastIndex((sample) => sample.step <= at);
    const every = Math.ceil(all.length / SHOWN);
    const shown = all.filter((_, i) => i === chosen || (all.length - 1 - i) % every === 0);
    caption.textContent = `What the model answers to “${run.prompt}”`;
    answers.replaceChildren(...shown.map((sample) => el("li",
      { style: "display:grid;grid-template-columns:76px 1fr;gap:8px;padding:3px 0;border-top:1px solid var(--rl-line);"
        + (sample === all[chosen] ? "font-weight:600" : "") },
      el("span", { class: "rl-figures", style: "color:var(--rl-muted)" }, `step ${sample.step}`),
      el("span", { style: "overflow-wrap:anywhere" }, sample.answer))));
  }

  lab.onData((next) => follow(() => {
    const { rows, ...status } = next;
    run = status;
    [step, loss, rates] = [0, 1, 2].map((c) => Array.from({ length: rows.shape[0] }, (_, i) => rows.at(i, c)));
  }));
  model.on("msg:custom", ({ since, status }, [buffer]) => {
    if (since > run.place) { lab.ask({ do: "show" }); return; } // some messages were lost
    const bytes = buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);
    const rows = new Float32Array(bytes);
    follow(() => {
      const kept = step.findLastIndex((s) => s <= since) + 1;
      [step, loss, rates].forEach((list, c) => {
        list.length = kept;
        for (let i = c; i < rows.length; i += 3) list.push(rows[i]);
      });
      const samples = [...run.samples.filter((sample) => sample.step <= since), ...status.samples];
      run = { ...status, samples };
    });
    lab.redraw();
  });
  lab.onDraw((theme) => {
    const at = step.length ? moment.value : undefined;
    const line = smoothed();
    const series = [
      { name: "each batch", values: loss, colour: theme.accent, width: 1, opacity: 0.4 },
      { name: `smoothed, ${BETAS[smoothing.value]}`, values: line, colour: theme.accent },
    ];
    tiles.replaceChildren(
      tile("State", run.state),
      tile("Step", `${whole(run.place)} of ${whole(run.total)}`),
      tile("Epoch", `${whole(run.epoch)} of ${whole(run.epochs)}`),
      tile("Smoothed loss", line.length ? number(line.at(-1), 3) : "–"),
      tile("Learning rate", number(run.next_rate, 3)),
      tile("Clipping", run.clipping),
      tile("Tokens a second", run.speed ? whole(run.speed) : "–"),
      tile("Time left", time(run.left)),
    );
    const high = Math.max(...loss, 1e-9);
    upper.head.replaceChildren("Loss, in nats", legend(series));
    upper.chart.draw(theme, { steps: step, series, low: 0, high, at, tall: 190 });
    lower.chart.draw(theme, { steps: step, series: [{ values: rates, colour: theme.accent }], low: 0,
      high: Math.max(...rates, 1e-9) * 1.1, at, tall: 60 });
    back.hidden = step.length < 2;
    listAnswers();
  });
  lab.ask({ do: "show" }); // the data that came with the page may be old
  return lab.close;
}

export default { render };
